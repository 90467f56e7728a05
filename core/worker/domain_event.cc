#include "core/worker/domain_event.h"

#include <string_view>

#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

constexpr std::string_view kEventVersion = "1.0";
constexpr std::string_view kDefaultPublisher = "DefaultDomainEventPublisher";

/// Names of the members, by form.
struct Names {
  const char* event_id;
  const char* event_name;
  const char* event_version;
  const char* task_uuid;
  const char* step_uuid;
  const char* step_name;
  const char* correlation_id;
  const char* fired_at;
  const char* fired_by;
};
constexpr Names kCamelCase{"eventId",  "eventName",     "eventVersion", "taskUuid", "stepUuid",
                           "stepName", "correlationId", "firedAt",      "firedBy"};
constexpr Names kSnakeCase{"event_id",  "event_name",     "event_version", "task_uuid", "step_uuid",
                           "step_name", "correlation_id", "fired_at",      "fired_by"};

void append_metadata(std::string& out, const DomainEvent& event, const model::StepTemplate& step,
                     const Names& names) {
  const StepEvent& from = event.publication->step;
  JsonObject object(out);
  object.uuid(names.task_uuid, from.task->uuid);
  object.uuid(names.step_uuid, base::derive_uuid(from.task->uuid, from.claim.step.index));
  object.text(names.step_name, step.name);
  object.text("namespace", from.compiled->stored.body.namespace_name);
  object.uuid(names.correlation_id, from.task->correlation_id);
  object.time(names.fired_at, event.fired_at_us, TimeSpelling::kDomainEvent);
  object.text(names.fired_by, event.publisher);
  object.close();
}

void append_payload(std::string& out, const DomainEvent& event) {
  const Publication& publication = *event.publication;
  JsonObject object(out);
  object.name("task_sequence_step");
  append_task_sequence_step_json(out, publication.step);
  object.raw("execution_result", publication.document_json);
  object.raw("payload", event.payload_json.empty() ? publication.result_json : event.payload_json);
  object.close();
}

}  // namespace

std::string_view publisher_of(const model::StepTemplate& step,
                              const model::PublishedEvent* declaration) {
  if (declaration != nullptr && declaration->publisher) return *declaration->publisher;
  if (step.publishes_events.empty()) return kDefaultPublisher;
  const std::optional<std::string>& first = step.publishes_events.front().publisher;
  return first ? std::string_view(*first) : kDefaultPublisher;
}

void append_domain_event_json(std::string& out, const DomainEvent& event, DomainEventForm form) {
  const Names& names = form == DomainEventForm::kInProcess ? kCamelCase : kSnakeCase;
  const StepEvent& from = event.publication->step;
  const model::StepTemplate& step = from.compiled->stored.body.steps[from.claim.template_step];
  JsonObject object(out);
  object.uuid(names.event_id, event.event_id);
  object.text(names.event_name, event.name);
  object.text(names.event_version, kEventVersion);
  object.name("metadata");
  append_metadata(out, event, step, names);
  object.name("payload");
  append_payload(out, event);
  object.close();
}

}  // namespace tasker::worker
