#include "core/worker/domain_event_publisher.h"

#include <fmt/format.h>

#include <algorithm>
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

bool is_in_process(std::string_view delivery_mode) {
  return delivery_mode == "fast" || delivery_mode == "broadcast";
}
bool is_durable(std::string_view delivery_mode) {
  return delivery_mode == "durable" || delivery_mode == "broadcast";
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
  const auto& events = step_of(dispatched).publishes_events;
  if (events.empty()) return false;
  return ring_.is_kept() || std::any_of(events.begin(), events.end(), [](const auto& event) {
           return is_durable(event.delivery_mode);
         });
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

std::vector<DomainEventPublisher::Chosen> DomainEventPublisher::choose(
    const Dispatched& dispatched, model::StepState next, std::string_view result_json,
    std::vector<engine::HandlerEvent> own) {
  std::vector<Chosen> chosen;
  const auto& declared = step_of(dispatched).publishes_events;
  std::vector<bool> is_replaced(declared.size());
  for (engine::HandlerEvent& event : own) {
    const auto declaration =
        std::find_if(declared.begin(), declared.end(),
                     [&](const model::PublishedEvent& known) { return known.name == event.name; });
    const bool is_declared = declaration != declared.end();
    const auto index = static_cast<std::uint32_t>(declaration - declared.begin());
    if (is_declared) is_replaced[index] = true;
    if (!event.condition) event.condition = is_declared ? declaration->condition : "success";
    if (!event.delivery_mode)
      event.delivery_mode = is_declared ? declaration->delivery_mode : "durable";
    if (!holds(*event.condition, next)) continue;
    if (is_declared && !fits(dispatched, index, event.payload_json)) continue;
    chosen.push_back({is_declared ? &*declaration : nullptr, std::move(event)});
  }
  for (std::uint32_t i = 0; i < declared.size(); ++i) {
    const model::PublishedEvent& event = declared[i];
    if (is_replaced[i] || !holds(event.condition, next)) continue;
    if (!is_durable(event.delivery_mode) && !ring_.is_kept()) continue;
    if (fits(dispatched, i, result_json))
      chosen.push_back({&event, {event.name, "", event.condition, event.delivery_mode}});
  }
  return chosen;
}

base::Uuid DomainEventPublisher::new_event_id(std::int64_t now_us) {
  Lock lock(mutex_);
  return base::make_uuid_v7(now_us / 1'000, random_);
}

std::unique_ptr<PreparedPublication> DomainEventPublisher::prepare(
    const Dispatched& dispatched, store::Completion& completion, std::string result_json,
    std::vector<engine::HandlerEvent> own) {
  std::vector<Chosen> chosen = choose(dispatched, completion.next, result_json, std::move(own));
  if (chosen.empty()) return nullptr;
  const std::int64_t now_us = clock_.wall_us();
  const bool is_complete = completion.next == model::StepState::kComplete;
  const bool has_reader = ring_.is_kept();
  std::string document;
  if (!is_complete || has_reader)
    document = document_of(dispatched, completion, result_json, now_us);
  std::vector<DomainEvent> in_process;
  for (Chosen& one : chosen) {
    const base::Uuid id = new_event_id(now_us);
    const std::string_view publisher = publisher_of(step_of(dispatched), one.declaration);
    engine::HandlerEvent& event = one.event;
    if (has_reader && is_in_process(*event.delivery_mode))
      in_process.push_back(
          {id, nullptr, event.name, std::string(publisher), event.payload_json, now_us});
    if (!is_durable(*event.delivery_mode)) continue;
    if (event.payload_json.empty() && !is_complete) event.payload_json = result_json;
    completion.events.push_back(
        {id, std::move(event.name), std::string(publisher), dispatched.claim.template_id,
         dispatched.claim.template_step, dispatched.claim.claimed_at_us, now_us,
         std::move(event.payload_json), is_complete ? std::string() : document});
  }
  if (in_process.empty()) return nullptr;
  auto prepared = std::make_unique<PreparedPublication>();
  prepared->dispatched = dispatched;
  prepared->events = std::move(in_process);
  prepared->document_json = std::move(document);
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
  std::vector<DomainEvent> events = std::move(prepared.events);
  for (DomainEvent& event : events) event.publication = publication;
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
