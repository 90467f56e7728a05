#include "core/worker/domain_event.h"

#include <string_view>

#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

constexpr std::string_view kEventVersion = "1.0";
constexpr std::string_view kDefaultPublisher = "DefaultDomainEventPublisher";

/// A step has one publisher: that of an event itself, else the one its first event names.
std::string_view publisher_of(const model::StepTemplate& step, const model::PublishedEvent& event) {
  if (event.publisher) return *event.publisher;
  const std::optional<std::string>& first = step.publishes_events.front().publisher;
  return first ? std::string_view(*first) : kDefaultPublisher;
}

void append_metadata(std::string& out, const DomainEvent& event, const model::StepTemplate& step) {
  const StepEvent& from = event.publication->step;
  JsonObject object(out);
  object.uuid("taskUuid", from.task->uuid);
  object.uuid("stepUuid", base::derive_uuid(from.task->uuid, from.claim.step.index));
  object.text("stepName", step.name);
  object.text("namespace", from.compiled->stored.body.namespace_name);
  object.uuid("correlationId", from.task->correlation_id);
  object.time("firedAt", event.fired_at_us, TimeSpelling::kDomainEvent);
  object.text("firedBy", publisher_of(step, step.publishes_events[event.declaration]));
  object.close();
}

void append_payload(std::string& out, const Publication& publication) {
  JsonObject object(out);
  object.name("task_sequence_step");
  append_task_sequence_step_json(out, publication.step);
  object.raw("execution_result", publication.document_json);
  object.raw("payload", publication.result_json);
  object.close();
}

}  // namespace

void append_domain_event_json(std::string& out, const DomainEvent& event) {
  const StepEvent& from = event.publication->step;
  const model::StepTemplate& step = from.compiled->stored.body.steps[from.claim.template_step];
  JsonObject object(out);
  object.uuid("eventId", event.event_id);
  object.text("eventName", step.publishes_events[event.declaration].name);
  object.text("eventVersion", kEventVersion);
  object.name("metadata");
  append_metadata(out, event, step);
  object.name("payload");
  append_payload(out, *event.publication);
  object.close();
}

}  // namespace tasker::worker
