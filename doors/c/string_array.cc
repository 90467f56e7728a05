#include "doors/c/string_array.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/base/json.h"

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Result;

Result<std::vector<std::string>> read_string_array(std::string_view json, const char* name) {
  if (auto checked = base::check_json(json, name); !checked) return fail(checked.error());
  const simdjson::padded_string copy(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser.iterate(copy).get(document) != simdjson::SUCCESS ||
      document.get_array().get(array) != simdjson::SUCCESS)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is {}; expected an array of strings", name, base::shown(json)),
                name);
  std::vector<std::string> read;
  for (auto element : array) {
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
      const std::string field = fmt::format("{}[{}]", name, read.size());
      return fail(ErrorCode::kINVALID_ARGUMENT, fmt::format("{} is no string", field), field);
    }
    read.emplace_back(text);
  }
  return read;
}

}  // namespace tasker::c
