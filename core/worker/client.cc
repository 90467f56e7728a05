#include "core/worker/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/json.h"
#include "core/worker/json_writer.h"
#include "core/worker/step_document.h"
#include "core/worker/task_view.h"

namespace tasker::worker {
namespace {

using base::fail;
using base::Result;
using model::StepState;

/// Times at which a step's attempts failed, read for the steps that have had a failure.
Result<std::int64_t> last_failure_us(store::Reader& reader, const store::StepRecord& step) {
  if (step.error_json.empty() && step.attempt <= 1) return 0;
  auto attempts = reader.list_attempts(step.key);
  if (!attempts) return fail(std::move(attempts.error()));
  std::int64_t last_us = 0;
  for (const auto& attempt : *attempts) last_us = std::max(last_us, attempt.ended_at_us);
  return last_us;
}

void append_readiness_members(JsonObject& object, const TaskView& view,
                              const store::StepRecord& step) {
  object.flag("dependencies_satisfied", step.dependencies_missing == 0);
  object.flag("retry_eligible", is_retry_eligible(view.definition(step), step));
  object.flag("ready_for_execution", is_ready(step));
  object.number("total_parents",
                view.parents[static_cast<std::size_t>(&step - view.steps.data())].size());
  object.number("completed_parents", completed_parents(view, step));
  object.number("attempts", step.attempt);
  object.number("max_attempts", std::max(view.definition(step).retry.max_attempts, 1U));
}

void append_retry_times(JsonObject& object, const store::StepRecord& step, std::int64_t failure_us,
                        TimeSpelling spelling) {
  object.time("last_failure_at", failure_us, spelling);
  object.time("next_retry_at", step.state == StepState::kWaitingForRetry ? step.retry_at_us : 0,
              spelling);
  object.time("last_attempted_at", step.claimed_at_us, spelling);
}

base::Status append_readiness(std::string& out, store::Reader& reader, const TaskView& view,
                              const store::StepRecord& step) {
  const auto failure_us = last_failure_us(reader, step);
  if (!failure_us) return fail(failure_us.error());
  JsonObject object(out);
  object.uuid("workflow_step_uuid", view.step_uuid(step));
  object.uuid("task_uuid", view.task.header.uuid);
  object.uuid("named_step_uuid",
              base::derive_uuid(view.task_template->stored.uuid, step.template_step));
  object.text("name", view.definition(step).name);
  object.text("current_state", model::state_name(step.state));
  append_readiness_members(object, view, step);
  object.null("backoff_request_seconds");
  append_retry_times(object, step, *failure_us, TimeSpelling::kReadiness);
  object.close();
  return {};
}

void append_task_members(JsonObject& object, const TaskView& view) {
  const store::TaskRecord& task = view.task;
  const model::TaskTemplate& body = view.task_template->stored.body;
  constexpr TimeSpelling kTimes = TimeSpelling::kTaskResponse;
  object.uuid("task_uuid", task.header.uuid);
  object.text("name", body.name);
  object.text("namespace", body.namespace_name);
  object.text("version", body.version);
  object.text("status", model::state_name(task.state));
  object.time("created_at", task.header.created_at_us, kTimes);
  object.time("updated_at", std::max(task.updated_at_us, task.header.created_at_us), kTimes);
  object.time("completed_at", task.completed_at_us, kTimes);
  object.raw("context", task.header.context_json);
  object.text("initiator", task.header.initiator);
  object.text("source_system", task.header.source_system);
  object.text("reason", task.header.reason);
  object.number("priority", task.header.priority);
  object.raw("tags", task.header.tags_json ? *task.header.tags_json : std::string_view());
  object.uuid("correlation_id", task.header.correlation_id);
  object.uuid_or_null("parent_correlation_id", task.header.parent_correlation_id);
}

void append_progress_members(JsonObject& object, const TaskProgress& progress) {
  object.number("total_steps", progress.total);
  object.number("pending_steps", progress.pending);
  object.number("in_progress_steps", progress.in_progress);
  object.number("completed_steps", progress.completed);
  object.number("failed_steps", progress.failed);
  object.number("ready_steps", progress.ready);
  object.text("execution_status", progress.execution_status);
  object.text("recommended_action", progress.recommended_action);
  object.raw("completion_percentage", fmt::format("{:g}", progress.completion_percentage));
  object.text("health_status", progress.health_status);
}

base::Status append_task(std::string& out, store::Reader& reader, const TaskView& view) {
  JsonObject object(out);
  append_task_members(object, view);
  append_progress_members(object, task_progress(view));
  object.name("steps");
  base::Status status;
  append_json_array(out, view.steps, [&](const store::StepRecord& step) {
    if (status) status = append_readiness(out, reader, view, step);
  });
  object.close();
  return status;
}

void append_pagination(std::string& out, const store::TaskFilter& filter, std::uint64_t total,
                       std::size_t shown) {
  JsonObject object(out);
  object.number("page", filter.offset / filter.limit + 1);
  object.number("per_page", filter.limit);
  object.number("total_count", total);
  object.number("total_pages", (total + filter.limit - 1) / filter.limit);
  object.flag("has_next", filter.offset + shown < total);
  object.flag("has_previous", filter.offset > 0);
  object.close();
}

base::Status append_step(std::string& out, store::Reader& reader, const TaskView& view,
                         const store::StepRecord& step) {
  const auto failure_us = last_failure_us(reader, step);
  if (!failure_us) return fail(failure_us.error());
  constexpr TimeSpelling kTimes = TimeSpelling::kStepResponse;
  JsonObject object(out);
  object.uuid("step_uuid", view.step_uuid(step));
  object.uuid("task_uuid", view.task.header.uuid);
  object.text("name", view.definition(step).name);
  object.time("created_at", step.created_at_us, kTimes);
  object.time("updated_at",
              std::max({step.created_at_us, step.claimed_at_us, step.completed_at_us, *failure_us}),
              kTimes);
  object.time("completed_at", step.completed_at_us, kTimes);
  object.raw("results", step_document(view.step_uuid(step), step));
  object.text("current_state", model::state_name(step.state));
  append_readiness_members(object, view, step);
  append_retry_times(object, step, *failure_us, kTimes);
  object.close();
  return {};
}

/// One attempt that has ended, as the contract's audit entry.
struct AuditEntry {
  bool success = false;
  std::int64_t recorded_at_us = 0;
  std::int64_t execution_us = 0;
  std::string document;  ///< contract, 2.2
};

/// `number` counts the step's entries from 1: attempts do not, they begin anew with a retry by
/// hand.
void append_audit_entry(std::string& out, const TaskView& view, const store::StepRecord& step,
                        const AuditEntry& entry, std::uint64_t number) {
  const base::Uuid step_uuid = view.step_uuid(step);
  JsonObject object(out);
  object.uuid("audit_uuid", base::derive_uuid(step_uuid, 2 * number));
  object.uuid("workflow_step_uuid", step_uuid);
  object.uuid("transition_uuid", base::derive_uuid(step_uuid, 2 * number + 1));
  object.uuid("task_uuid", view.task.header.uuid);
  object.time("recorded_at", entry.recorded_at_us, TimeSpelling::kStepResponse);
  object.uuid("correlation_id", view.task.header.correlation_id);
  object.flag("success", entry.success);
  object.number("execution_time_ms", whole_ms(entry.execution_us));
  object.name("result");
  JsonObject result(out);
  result.text("type", entry.success ? "EnqueueForOrchestration" : "EnqueueAsErrorForOrchestration");
  result.raw("data", entry.document);
  result.close();
  object.text("step_name", view.definition(step).name);
  object.text("from_state", "in_progress");
  object.text("to_state",
              entry.success ? "enqueued_for_orchestration" : "enqueued_as_error_for_orchestration");
  object.close();
}

Result<std::vector<AuditEntry>> audit_entries(store::Reader& reader, const base::Uuid& step_uuid,
                                              const store::StepRecord& step) {
  auto attempts = reader.list_attempts(step.key);
  if (!attempts) return fail(std::move(attempts.error()));
  std::vector<AuditEntry> entries;
  for (const auto& attempt : *attempts) {
    entries.push_back({.success = false,
                       .recorded_at_us = attempt.ended_at_us,
                       .execution_us = attempt.ended_at_us - attempt.started_at_us,
                       .document = attempt_document(step_uuid, attempt)});
  }
  if (step.state == StepState::kComplete) {
    entries.push_back({.success = true,
                       .recorded_at_us = step.completed_at_us,
                       .execution_us = step.execution_us,
                       .document = step_document(step_uuid, step)});
  }
  return entries;
}

/// The step's record with its result, its task's view beside it.
struct FoundStep {
  TaskView view;
  std::size_t position = 0;
};

Result<FoundStep> find_step(store::Reader& reader, const base::Uuid& task, const base::Uuid& step) {
  TemplateViews templates;
  auto view = load_task_view(reader, templates, task);
  if (!view) return fail(std::move(view.error()));
  const auto found = std::find_if(
      view->steps.begin(), view->steps.end(),
      [&](const store::StepRecord& candidate) { return view->step_uuid(candidate) == step; });
  if (found == view->steps.end()) {
    return fail(base::ErrorCode::kNOT_FOUND,
                fmt::format("task {} has no step {}", task.text(), step.text()), "step_uuid");
  }
  auto with_result = reader.load_step(found->key);
  if (!with_result) return fail(std::move(with_result.error()));
  *found = std::move(*with_result);
  const auto position = static_cast<std::size_t>(found - view->steps.begin());
  return FoundStep{.view = std::move(*view), .position = position};
}

}  // namespace

Result<std::string> task_json(store::Reader& reader, const base::Uuid& task) {
  TemplateViews templates;
  auto view = load_task_view(reader, templates, task);
  if (!view) return fail(std::move(view.error()));
  std::string out;
  if (auto status = append_task(out, reader, *view); !status) {
    return fail(std::move(status.error()));
  }
  return out;
}

Result<std::string> task_list_json(store::Reader& reader, const store::TaskFilter& filter) {
  auto page = reader.list_tasks(filter);
  if (!page) return fail(std::move(page.error()));
  TemplateViews templates;
  std::string out;
  JsonObject object(out);
  object.name("tasks");
  base::Status status;
  append_json_array(out, page->tasks, [&](const store::TaskRecord& task) {
    if (!status) return;
    auto view = complete_task_view(reader, templates, task);
    status = view ? append_task(out, reader, *view) : fail(std::move(view.error()));
  });
  if (!status) return fail(std::move(status.error()));
  object.name("pagination");
  append_pagination(out, filter, page->total, page->tasks.size());
  object.close();
  return out;
}

Result<std::string> task_steps_json(store::Reader& reader, const base::Uuid& task) {
  TemplateViews templates;
  auto view = load_task_view(reader, templates, task, true);
  if (!view) return fail(std::move(view.error()));
  std::string out;
  base::Status status;
  append_json_array(out, view->steps, [&](const store::StepRecord& step) {
    if (status) status = append_step(out, reader, *view, step);
  });
  if (!status) return fail(std::move(status.error()));
  return out;
}

Result<std::string> step_json(store::Reader& reader, const base::Uuid& task,
                              const base::Uuid& step) {
  auto found = find_step(reader, task, step);
  if (!found) return fail(std::move(found.error()));
  std::string out;
  if (auto status = append_step(out, reader, found->view, found->view.steps[found->position]);
      !status) {
    return fail(std::move(status.error()));
  }
  return out;
}

Result<std::string> step_audit_json(store::Reader& reader, const base::Uuid& task,
                                    const base::Uuid& step) {
  auto found = find_step(reader, task, step);
  if (!found) return fail(std::move(found.error()));
  const store::StepRecord& record = found->view.steps[found->position];
  auto entries = audit_entries(reader, step, record);
  if (!entries) return fail(std::move(entries.error()));
  std::string out;
  std::uint64_t number = 0;
  append_json_array(out, *entries, [&](const AuditEntry& entry) {
    append_audit_entry(out, found->view, record, entry, ++number);
  });
  return out;
}

}  // namespace tasker::worker
