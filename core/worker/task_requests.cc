#include "core/worker/task_requests.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/base/json.h"
#include "core/worker/client.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kRequestsMax = 100'000;
constexpr std::size_t kRequestsBytesMax = 256U << 20;

}  // namespace

Result<std::vector<Result<TaskRequest>>> read_task_requests(std::string_view json) {
  base::JsonLimits limits;
  limits.bytes_max = kRequestsBytesMax;
  if (auto checked = base::check_json(json, "requests", limits); !checked)
    return fail(checked.error());
  const simdjson::padded_string padded(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_array().get(array) != simdjson::SUCCESS)
    return fail(
        ErrorCode::kINVALID_ARGUMENT,
        fmt::format("requests is {}; expected an array of task requests", base::shown(json)),
        "requests");
  std::vector<Result<TaskRequest>> requests;
  for (auto element : array) {
    if (requests.size() == kRequestsMax)
      return fail(ErrorCode::kTOO_LARGE,
                  fmt::format("requests has more than {} elements", kRequestsMax), "requests");
    std::string_view text;
    simdjson::ondemand::value value;
    if (element.get(value) != simdjson::SUCCESS ||
        simdjson::to_json_string(value).get(text) != simdjson::SUCCESS)
      return fail(ErrorCode::kINVALID_JSON, "requests is not readable JSON", "requests");
    requests.push_back(read_task_request(text, fmt::format("requests[{}]", requests.size())));
  }
  return requests;
}

}  // namespace tasker::worker
