#include "core/worker/domain_event_publisher.h"

#include <fmt/format.h>

#include <string_view>

#include "core/worker/event_builder.h"
#include "core/worker/step_document.h"

namespace tasker::worker {
namespace {

using base::Lock;
using base::LogLevel;

const model::StepTemplate& step_of(const Dispatched& dispatched) {
  return dispatched.compiled->stored.body.steps[dispatched.claim.template_step];
}

/// A failure is retryable when the step runs again, permanent when it does not: because it said so,
/// or because no attempt is left.
bool holds(std::string_view condition, model::StepState next) {
  if (condition == "always") return true;
  if (condition == "success") return next == model::StepState::kComplete;
  if (condition == "failure") return next != model::StepState::kComplete;
  if (condition == "retryable_failure") return next == model::StepState::kWaitingForRetry;
  return condition == "permanent_failure" && next == model::StepState::kError;
}

bool is_in_process(const model::PublishedEvent& event) {
  return event.delivery_mode == "fast" || event.delivery_mode == "broadcast";
}

std::string document_of(const Dispatched& dispatched, const store::Completion& completion,
                        const std::string& result_json, std::int64_t now_us) {
  store::StepRecord step;
  step.state = completion.next;
  step.claimed_at_us = completion.started_at_us;
  step.completed_at_us = now_us;
  step.execution_us = completion.execution_us;
  step.result_json = result_json;
  step.error_json = completion.error_json;
  step.metadata_json = completion.metadata_json;
  return step_document(base::derive_uuid(dispatched.task_uuid, dispatched.claim.step.index), step);
}

}  // namespace

DomainEventPublisher::DomainEventPublisher(const PublisherParts& parts)
    : ring_(parts.ring),
      dispatcher_(parts.dispatcher),
      metrics_(parts.metrics),
      logger_(parts.logger),
      clock_(parts.clock),
      random_(base::Random::from_system()) {}

bool DomainEventPublisher::is_asked(const Dispatched& dispatched) const {
  return ring_.is_kept() && !step_of(dispatched).publishes_events.empty();
}

std::shared_ptr<const DomainEventPublisher::Schemas> DomainEventPublisher::schemas_of(
    const Dispatched& dispatched) {
  const std::pair key{dispatched.claim.template_id, dispatched.claim.template_step};
  {
    Lock lock(mutex_);
    if (const auto known = schemas_.find(key); known != schemas_.end()) return known->second;
  }
  auto compiled = std::make_shared<Schemas>();
  for (const model::PublishedEvent& event : step_of(dispatched).publishes_events)
    compiled->push_back(base::JsonSchema::compile(event.schema_json));
  Lock lock(mutex_);
  return schemas_.emplace(key, std::move(compiled)).first->second;
}

bool DomainEventPublisher::fits(const Dispatched& dispatched, std::uint32_t declaration,
                                std::string_view result_json) {
  const auto& schema = (*schemas_of(dispatched))[declaration];
  std::string path;
  std::string reason;
  if (schema) {
    const std::vector<base::SchemaMismatch> mismatches = schema->validate(result_json);
    if (mismatches.empty()) return true;
    path = mismatches[0].path;
    reason = mismatches[0].reason;
  } else {
    reason = schema.error().message;
  }
  metrics_.domain_event_refused();
  const model::StepTemplate& step = step_of(dispatched);
  logger_.log(LogLevel::kWarn, "worker",
              "a domain event was not published: its payload does not fit its schema",
              {{"event", std::string_view(step.publishes_events[declaration].name)},
               {"step", std::string_view(step.name)},
               {"path", std::string_view(path)},
               {"reason", std::string_view(reason)}});
  return false;
}

std::unique_ptr<PreparedPublication> DomainEventPublisher::prepare(
    const Dispatched& dispatched, const store::Completion& completion, std::string result_json) {
  const auto& events = step_of(dispatched).publishes_events;
  std::vector<std::uint32_t> declarations;
  for (std::uint32_t i = 0; i < events.size(); ++i)
    if (is_in_process(events[i]) && holds(events[i].condition, completion.next) &&
        fits(dispatched, i, result_json))
      declarations.push_back(i);
  if (declarations.empty()) return nullptr;
  auto prepared = std::make_unique<PreparedPublication>();
  prepared->dispatched = dispatched;
  prepared->declarations = std::move(declarations);
  prepared->document_json = document_of(dispatched, completion, result_json, clock_.wall_us());
  prepared->result_json = std::move(result_json);
  return prepared;
}

void DomainEventPublisher::fire(PreparedPublication& prepared, EventBuilder& builder,
                                store::Reader& reader) {
  auto step = builder.build_again(prepared.dispatched, reader);
  if (!step) {
    logger_.log(LogLevel::kError, "worker", "domain events were not published",
                {{"code", base::code_name(step.error().code)},
                 {"error", std::string_view(step.error().message)}});
    return;
  }
  auto publication = std::make_shared<Publication>();
  publication->step = std::move(*step);
  publication->result_json = std::move(prepared.result_json);
  publication->document_json = std::move(prepared.document_json);
  const std::int64_t now_us = clock_.wall_us();
  std::vector<DomainEvent> events;
  for (const std::uint32_t declaration : prepared.declarations)
    events.push_back(
        {base::make_uuid_v7(now_us / 1'000, random_), publication, declaration, now_us});
  const std::size_t count = events.size();
  const DomainEventRing::Added added = ring_.add(std::move(events));
  metrics_.domain_events(count, added.dropped);
  if (added.first_dropped)
    logger_.log(LogLevel::kWarn, "worker",
                "domain events are not read fast enough: the oldest are dropped",
                {{"kept", static_cast<std::int64_t>(DomainEventRing::kEventsMax)}});
  if (added.announce) dispatcher_.wake();
}

}  // namespace tasker::worker
