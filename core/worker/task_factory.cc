#include "core/worker/task_factory.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/worker/json_members.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using base::fail;
using base::Status;

std::size_t character_count(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

Status check_length(std::string_view text, std::string_view field, std::size_t length_max) {
  const std::size_t length = character_count(text);
  if (text.empty() || length > length_max) {
    const std::string got = text.empty()
                                ? "is empty"
                                : fmt::format("has {} characters ({})", length, base::shown(text));
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} {}, expected 1 to {} characters", field, got, length_max),
                std::string(field));
  }
  return {};
}

Status check_tags(std::string_view tags, std::size_t bytes_max) {
  if (auto status = base::check_json(tags, "tags", {.bytes_max = bytes_max}); !status) {
    return status;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(tags.data(), tags.size()).get(array) != simdjson::SUCCESS) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("tags is {}, expected an array of strings", base::shown(tags)), "tags");
  }
  std::size_t index = 0;
  for (const auto element : array) {
    if (!element.is_string()) {
      return fail(ErrorCode::kINVALID_ARGUMENT,
                  fmt::format("tags[{}] is {}, expected a string", index,
                              base::shown(simdjson::to_string(element))),
                  fmt::format("tags[{}]", index));
    }
    ++index;
  }
  return {};
}

Status check_texts(const TaskRequest& request, const TaskLimits& limits) {
  struct Text {
    std::string_view value;
    std::string_view field;
    std::size_t length_max;
  };
  const Text texts[] = {
      {request.name, "name", limits.name_length_max},
      {request.namespace_name, "namespace", limits.namespace_length_max},
      {request.initiator, "initiator", limits.initiator_length_max},
      {request.source_system, "source_system", limits.source_system_length_max},
      {request.reason, "reason", limits.reason_length_max},
  };
  for (const Text& text : texts) {
    if (auto status = check_length(text.value, text.field, text.length_max); !status) return status;
  }
  if (!request.version.empty()) {
    if (auto status = check_length(request.version, "version", limits.version_length_max);
        !status) {
      return status;
    }
  }
  if (request.idempotency_key) {
    return check_length(*request.idempotency_key, "idempotency_key",
                        limits.idempotency_key_length_max);
  }
  return {};
}

/// The template's `default_options` object, carried unread inside its other members.
std::optional<std::string> default_options(std::string_view carried_json) {
  if (carried_json.find("\"default_options\"") == std::string_view::npos) return std::nullopt;
  auto options = member_text(carried_json, "default_options");
  return options && options->front() == '{' ? options : std::nullopt;
}

std::optional<std::string> merged_options(const model::TaskTemplate& body,
                                          const std::optional<std::string>& requested) {
  const auto defaults = default_options(body.carried_json);
  if (!defaults) return requested;
  if (!requested) return defaults;
  return base::merge_json_objects(*defaults, *requested);
}

}  // namespace

Status check_task_request(const TaskRequest& request, const TaskLimits& limits) {
  if (auto status = check_texts(request, limits); !status) return status;
  if (request.priority < limits.priority_min || request.priority > limits.priority_max) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("priority is {}, expected {} to {}", request.priority,
                            limits.priority_min, limits.priority_max),
                "priority");
  }
  if (auto status = base::check_json_object(request.context_json, "context",
                                            {.bytes_max = limits.context_bytes_max});
      !status) {
    return status;
  }
  if (request.options_json) {
    if (auto status = base::check_json_object(*request.options_json, "options",
                                              {.bytes_max = limits.options_bytes_max});
        !status) {
      return status;
    }
  }
  return request.tags_json ? check_tags(*request.tags_json, limits.tags_bytes_max) : Status{};
}

base::Result<store::NewTask> make_task(const TaskRequest& request,
                                       const engine::CompiledTemplate& compiled,
                                       std::int64_t now_us, base::Random& random) {
  if (auto status = check_task_request(request); !status) return fail(std::move(status.error()));
  const model::TaskTemplate& body = compiled.stored.body;
  store::NewTask task;
  task.uuid = base::make_uuid_v7(now_us / 1000, random);
  task.template_id = compiled.stored.id;
  task.plan = compiled.plan;
  task.context_json =
      body.default_context_json == "{}"
          ? request.context_json
          : base::merge_json_objects(body.default_context_json, request.context_json);
  task.initiator = request.initiator;
  task.source_system = request.source_system;
  task.reason = request.reason;
  task.tags_json = request.tags_json;
  task.options_json = merged_options(body, request.options_json);
  task.priority = request.priority;
  task.correlation_id =
      request.correlation_id ? *request.correlation_id : base::make_uuid_v4(random);
  task.parent_correlation_id = request.parent_correlation_id;
  task.idempotency_key = request.idempotency_key;
  task.requested_at_us = now_us;
  return task;
}

}  // namespace tasker::worker
