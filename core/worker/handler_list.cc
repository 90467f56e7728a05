#include "core/worker/handler_list.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/base/json_text.h"
#include "core/worker/json_members.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::JsonKind;
using base::Result;

namespace {

constexpr const char* kField = "callables_json";

Result<std::optional<std::uint32_t>> number_of(const JsonMembers& members, std::string_view name) {
  const JsonMember* member = members.find(name);
  if (member == nullptr) return std::optional<std::uint32_t>();
  const auto value = member->as_integer(0, std::numeric_limits<std::uint32_t>::max());
  if (!value) return fail(value.error());
  return std::optional(static_cast<std::uint32_t>(*value));
}

Result<HandlerSpec> read_object(std::string_view json, std::string_view path) {
  const auto members =
      JsonMembers::read(json, path, {"name", "executor", "max_concurrent", "deadline_ms", "why"});
  if (!members) return fail(members.error());
  HandlerSpec spec;
  const JsonMember* name = members->find("name");
  if (name == nullptr) {
    const std::string field = member_path(path, "name");
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is missing; the name of a handler is expected", field), field);
  }
  auto text = name->as_string();
  if (!text) return fail(text.error());
  spec.name = std::move(*text);
  if (const JsonMember* member = members->find("executor")) {
    const auto named = member->as_string();
    const auto executor = named ? parse_executor(*named) : std::nullopt;
    if (!executor) return fail(member->refusal("main, threads or process"));
    spec.executor = *executor;
  }
  if (const JsonMember* member = members->find("why")) {
    auto why = member->as_string();
    if (!why) return fail(why.error());
    spec.why = std::move(*why);
  }
  const auto limit = number_of(*members, "max_concurrent");
  if (!limit) return fail(limit.error());
  const auto deadline = number_of(*members, "deadline_ms");
  if (!deadline) return fail(deadline.error());
  spec.concurrent_max = *limit;
  spec.deadline_ms = *deadline;
  return spec;
}

Result<HandlerSpec> read_handler(std::string_view json, std::size_t index) {
  const std::string path = fmt::format("callables[{}]", index);
  switch (base::json_kind(json)) {
    case JsonKind::kString:
      return HandlerSpec::named(base::json_string_value(json));
    case JsonKind::kObject:
      return read_object(json, path);
    default:
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("{} is {}; expected a string or an object", path, base::shown(json)),
                  path);
  }
}

}  // namespace

Result<std::vector<HandlerSpec>> read_handlers(std::string_view json) {
  if (auto checked = base::check_json(json, kField); !checked) return fail(checked.error());
  json.remove_prefix(json.find_first_not_of(" \n\r\t"));
  if (base::json_kind(json) != JsonKind::kArray)
    return fail(
        ErrorCode::kINVALID_ARGUMENT,
        fmt::format("{} is {}; expected an array of names and objects", kField, base::shown(json)),
        kField);
  std::vector<HandlerSpec> handlers;
  base::JsonTextReader elements(json);
  for (std::string_view element; elements.next(element);) {
    auto handler = read_handler(element, handlers.size());
    if (!handler) return fail(handler.error());
    handlers.push_back(std::move(*handler));
  }
  return handlers;
}

}  // namespace tasker::worker
