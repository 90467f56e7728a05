#include "doors/c/flat_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/worker/client.h"
#include "core/worker/json_members.h"
#include "core/worker/timestamp.h"
#include "doors/c/handle_calls.h"
#include "doors/c/known_members.h"

namespace tasker::c {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::string data_envelope(std::string_view json) {
  return fmt::format(R"({{"success":true,"data":{}}})", json);
}

/// Whether the call was refused before anything was asked of the store.
bool is_before_call(const Error& error) {
  return error.code == ErrorCode::kCLOSED || error.code == ErrorCode::kFORKED ||
         error.code == ErrorCode::kINVALID_JSON ||
         (error.code == ErrorCode::kINVALID_ARGUMENT &&
          (error.field == "task_uuid" || error.field == "step_uuid"));
}

std::string failure(std::string_view function, const Error& error) {
  const std::string text = fmt::format("{} failed: {}", function, error.message);
  if (is_before_call(error)) return refused_call(text);
  std::string out = R"({"success":false,"error":)";
  base::append_json_string(out, text);
  out += fmt::format(R"(,"recoverable":{}}})", base::code_retryable(error.code));
  return out;
}

template <class Call>
std::string answer(std::string_view function, Call call) {
  const auto text = text_from(call);
  return text ? data_envelope(text->view()) : failure(function, text.error());
}

using TaskCall = tasker_status (*)(tasker_worker*, const char*, size_t, tasker_buffer*,
                                   tasker_error**);
using StepCall = tasker_status (*)(tasker_worker*, const char*, size_t, const char*, size_t,
                                   tasker_buffer*, tasker_error**);

std::string ask_task(std::string_view function, tasker_worker* worker, std::string_view task,
                     TaskCall call) {
  return answer(function, [&](tasker_buffer* out, tasker_error** error) {
    return call(worker, task.data(), task.size(), out, error);
  });
}

std::string ask_step(std::string_view function, tasker_worker* worker,
                     const ClientArguments& arguments, StepCall call) {
  const std::string_view task = arguments[0];
  const std::string_view step = arguments[1];
  return answer(function, [&](tasker_buffer* out, tasker_error** error) {
    return call(worker, task.data(), task.size(), step.data(), step.size(), out, error);
  });
}

/// The text of a JSON string without escapes; nullopt for anything else.
std::optional<std::string_view> plain_text(const std::string* json) {
  if (!json || json->size() < 2 || json->front() != '"') return std::nullopt;
  return std::string_view(*json).substr(1, json->size() - 2);
}

/// The error of an answer of tasker_worker_create_tasks.
Error creation_error(const std::string& error_json) {
  const auto members = read_members(error_json, "error", {"code", "message", "field"});
  Error error{ErrorCode::kINTERNAL, error_json};
  if (!members) return error;
  const auto code = plain_text(members->find("code"));
  for (std::uint16_t number = 1; code && number <= static_cast<int>(ErrorCode::kINTERNAL); ++number)
    if (base::code_name(static_cast<ErrorCode>(number)) == *code)
      error.code = static_cast<ErrorCode>(number);
  worker::JsonMember message{
      "message", members->find("message") ? *members->find("message") : "\"\"", "message"};
  if (auto text = message.as_string()) error.message = std::move(*text);
  // There was but one request, and the caller knows of no array.
  constexpr std::string_view kPath = "requests[0].";
  for (std::size_t at = 0; (at = error.message.find(kPath, at)) != std::string::npos;)
    error.message.erase(at, kPath.size());
  return error;
}

Result<std::string> create_one(tasker_worker* worker, std::string_view request_json) {
  // Checked alone first: in brackets, a text might read as something else.
  const auto request = read_members(request_json, "request_json", worker::task_request_members());
  if (!request) return fail(request.error());
  const std::string list = fmt::format("[{}]", request->to_json());
  const auto created = text_from([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_create_tasks(worker, list.data(), list.size(), out, error);
  });
  if (!created) return fail(created.error());
  const std::string_view array = created->view();
  const std::string_view element = array.substr(1, array.size() - 2);
  if (const auto error = worker::member_text(element, "error")) return fail(creation_error(*error));
  const auto uuid = worker::member_text(element, "task_uuid");
  return std::string(plain_text(&*uuid).value_or(""));
}

// States of the contract that no task is seen in here, since result and next state are one commit.
constexpr std::array<std::string_view, 6> kUnseenStates = {"pending",
                                                           "initializing",
                                                           "enqueuing_steps",
                                                           "evaluating_results",
                                                           "waiting_for_dependencies",
                                                           "waiting_for_retry"};

std::int64_t number_or(const std::string* json, std::int64_t otherwise) {
  std::int64_t number = otherwise;
  if (json) (void)std::from_chars(json->data(), json->data() + json->size(), number);
  return number;
}

/// The page that a filter finds when no task is in such a state.
std::string empty_page(const Members& params) {
  const std::int64_t limit = std::max<std::int64_t>(number_or(params.find("limit"), 50), 1);
  const std::int64_t offset = std::max<std::int64_t>(number_or(params.find("offset"), 0), 0);
  return fmt::format(
      R"({{"tasks":[],"pagination":{{"page":{},"per_page":{},"total_count":0,"total_pages":0,)"
      R"("has_next":false,"has_previous":{}}}}})",
      offset / limit + 1, limit, offset > 0);
}

}  // namespace

std::string refused_call(std::string_view error) {
  std::string out = R"({"success":false,"error":)";
  base::append_json_string(out, error);
  return out + '}';
}

std::string create_task(tasker_worker* worker, const ClientArguments& arguments) {
  const auto uuid = create_one(worker, arguments[0]);
  if (!uuid) return failure("client_create_task", uuid.error());
  return ask_task("client_create_task", worker, *uuid, tasker_worker_get_task);
}

std::string get_task(tasker_worker* worker, const ClientArguments& arguments) {
  return ask_task("client_get_task", worker, arguments[0], tasker_worker_get_task);
}

std::string list_tasks(tasker_worker* worker, const ClientArguments& arguments) {
  constexpr std::string_view kFunction = "client_list_tasks";
  auto params =
      read_members(arguments[0], "params_json", {"limit", "offset", "namespace", "status"});
  if (!params) return failure(kFunction, params.error());
  const auto state = plain_text(params->find("status"));
  if (state && std::find(kUnseenStates.begin(), kUnseenStates.end(), *state) != kUnseenStates.end())
    return data_envelope(empty_page(*params));
  if (state == "in_progress") params->set("status", R"("steps_in_process")");
  const std::string json = params->to_json();
  return answer(kFunction, [&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_list_tasks(worker, json.data(), json.size(), out, error);
  });
}

std::string cancel_task(tasker_worker* worker, const ClientArguments& arguments) {
  const auto cancelled = status_from([&](tasker_error** error) {
    return tasker_worker_cancel_task(worker, arguments[0].data(), arguments[0].size(), error);
  });
  if (!cancelled) return failure("client_cancel_task", cancelled.error());
  return data_envelope(R"({"cancelled":true})");
}

std::string list_task_steps(tasker_worker* worker, const ClientArguments& arguments) {
  return ask_task("client_list_task_steps", worker, arguments[0], tasker_worker_list_task_steps);
}

std::string get_step(tasker_worker* worker, const ClientArguments& arguments) {
  return ask_step("client_get_step", worker, arguments, tasker_worker_get_step);
}

std::string get_step_audit_history(tasker_worker* worker, const ClientArguments& arguments) {
  return ask_step("client_get_step_audit_history", worker, arguments,
                  tasker_worker_get_step_audit_history);
}

std::string health_check(tasker_worker* worker, const ClientArguments&) {
  // A read of the store is what tells.
  const auto page = text_from([&](tasker_buffer* out, tasker_error** error) {
    constexpr std::string_view kOne = R"({"limit":1})";
    return tasker_worker_list_tasks(worker, kOne.data(), kOne.size(), out, error);
  });
  if (!page) return failure("client_health_check", page.error());
  std::string out = R"({"healthy":true,"status":"healthy","timestamp":")";
  worker::append_time(out, base::SystemClock().wall_us(), worker::TimeSpelling::kTaskResponse);
  return data_envelope(out + "\"}");
}

}  // namespace tasker::c
