// The side of event delivery that faces the store writer: subscribers, takes and ends.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/json.h"
#include "core/events/event_pattern.h"
#include "core/worker/domain_event.h"
#include "core/worker/event_builder.h"
#include "core/worker/event_delivery.h"
#include "core/worker/json_writer.h"
#include "core/worker/step_document.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::LogLevel;
using base::Result;
using base::Status;
using Kind = store::DeliveryEnd::Kind;

namespace {

store::SubscriberSettings settings_of(const EventSubscription& wanted) {
  store::SubscriberSettings settings;
  settings.name = wanted.subscriber;
  append_json_array(settings.patterns_json, wanted.events, [&](const std::string& text) {
    base::append_json_string(settings.patterns_json, text);
  });
  settings.from_oldest = wanted.from_oldest;
  settings.in_flight_max = wanted.in_flight_max;
  settings.max_attempts = wanted.max_attempts;
  return settings;
}

}  // namespace

void EventDelivery::note_held(Subscriber& subscriber, bool is_held) {
  if (subscriber.is_held == is_held) return;
  subscriber.is_held = is_held;
  subscriber.take = is_held;
  subscriber.seen = 0;
  subscriber.next_due_us = 0;
  remarks_.push_back(
      {LogLevel::kInfo,
       is_held ? "a subscriber's events come here" : "a subscriber's events go elsewhere",
       subscriber.wanted.subscriber,
       0,
       0,
       {}});
}

Status EventDelivery::subscribe(store::Store& store, model::WorkerId worker,
                                EventSubscription subscription) {
  if (has(subscription.subscriber))
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("subscriber \"{}\" has a subscription in this worker already",
                            base::shown(subscription.subscriber)),
                "subscriber");
  auto id = store.put_subscriber(settings_of(subscription), clock_.wall_us());
  if (!id) return fail(id.error());
  auto is_held = store.acquire_subscriber(*id, worker, clock_.wall_us());
  if (!is_held) return fail(is_held.error());
  Subscriber subscriber;
  subscriber.id = *id;
  subscriber.patterns = std::make_shared<const std::vector<std::string>>(subscription.events);
  subscriber.wanted = std::move(subscription);
  {
    Lock lock(mutex_);
    const auto [place, added] =
        subscribers_.emplace(subscriber.wanted.subscriber, std::move(subscriber));
    note_held(place->second, *is_held);
  }
  if (!*is_held)
    logger_.log(LogLevel::kInfo, "worker", "another worker has the subscriber: this one stands by",
                {});
  write_remarks();
  on_work_();
  return {};
}

Status EventDelivery::unsubscribe(store::Store& store, model::WorkerId worker,
                                  std::string_view subscriber) {
  model::SubscriberId id{};
  std::uint64_t seen = 0;
  bool is_held = false;
  bool wakes = false;
  {
    Lock lock(mutex_);
    const auto found = subscribers_.find(subscriber);
    if (found == subscribers_.end())
      return fail(ErrorCode::kNOT_FOUND,
                  fmt::format("no subscription of \"{}\" in this worker", base::shown(subscriber)),
                  "subscriber");
    id = found->second.id;
    seen = found->second.seen;
    is_held = found->second.is_held;
    revoke(found->second, "unsubscribed");
    subscribers_.erase(found);
    wakes = announce();
  }
  if (wakes) wake_();
  if (!is_held) return {};
  return store.release_subscriber(id, worker, seen);
}

void EventDelivery::release_all(store::Store& store, model::WorkerId worker) {
  std::vector<std::pair<model::SubscriberId, std::uint64_t>> held;
  bool wakes = false;
  {
    Lock lock(mutex_);
    for (auto& [name, subscriber] : subscribers_) {
      revoke(subscriber, "shutdown");
      if (subscriber.is_held) held.emplace_back(subscriber.id, subscriber.seen);
      note_held(subscriber, false);
    }
    wakes = announce();
  }
  write_remarks();
  if (wakes) wake_();
  for (const auto& [id, seen] : held)
    if (auto released = store.release_subscriber(id, worker, seen); !released)
      logger_.log(LogLevel::kWarn, "worker",
                  "a subscriber stays this worker's until its lease ends",
                  {{"error", std::string_view(released.error().message)}});
}

void EventDelivery::acquire(store::Store& store, model::WorkerId worker) {
  std::vector<EventSubscription> missing;
  {
    Lock lock(mutex_);
    if (closed_) return;
    for (const auto& [name, subscriber] : subscribers_)
      if (!subscriber.is_held) missing.push_back(subscriber.wanted);
  }
  for (const EventSubscription& wanted : missing) {
    Subscriber* subscriber = nullptr;
    model::SubscriberId id{};
    {
      Lock lock(mutex_);
      id = subscribers_.at(wanted.subscriber).id;
    }
    auto is_held = store.acquire_subscriber(id, worker, clock_.wall_us());
    if (!is_held && is_held.error().code == ErrorCode::kNOT_FOUND) {
      // Removed by hand meanwhile: who still listens registers it again.
      auto put = store.put_subscriber(settings_of(wanted), clock_.wall_us());
      if (!put) continue;
      id = *put;
      is_held = store.acquire_subscriber(id, worker, clock_.wall_us());
    }
    if (!is_held) {
      logger_.log(LogLevel::kWarn, "worker", "a subscriber can not be acquired",
                  {{"error", std::string_view(is_held.error().message)}});
      continue;
    }
    if (!*is_held) continue;
    Lock lock(mutex_);
    subscriber = &subscribers_.at(wanted.subscriber);
    subscriber->id = id;
    note_held(*subscriber, true);
  }
  write_remarks();
  look_again();
}

void EventDelivery::lose_all() {
  bool wakes = false;
  {
    Lock lock(mutex_);
    for (auto& [name, subscriber] : subscribers_) {
      if (!subscriber.is_held) continue;
      revoke(subscriber, "lease_lost");
      note_held(subscriber, false);
    }
    ends_.clear();
    wakes = announce();
  }
  write_remarks();
  if (wakes) wake_();
}

void EventDelivery::look_again() {
  bool has_work = false;
  {
    Lock lock(mutex_);
    for (auto& [name, subscriber] : subscribers_) {
      if (!subscriber.is_held) continue;
      subscriber.take = true;
      has_work = true;
    }
  }
  if (has_work) on_work_();
}

void EventDelivery::fill(store::WriteBatch& batch) {
  batch.delivery_ends.clear();
  batch.takes.clear();
  Lock lock(mutex_);
  for (store::DeliveryEnd& end : ends_) {
    end.worker = batch.budget.worker;
    batch.delivery_ends.push_back(std::move(end));
  }
  ends_.clear();
  if (closed_ || subscribers_.empty()) return;
  const bool has_events =
      std::any_of(batch.completions.begin(), batch.completions.end(),
                  [](const store::Completion& completion) { return !completion.events.empty(); });
  for (auto& [name, subscriber] : subscribers_) {
    subscriber.take |= has_events;
    if (!subscriber.is_held || !subscriber.take ||
        subscriber.out >= subscriber.wanted.in_flight_max)
      continue;
    subscriber.take = false;
    batch.takes.push_back({subscriber.id, batch.budget.worker, subscriber.seen,
                           [patterns = subscriber.patterns](std::string_view event) {
                             return std::any_of(patterns->begin(), patterns->end(),
                                                [event](const std::string& pattern) {
                                                  return events::event_matches(pattern, event);
                                                });
                           }});
  }
}

void EventDelivery::not_committed(store::WriteBatch& batch) {
  Lock lock(mutex_);
  for (auto end = batch.delivery_ends.rbegin(); end != batch.delivery_ends.rend(); ++end)
    ends_.push_front(std::move(*end));
  batch.delivery_ends.clear();
  for (const store::DeliveryTake& take : batch.takes)
    if (Subscriber* subscriber = find(take.subscriber)) subscriber->take = true;
}

void EventDelivery::committed(const store::WriteBatch& batch, store::WriteOutcome& outcome,
                              EventBuilder& builder, store::Reader& reader) {
  for (std::size_t i = 0; i < batch.delivery_ends.size(); ++i) {
    const Kind kind = batch.delivery_ends[i].kind;
    const bool is_fenced = outcome.delivery_ends[i] == store::CompletionOutcome::kFenced;
    metrics_.delivery_ended(is_fenced                     ? DeliveryOutcome::kFenced
                            : kind == Kind::kAcknowledged ? DeliveryOutcome::kAcknowledged
                            : kind == Kind::kRetry        ? DeliveryOutcome::kRetried
                                                          : DeliveryOutcome::kDead);
  }
  bool has_work = false;
  bool has_due = false;
  for (std::size_t i = 0; i < batch.takes.size(); ++i) {
    store::Taken& taken = outcome.taken[i];
    Subscriber copy;
    {
      Lock lock(mutex_);
      Subscriber* subscriber = find(batch.takes[i].subscriber);
      if (subscriber == nullptr) continue;
      if (!taken.is_held) {
        revoke(*subscriber, "lease_lost");
        note_held(*subscriber, false);
        continue;
      }
      subscriber->seen = taken.seen;
      subscriber->take |= taken.has_more;
      has_work |= taken.has_more;
      subscriber->next_due_us = taken.next_due_us.value_or(0);
      has_due |= taken.next_due_us.has_value();
      copy = *subscriber;
    }
    deliver(copy, taken, builder, reader);
  }
  bool wakes = false;
  {
    Lock lock(mutex_);
    has_work |= !ends_.empty();
    wakes = announce();
  }
  write_remarks();
  if (wakes) wake_();
  if (has_work) on_work_();
  if (has_due) on_earlier_deadline_();
}

Result<std::string> EventDelivery::document_of(const store::StoredEvent& stored,
                                               EventBuilder& builder, store::Reader& reader) {
  Dispatched dispatched;
  dispatched.claim.step = stored.step;
  dispatched.claim.template_id = stored.event.template_id;
  dispatched.claim.template_step = stored.event.template_step;
  dispatched.claim.attempt = stored.attempt;
  dispatched.claim.claimed_at_us = stored.event.claimed_at_us;
  auto step = builder.build_again(dispatched, reader);
  if (!step) return fail(step.error());
  auto publication = std::make_shared<Publication>();
  publication->step = std::move(*step);
  publication->document_json = stored.event.document_json;
  if (publication->document_json.empty()) {
    auto record = reader.load_step(stored.step);
    if (!record) return fail(record.error());
    publication->document_json =
        step_document(base::derive_uuid(publication->step.task->uuid, stored.step.index), *record);
    publication->result_json = std::move(record->result_json);
  }
  std::string out;
  append_domain_event_json(
      out,
      {stored.event.event_id, std::move(publication), stored.event.name, stored.event.publisher,
       stored.event.payload_json, stored.event.fired_at_us},
      DomainEventForm::kDurable);
  return out;
}

void EventDelivery::deliver(const Subscriber& subscriber, store::Taken& taken,
                            EventBuilder& builder, store::Reader& reader) {
  for (store::Delivery& delivery : taken.deliveries) {
    auto document = document_of(delivery.stored, builder, reader);
    Lock lock(mutex_);
    Subscriber* now = find(subscriber.id);
    if (now == nullptr || !now->is_held) return;
    ++now->out;
    Out out{subscriber.id, subscriber.wanted.subscriber, delivery.stored.number, delivery.attempt};
    if (!document) {
      end_failed(out, make_delivery_failure(document.error().message, "event_unreadable",
                                            base::code_retryable(document.error().code)));
      continue;
    }
    if (closed_) {
      --now->out;
      continue;
    }
    Item& item = items_.emplace_back();
    item.is_event = true;
    item.delivery_id = base::make_uuid_v4(random_);
    JsonObject object(item.text);
    object.text("kind", "event");
    object.uuid("delivery_id", item.delivery_id);
    object.text("subscriber", subscriber.wanted.subscriber);
    object.number("number", delivery.stored.number);
    object.number("attempt", delivery.attempt);
    object.number("max_attempts", subscriber.wanted.max_attempts);
    object.raw("event", *document);
    object.close();
    out_.emplace(item.delivery_id, std::move(out));
  }
}

}  // namespace tasker::worker
