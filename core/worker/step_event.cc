#include "core/worker/step_event.h"

#include <algorithm>
#include <string_view>

#include "core/worker/identity.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

constexpr TimeSpelling kTimes = TimeSpelling::kStepEvent;
constexpr std::size_t kReadyPayloadMax = 64U << 10;
constexpr std::size_t kReadyTextBytes = 2'048;  // what an event has besides its payload, about

void append_task(std::string& out, const store::TaskHeader& task,
                 const store::StoredTemplate& stored) {
  JsonObject object(out);
  object.uuid("task_uuid", task.uuid);
  object.uuid("named_task_uuid", stored.uuid);
  object.text("name", stored.body.name);
  object.text("namespace", stored.body.namespace_name);
  object.text("version", stored.body.version);
  object.raw("context", task.context_json);
  object.uuid("correlation_id", task.correlation_id);
  object.uuid_or_null("parent_correlation_id", task.parent_correlation_id);
  object.flag("complete", false);
  object.number("priority", task.priority);
  object.text("initiator", task.initiator);
  object.text("source_system", task.source_system);
  object.text("reason", task.reason);
  object.raw("tags", task.tags_json ? *task.tags_json : std::string_view());
  object.text("identity_hash", identity_hash(task, stored.body));
  object.time("created_at", task.created_at_us, kTimes);
  object.time("updated_at", task.created_at_us, kTimes);
  object.time("requested_at", task.requested_at_us, kTimes);
  object.close();
}

void append_workflow_step(std::string& out, const StepEvent& event, const base::Uuid& step_uuid) {
  const store::StoredTemplate& stored = event.compiled->stored;
  const model::StepTemplate& step = stored.body.steps[event.claim.template_step];
  JsonObject object(out);
  object.uuid("workflow_step_uuid", step_uuid);
  object.uuid("task_uuid", event.task->uuid);
  object.uuid("named_step_uuid", base::derive_uuid(stored.uuid, event.claim.template_step));
  object.text("name", step.name);
  object.text("template_step_name", step.name);
  object.flag("retryable", step.retry.retryable);
  object.number("max_attempts", std::max(step.retry.max_attempts, 1U));
  object.number("attempts", event.claim.attempt - 1);
  object.flag("in_process", false);
  object.flag("processed", false);
  object.raw("inputs", step.handler.initialization_json);
  object.raw("results", event.previous_result_json);
  object.null("backoff_request_seconds");
  object.null("processed_at");
  object.time("last_attempted_at", event.claim.claimed_at_us, kTimes);
  object.time("created_at", event.task->created_at_us, kTimes);
  object.time("updated_at", event.claim.claimed_at_us, kTimes);
  object.raw("checkpoint",
             event.checkpoint_json ? std::string_view(*event.checkpoint_json) : std::string_view());
  object.close();
}

void append_handler(std::string& out, const model::HandlerSpec& handler) {
  JsonObject object(out);
  object.text("callable", handler.callable);
  if (handler.method) object.text("method", *handler.method);
  if (handler.resolver) object.text("resolver", *handler.resolver);
  object.raw("initialization", handler.initialization_json);
  object.close();
}

void append_step_definition(std::string& out, const model::StepTemplate& step) {
  JsonObject object(out);
  object.text("name", step.name);
  object.text_or_null("description", step.description);
  object.name("handler");
  append_handler(out, step.handler);
  object.text_or_null("system_dependency", step.system_dependency);
  object.name("dependencies");
  append_json_array(out, step.dependencies,
                    [&](const std::string& name) { base::append_json_string(out, name); });
  object.number_or_null("timeout_seconds", step.timeout_seconds);
  object.name("retry");
  JsonObject retry(out);
  retry.flag("retryable", step.retry.retryable);
  retry.number("max_attempts", step.retry.max_attempts);
  retry.text("backoff", model::backoff_name(step.retry.backoff));
  retry.number_or_null("backoff_base_ms", step.retry.backoff_base_ms);
  retry.number_or_null("max_backoff_ms", step.retry.max_backoff_ms);
  retry.close();
  object.close();
}

void append_dependency_results(std::string& out, const StepEvent& event) {
  const engine::CompiledTemplate& compiled = *event.compiled;
  out += '{';
  bool first = true;
  for (const DependencyResult& dependency : event.dependencies) {
    const std::uint32_t template_step = compiled.plan->steps[dependency.step].template_step;
    if (!first) out += ',';
    first = false;
    base::append_json_string(out, compiled.stored.body.steps[template_step].name);
    out += ':';
    JsonObject object(out);
    object.uuid("step_uuid", base::derive_uuid(event.task->uuid, dependency.step));
    object.flag("success", true);
    object.raw("result", dependency.result ? *dependency.result : std::string_view());
    object.text("status", "completed");
    object.null("error");
    object.close();
  }
  out += '}';
}

void append_sequence_members(std::string& out, JsonObject& object, const StepEvent& event,
                             const base::Uuid& step_uuid) {
  object.name("task");
  append_task(out, *event.task, event.compiled->stored);
  object.name("workflow_step");
  append_workflow_step(out, event, step_uuid);
  object.name("step_definition");
  append_step_definition(out, event.compiled->stored.body.steps[event.claim.template_step]);
  object.name("dependency_results");
  append_dependency_results(out, event);
}

}  // namespace

void append_task_sequence_step_json(std::string& out, const StepEvent& event) {
  JsonObject object(out);
  append_sequence_members(out, object, event,
                          base::derive_uuid(event.task->uuid, event.claim.step.index));
  object.close();
}

std::string_view handler_of(const StepEvent& event) {
  return event.compiled->stored.body.steps[event.claim.template_step].handler.callable;
}

void make_text_ready(StepEvent& event, std::string memory) {
  std::size_t payload = event.task->context_json.size() + event.previous_result_json.size();
  for (const DependencyResult& dependency : event.dependencies)
    payload += dependency.result ? dependency.result->size() : 0;
  if (event.checkpoint_json) payload += event.checkpoint_json->size();
  if (payload > kReadyPayloadMax) return;
  memory.clear();
  memory.reserve(payload + kReadyTextBytes);
  append_step_event_json(memory, event);
  event.text = std::move(memory);
}

void append_step_event_json(std::string& out, const StepEvent& event) {
  if (!event.text.empty()) {
    out += event.text;
    return;
  }
  const base::Uuid step_uuid = base::derive_uuid(event.task->uuid, event.claim.step.index);
  JsonObject object(out);
  object.uuid("event_id", event.event_id);
  object.uuid("task_uuid", event.task->uuid);
  object.uuid("step_uuid", step_uuid);
  object.uuid("correlation_id", event.correlation_id);
  object.uuid("trace_id", event.correlation_id);
  object.name("span_id");
  out += "\"span-";
  step_uuid.append_to(out);
  out += '"';
  object.uuid("task_correlation_id", event.task->correlation_id);
  object.uuid_or_null("parent_correlation_id", event.task->parent_correlation_id);
  append_sequence_members(out, object, event, step_uuid);
  object.close();
}

}  // namespace tasker::worker
