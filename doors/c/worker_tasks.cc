// Tasks and templates.
#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

#include "core/engine/template_yaml.h"
#include "core/model/states.h"
#include "core/worker/client.h"
#include "core/worker/door_documents.h"
#include "doors/c/arguments.h"
#include "doors/c/awaited.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::fail;
using base::Result;
using base::Status;

constexpr std::uint32_t kWaitTimeoutMsMax = 2'147'483'647;

/// A text of the caller's that is not checked yet.
struct Text {
  const char* data;
  std::size_t bytes;
};

Status create(const tasker_worker* worker, Text requests, tasker_buffer* out_created) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto json = required_text(requests.data, requests.bytes, "requests_json");
  if (!json) return fail(json.error());
  if (auto given = check_not_null(out_created, "out_created"); !given) return given;
  Status started;
  const auto created = await<std::string>(used->shared(), [&](auto on_created) {
    started = worker::create_tasks_from_json(
        (*used)->core(), *json, [on_created](std::string text) { on_created(std::move(text)); });
    if (!started) on_created(fail(started.error()));
  });
  if (!created) return fail(created.error());
  give(out_created, *created);
  return {};
}

Status begin_create(const tasker_worker* worker, Text requests, std::uint64_t* out_request) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto json = required_text(requests.data, requests.bytes, "requests_json");
  if (!json) return fail(json.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  return (*used)->begin(out_request, [&](const WorkerObject::Reply& reply) {
    return worker::create_tasks_from_json((*used)->core(), *json,
                                          [reply](std::string text) { reply(std::move(text)); });
  });
}

std::string state_json(model::TaskState state) {
  return fmt::format("\"{}\"", model::state_name(state));
}

/// A wait for the end of a task, checked.
struct Wait {
  base::Uuid task;
  std::int64_t timeout_ms;
};

Result<Wait> read_wait(Text task, std::uint32_t timeout_ms) {
  const auto id = uuid_argument(task.data, task.bytes, "task_uuid");
  if (!id) return fail(id.error());
  if (auto fits = check_range(timeout_ms, 0, kWaitTimeoutMsMax, "timeout_ms"); !fits)
    return fail(fits.error());
  return Wait{*id, timeout_ms};
}

Status wait_task(const tasker_worker* worker, Text task, std::uint32_t timeout_ms,
                 tasker_buffer* out_state) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto wait = read_wait(task, timeout_ms);
  if (!wait) return fail(wait.error());
  if (auto given = check_not_null(out_state, "out_state"); !given) return given;
  const auto state = await<model::TaskState>(used->shared(), [&](auto on_end) {
    (*used)->core().wait_task(wait->task, wait->timeout_ms, std::move(on_end));
  });
  if (!state) return fail(state.error());
  give(out_state, state_json(*state));
  return {};
}

Status begin_wait_task(const tasker_worker* worker, Text task, std::uint32_t timeout_ms,
                       std::uint64_t* out_request) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto wait = read_wait(task, timeout_ms);
  if (!wait) return fail(wait.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  return (*used)->begin(out_request, [&](const WorkerObject::Reply& reply) {
    (*used)->core().wait_task(wait->task, wait->timeout_ms,
                              [reply](const Result<model::TaskState>& state) {
                                if (!state) return reply(fail(state.error()));
                                reply(state_json(*state));
                              });
    return Status();
  });
}

/// Gives the document that `read` makes with the worker's reader.
Status give_read(const tasker_worker* worker, tasker_buffer* out, const char* name,
                 const std::function<Result<std::string>(store::Reader&)>& read) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out, name); !given) return given;
  std::string text;
  auto status = (*used)->core().with_reader([&](store::Reader& reader) -> Status {
    auto made = read(reader);
    if (!made) return fail(made.error());
    text = std::move(*made);
    return {};
  });
  if (!status) return status;
  give(out, text);
  return {};
}

using TaskRead = Result<std::string> (*)(store::Reader&, const base::Uuid&);
using StepRead = Result<std::string> (*)(store::Reader&, const base::Uuid&, const base::Uuid&);

Result<std::string> read_task(store::Reader& reader, Text task, TaskRead read) {
  const auto id = uuid_argument(task.data, task.bytes, "task_uuid");
  if (!id) return fail(id.error());
  return read(reader, *id);
}

Result<std::string> read_step(store::Reader& reader, Text task, Text step, StepRead read) {
  const auto task_id = uuid_argument(task.data, task.bytes, "task_uuid");
  if (!task_id) return fail(task_id.error());
  const auto step_id = uuid_argument(step.data, step.bytes, "step_uuid");
  if (!step_id) return fail(step_id.error());
  return read(reader, *task_id, *step_id);
}

Result<std::string> read_tasks(store::Reader& reader, Text params) {
  const auto json = text_argument(params.data, params.bytes, "params_json");
  if (!json) return fail(json.error());
  const auto filter = worker::read_task_filter(params.data ? *json : std::string_view("{}"));
  if (!filter) return fail(filter.error());
  return worker::task_list_json(reader, *filter);
}

Status cancel(const tasker_worker* worker, Text task) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto id = uuid_argument(task.data, task.bytes, "task_uuid");
  if (!id) return fail(id.error());
  return (*used)->core().cancel_task(*id);
}

Status retry(const tasker_worker* worker, Text task, std::uint32_t* out_steps) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto id = uuid_argument(task.data, task.bytes, "task_uuid");
  if (!id) return fail(id.error());
  const auto steps = (*used)->core().retry_task(*id);
  if (!steps) return fail(steps.error());
  if (out_steps) *out_steps = *steps;
  return {};
}

Status put_template(const tasker_worker* worker, Text yaml, tasker_buffer* out_stored) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto text = required_text(yaml.data, yaml.bytes, "yaml");
  if (!text) return fail(text.error());
  if (auto given = check_not_null(out_stored, "out_stored"); !given) return given;
  const auto stored = worker::put_template_yaml((*used)->core(), *text);
  if (!stored) return fail(stored.error());
  give(out_stored, *stored);
  return {};
}

Status check_template(Text yaml, tasker_buffer* out_report) {
  const auto text = required_text(yaml.data, yaml.bytes, "yaml");
  if (!text) return fail(text.error());
  if (auto given = check_not_null(out_report, "out_report"); !given) return given;
  give(out_report, worker::template_report_json(engine::read_template_yaml(*text)));
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::c::give_read;
using tasker::c::guard;
using tasker::store::Reader;

tasker_status tasker_worker_create_tasks(tasker_worker* worker, const char* requests_json,
                                         size_t requests_bytes, tasker_buffer* out_created,
                                         tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::create(worker, {requests_json, requests_bytes}, out_created);
  });
}

tasker_status tasker_worker_create_tasks_begin(tasker_worker* worker, const char* requests_json,
                                               size_t requests_bytes, uint64_t* out_request,
                                               tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::begin_create(worker, {requests_json, requests_bytes}, out_request);
  });
}

tasker_status tasker_worker_wait_task(tasker_worker* worker, const char* task_uuid,
                                      size_t task_uuid_bytes, uint32_t timeout_ms,
                                      tasker_buffer* out_state, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::wait_task(worker, {task_uuid, task_uuid_bytes}, timeout_ms, out_state);
  });
}

tasker_status tasker_worker_wait_task_begin(tasker_worker* worker, const char* task_uuid,
                                            size_t task_uuid_bytes, uint32_t timeout_ms,
                                            uint64_t* out_request, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::begin_wait_task(worker, {task_uuid, task_uuid_bytes}, timeout_ms,
                                      out_request);
  });
}

tasker_status tasker_worker_get_task(tasker_worker* worker, const char* task_uuid,
                                     size_t task_uuid_bytes, tasker_buffer* out_task,
                                     tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_task, "out_task", [&](Reader& reader) {
      return tasker::c::read_task(reader, {task_uuid, task_uuid_bytes}, tasker::worker::task_json);
    });
  });
}

tasker_status tasker_worker_list_tasks(tasker_worker* worker, const char* params_json,
                                       size_t params_bytes, tasker_buffer* out_tasks,
                                       tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_tasks, "out_tasks", [&](Reader& reader) {
      return tasker::c::read_tasks(reader, {params_json, params_bytes});
    });
  });
}

tasker_status tasker_worker_list_task_steps(tasker_worker* worker, const char* task_uuid,
                                            size_t task_uuid_bytes, tasker_buffer* out_steps,
                                            tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_steps, "out_steps", [&](Reader& reader) {
      return tasker::c::read_task(reader, {task_uuid, task_uuid_bytes},
                                  tasker::worker::task_steps_json);
    });
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_get_step(tasker_worker* worker, const char* task_uuid,
                                     size_t task_uuid_bytes, const char* step_uuid,
                                     size_t step_uuid_bytes, tasker_buffer* out_step,
                                     tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_step, "out_step", [&](Reader& reader) {
      return tasker::c::read_step(reader, {task_uuid, task_uuid_bytes},
                                  {step_uuid, step_uuid_bytes}, tasker::worker::step_json);
    });
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_get_step_audit_history(tasker_worker* worker, const char* task_uuid,
                                                   size_t task_uuid_bytes, const char* step_uuid,
                                                   size_t step_uuid_bytes,
                                                   tasker_buffer* out_entries,
                                                   tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_entries, "out_entries", [&](Reader& reader) {
      return tasker::c::read_step(reader, {task_uuid, task_uuid_bytes},
                                  {step_uuid, step_uuid_bytes}, tasker::worker::step_audit_json);
    });
  });
}

tasker_status tasker_worker_cancel_task(tasker_worker* worker, const char* task_uuid,
                                        size_t task_uuid_bytes, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::cancel(worker, {task_uuid, task_uuid_bytes}); });
}

tasker_status tasker_worker_retry_task(tasker_worker* worker, const char* task_uuid,
                                       size_t task_uuid_bytes, uint32_t* out_steps,
                                       tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::retry(worker, {task_uuid, task_uuid_bytes}, out_steps);
  });
}

tasker_status tasker_worker_put_template(tasker_worker* worker, const char* yaml, size_t yaml_bytes,
                                         tasker_buffer* out_stored, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::put_template(worker, {yaml, yaml_bytes}, out_stored);
  });
}

tasker_status tasker_worker_list_templates(tasker_worker* worker, tasker_buffer* out_templates,
                                           tasker_error** out_error) {
  return guard(out_error, [&] {
    return give_read(worker, out_templates, "out_templates",
                     [](Reader& reader) { return tasker::worker::template_list_json(reader); });
  });
}

tasker_status tasker_check_template(const char* yaml, size_t yaml_bytes, tasker_buffer* out_report,
                                    tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::check_template({yaml, yaml_bytes}, out_report);
  });
}
