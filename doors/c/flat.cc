// The flat names, each over the handle names. Answers, texts and prefixes: contract, 1.1 to 1.8.
#include <simdjson.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "doors/c/buffer.h"
#include "doors/c/flat_client.h"
#include "doors/c/flat_worker.h"
#include "doors/c/guard.h"
#include "doors/c/handle_calls.h"
#include "doors/c/handle_table.h"
#include "doors/c/process_log.h"
#include "include/tasker/tasker_flat.h"

namespace tasker::c {
namespace {

// What is left to say when there is no memory to say it; free_rust_string knows it.
char out_of_memory[] = R"({"success":false,"error":"out of memory"})";

FlatWorker& flat() { return HandleTable::here().flat(); }

char* give_text(std::string_view text) {
  tasker_buffer buffer = TASKER_BUFFER_INIT;
  give(&buffer, text);
  return buffer.data;
}

template <class Body>
char* guard_text(Body body) noexcept {
  return guard_value(static_cast<char*>(out_of_memory), body);
}

bool is_utf8(const char* text) { return simdjson::validate_utf8(text, std::strlen(text)); }

/// The failure of a call, in the contract's words. With `member`, the cause stands there as well.
std::string envelope(std::string_view prefix, const base::Error& error) {
  std::string text(prefix);
  text += ": ";
  text += error.message;
  std::string out = R"({"success":false,"error":)";
  base::append_json_string(out, text);
  out += '}';
  return out;
}

void log_miss(const char* function) {
  if (!flat().first_miss()) return;
  HandleTable::here().log().get()->log(base::LogLevel::kError, "worker", "no worker is running",
                                       {{"function", std::string_view(function)}});
}

/// The only element of a JSON array; NULL for an empty one.
char* only_element(OwnedText array) {
  if (array.view().size() <= 2) return nullptr;
  const std::size_t bytes = array.view().size() - 2;
  char* const text = array.release();
  std::memmove(text, text + 1, bytes);
  text[bytes] = '\0';
  return text;
}

char* bootstrap(const char* config_json) {
  base::Result<std::string> id;
  if (config_json && !is_utf8(config_json))
    id = base::fail(base::ErrorCode::kINVALID_ARGUMENT, "config_json is not UTF-8");
  else
    id = flat().start(config_json ? config_json : "");
  if (!id) {
    std::string out = envelope("Bootstrap failed", id.error());
    out.pop_back();
    out += R"(,"status":"error","message":)";
    base::append_json_string(out, id.error().message);
    return give_text(out + '}');
  }
  if (id->empty())
    return give_text(
        R"({"success":true,"status":"already_running","message":"the worker is running"})");
  return give_text(
      R"({"success":true,"status":"started","message":"the worker is started","worker_id":)" + *id +
      '}');
}

char* status() {
  constexpr std::string_view kStopped = R"({"success":true,"running":false,"status":"stopped"})";
  tasker_worker* const worker = flat().handle();
  if (!worker) return give_text(kStopped);
  auto text = text_from([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_status(worker, out, error);
  });
  if (text) return text->release();
  if (text.error().code == base::ErrorCode::kCLOSED) return give_text(kStopped);
  return give_text(envelope("Failed to get status", text.error()));
}

char* stop() {
  const std::string id = flat().stop();
  if (id.empty())
    return give_text(R"({"success":true,"status":"not_running","message":"no worker is running"})");
  return give_text(
      R"({"success":true,"status":"stopped","message":"the worker is stopped","worker_id":)" + id +
      '}');
}

char* transition() {
  const auto draining = flat().drain();
  if (!draining) return give_text(envelope("Failed to transition", draining.error()));
  return give_text(
      R"({"success":true,"status":"transitioning","message":"the worker takes no new steps"})");
}

char* poll_one(const char* function,
               tasker_status (*poll)(tasker_worker*, tasker_buffer*, tasker_error**)) {
  tasker_worker* const worker = flat().handle();
  if (!worker) {
    log_miss(function);
    return nullptr;
  }
  auto text =
      text_from([&](tasker_buffer* out, tasker_error** error) { return poll(worker, out, error); });
  return text ? only_element(std::move(*text)) : nullptr;
}

/// Two texts of which both are needed, to 1 or 0.
std::int32_t give_result(const char* function, const char* event_id, const char* json,
                         tasker_status (*call)(tasker_worker*, std::string_view, std::string_view,
                                               tasker_error**)) {
  if (!event_id || !json) return 0;
  tasker_worker* const worker = flat().handle();
  if (!worker) {
    log_miss(function);
    return 0;
  }
  const auto taken =
      status_from([&](tasker_error** error) { return call(worker, event_id, json, error); });
  if (taken) return 1;
  HandleTable::here().log().get()->log(base::LogLevel::kWarn, "worker", "a step event was refused",
                                       {{"function", std::string_view(function)},
                                        {"event_id", base::shown(event_id)},
                                        {"code", base::code_name(taken.error().code)},
                                        {"error", std::string_view(taken.error().message)}});
  return 0;
}

char* dispatch_metrics() {
  tasker_worker* const worker = flat().handle();
  auto text = text_from([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_dispatch_metrics(worker, out, error);
  });
  if (text) return text->release();
  base::Error error = std::move(text.error());
  if (!worker) error.message = "no worker is running";
  return give_text(envelope("Failed to get metrics", error));
}

void log_line(std::int32_t level, const char* message, const char* fields_json) noexcept {
  if (!message) return;
  const std::size_t bytes = std::strlen(message);
  const std::size_t fields_bytes = fields_json ? std::strlen(fields_json) : 0;
  if (fields_bytes > 0 &&
      tasker_log(level, message, bytes, fields_json, fields_bytes, nullptr) == TASKER_OK)
    return;
  (void)tasker_log(level, message, bytes, nullptr, 0, nullptr);
}

}  // namespace
}  // namespace tasker::c

using tasker::c::flat;
using tasker::c::give_text;
using tasker::c::guard_text;
using tasker::c::guard_value;

char* get_version(void) {
  return guard_text([] { return give_text(tasker_version()); });
}

char* get_rust_version(void) {
  return guard_text([] {
    return give_text(std::string("tasker-ts ") + tasker_version() + " (C++20 core, no rustc)");
  });
}

int32_t health_check(void) { return 1; }

int32_t is_worker_running(void) {
  return guard_value<std::int32_t>(0, [] { return flat().handle() ? 1 : 0; });
}

char* bootstrap_worker(const char* config_json) {
  return guard_text([&] { return tasker::c::bootstrap(config_json); });
}

char* get_worker_status(void) { return guard_text(tasker::c::status); }

char* transition_to_graceful_shutdown(void) { return guard_text(tasker::c::transition); }

char* stop_worker(void) { return guard_text(tasker::c::stop); }

void free_rust_string(char* text) {
  if (text != tasker::c::out_of_memory) std::free(text);
}

char* poll_step_events(void) {
  return guard_value<char*>(nullptr, [] {
    if (flat().handle() && flat().is_draining()) return static_cast<char*>(nullptr);
    return tasker::c::poll_one("poll_step_events",
                               [](tasker_worker* worker, tasker_buffer* out, tasker_error** error) {
                                 return tasker_worker_poll_step_events(worker, 1, 0, out, error);
                               });
  });
}

char* poll_in_process_events(void) {
  return guard_value<char*>(nullptr, [] {
    return tasker::c::poll_one("poll_in_process_events",
                               [](tasker_worker* worker, tasker_buffer* out, tasker_error** error) {
                                 return tasker_worker_poll_domain_events(worker, 1, out, error);
                               });
  });
}

int32_t complete_step_event(const char* event_id, const char* result_json) {
  return guard_value<std::int32_t>(0, [&] {
    return tasker::c::give_result("complete_step_event", event_id, result_json,
                                  [](tasker_worker* worker, std::string_view id,
                                     std::string_view json, tasker_error** error) {
                                    return tasker_worker_complete_step_event(worker, id.data(),
                                                                             id.size(), json.data(),
                                                                             json.size(), error);
                                  });
  });
}

int32_t checkpoint_yield_step_event(const char* event_id, const char* checkpoint_json) {
  return guard_value<std::int32_t>(0, [&] {
    return tasker::c::give_result("checkpoint_yield_step_event", event_id, checkpoint_json,
                                  [](tasker_worker* worker, std::string_view id,
                                     std::string_view json, tasker_error** error) {
                                    return tasker_worker_checkpoint_step_event(
                                        worker, id.data(), id.size(), json.data(), json.size(),
                                        nullptr, error);
                                  });
  });
}

char* get_ffi_dispatch_metrics(void) { return guard_text(tasker::c::dispatch_metrics); }

void check_starvation_warnings(void) {
  guard_value(0, [] {
    if (tasker_worker* const worker = flat().handle())
      return tasker_worker_check_starvation_warnings(worker, nullptr);
    tasker::c::log_miss("check_starvation_warnings");
    return TASKER_OK;
  });
}

void cleanup_timeouts(void) {
  guard_value(0, [] {
    if (flat().handle())
      flat().forget_ended();
    else
      tasker::c::log_miss("cleanup_timeouts");
    return 0;
  });
}

void log_error(const char* message, const char* fields_json) {
  tasker::c::log_line(TASKER_LOG_ERROR, message, fields_json);
}

void log_warn(const char* message, const char* fields_json) {
  tasker::c::log_line(TASKER_LOG_WARN, message, fields_json);
}

void log_info(const char* message, const char* fields_json) {
  tasker::c::log_line(TASKER_LOG_INFO, message, fields_json);
}

void log_debug(const char* message, const char* fields_json) {
  tasker::c::log_line(TASKER_LOG_DEBUG, message, fields_json);
}

void log_trace(const char* message, const char* fields_json) {
  tasker::c::log_line(TASKER_LOG_TRACE, message, fields_json);
}

namespace tasker::c {
namespace {

using ClientCall = std::string (*)(tasker_worker*, const ClientArguments&);

/// A client_ function of one or two arguments that may not be NULL.
char* client(const char* function, std::initializer_list<const char*> arguments, ClientCall call) {
  ClientArguments texts;
  for (const char* argument : arguments) {
    if (!argument)
      return give_text(refused_call(std::string(function) + ": null pointer received"));
    if (!is_utf8(argument))
      return give_text(refused_call(std::string(function) + ": invalid UTF-8"));
    texts.emplace_back(argument);
  }
  tasker_worker* const worker = flat().handle();
  if (!worker)
    return give_text(refused_call(std::string(function) + " failed: no worker is running"));
  return give_text(call(worker, texts));
}

}  // namespace
}  // namespace tasker::c

using tasker::c::client;

char* client_create_task(const char* request_json) {
  return guard_text(
      [&] { return client("client_create_task", {request_json}, tasker::c::create_task); });
}

char* client_get_task(const char* task_uuid) {
  return guard_text([&] { return client("client_get_task", {task_uuid}, tasker::c::get_task); });
}

char* client_list_tasks(const char* params_json) {
  return guard_text(
      [&] { return client("client_list_tasks", {params_json}, tasker::c::list_tasks); });
}

char* client_cancel_task(const char* task_uuid) {
  return guard_text(
      [&] { return client("client_cancel_task", {task_uuid}, tasker::c::cancel_task); });
}

char* client_list_task_steps(const char* task_uuid) {
  return guard_text(
      [&] { return client("client_list_task_steps", {task_uuid}, tasker::c::list_task_steps); });
}

char* client_get_step(const char* task_uuid, const char* step_uuid) {
  return guard_text([&] {
    return client("client_get_step", {task_uuid, step_uuid}, tasker::c::get_step);
  });
}

char* client_get_step_audit_history(const char* task_uuid, const char* step_uuid) {
  return guard_text([&] {
    return client("client_get_step_audit_history", {task_uuid, step_uuid},
                  tasker::c::get_step_audit_history);
  });
}

char* client_health_check(void) {
  return guard_text([] { return client("client_health_check", {}, tasker::c::health_check); });
}
