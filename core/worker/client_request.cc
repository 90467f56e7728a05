// Requests of the contract's 2.8: JSON text to checked values.
#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

#include "core/base/text_format.h"
#include "core/worker/client.h"
#include "core/worker/json_members.h"
#include "core/worker/task_factory.h"

namespace tasker::worker {
namespace {

using base::fail;
using base::Result;
using base::Status;

/// Hands the member's value to `target`; a missing member leaves it as it is.
Status take_string(const JsonMembers& members, std::string_view name, std::string& target) {
  const JsonMember* member = members.find(name);
  if (member == nullptr) return {};
  auto value = member->as_string();
  if (!value) return fail(std::move(value.error()));
  if (value->empty()) return fail(member->refusal("a text that is not empty"));
  target = std::move(*value);
  return {};
}

Status take_uuid(const JsonMembers& members, std::string_view name,
                 std::optional<base::Uuid>& target) {
  const JsonMember* member = members.find(name);
  if (member == nullptr) return {};
  auto value = member->as_uuid();
  if (!value) return fail(std::move(value.error()));
  target = *value;
  return {};
}

Status take_texts(const JsonMembers& members, TaskRequest& request) {
  struct Text {
    std::string_view name;
    std::string& target;
  };
  const Text texts[] = {
      {"name", request.name},
      {"namespace", request.namespace_name},
      {"version", request.version},
      {"initiator", request.initiator},
      {"source_system", request.source_system},
      {"reason", request.reason},
  };
  for (const Text& text : texts) {
    if (auto status = take_string(members, text.name, text.target); !status) return status;
  }
  if (members.find("idempotency_key") == nullptr) return {};
  return take_string(members, "idempotency_key", request.idempotency_key.emplace());
}

Status take_payloads(const JsonMembers& members, TaskRequest& request) {
  if (const JsonMember* member = members.find("context")) {
    auto value = member->as_object();
    if (!value) return fail(std::move(value.error()));
    request.context_json = std::move(*value);
  }
  if (const JsonMember* member = members.find("options")) {
    auto value = member->as_object();
    if (!value) return fail(std::move(value.error()));
    request.options_json = std::move(*value);
  }
  if (const JsonMember* member = members.find("tags")) {
    if (member->json.front() != '[') return fail(member->refusal("an array of strings"));
    request.tags_json = member->json;
  }
  return {};
}

Status take_scalars(const JsonMembers& members, TaskRequest& request) {
  if (const JsonMember* member = members.find("priority")) {
    const TaskLimits limits;
    const auto value = member->as_integer(limits.priority_min, limits.priority_max);
    if (!value) return fail(value.error());
    request.priority = static_cast<std::int32_t>(*value);
  }
  // Checked and then ignored, as the contract's servers do: the time of a request is the worker's.
  if (const JsonMember* member = members.find("requested_at")) {
    const auto value = member->as_string();
    if (!value || !base::is_date_time(*value)) {
      return fail(member->refusal("a date and time such as 2026-02-16T11:04:05Z"));
    }
  }
  if (auto status = take_uuid(members, "correlation_id", request.correlation_id); !status) {
    return status;
  }
  return take_uuid(members, "parent_correlation_id", request.parent_correlation_id);
}

}  // namespace

std::vector<std::string_view> task_request_members() {
  return {"name",
          "namespace",
          "version",
          "context",
          "initiator",
          "source_system",
          "reason",
          "tags",
          "requested_at",
          "options",
          "priority",
          "correlation_id",
          "parent_correlation_id",
          "idempotency_key"};
}

Result<TaskRequest> read_task_request(std::string_view json, std::string_view field) {
  auto members = JsonMembers::read(json, field, task_request_members());
  if (!members) return fail(std::move(members.error()));
  if (members->find("name") == nullptr) {
    const std::string path = member_path(field, "name");
    return fail(base::ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is missing; the name of a template is expected", path), path);
  }
  TaskRequest request;
  for (const auto take : {take_texts, take_payloads, take_scalars}) {
    if (auto status = take(*members, request); !status) return fail(std::move(status.error()));
  }
  if (auto status = check_task_request(request); !status) {
    status.error().field = member_path(field, status.error().field);
    return fail(std::move(status.error()));
  }
  return request;
}

Result<store::TaskFilter> read_task_filter(std::string_view json) {
  constexpr std::int64_t kPageMax = 100;
  auto members = JsonMembers::read(json, {}, {"limit", "offset", "namespace", "name", "status"});
  if (!members) return fail(std::move(members.error()));
  store::TaskFilter filter;
  if (const JsonMember* member = members->find("limit")) {
    const auto value = member->as_integer(1, kPageMax);
    if (!value) return fail(value.error());
    filter.limit = static_cast<std::uint32_t>(*value);
  }
  if (const JsonMember* member = members->find("offset")) {
    const auto value = member->as_integer(0, std::numeric_limits<std::int32_t>::max());
    if (!value) return fail(value.error());
    filter.offset = static_cast<std::uint32_t>(*value);
  }
  if (members->find("namespace") != nullptr) {
    auto status = take_string(*members, "namespace", filter.namespace_name.emplace());
    if (!status) return fail(std::move(status.error()));
  }
  if (members->find("name") != nullptr) {
    auto status = take_string(*members, "name", filter.name.emplace());
    if (!status) return fail(std::move(status.error()));
  }
  if (const JsonMember* member = members->find("status")) {
    const auto value = member->as_string();
    filter.state = value ? model::parse_task_state(*value) : std::nullopt;
    if (!filter.state) {
      return fail(
          member->refusal("one of steps_in_process, blocked_by_failures, complete, error, "
                          "cancelled, resolved_manually"));
    }
  }
  return filter;
}

}  // namespace tasker::worker
