// The side of event delivery that faces the front end; event_delivery_commits.cc has the other.
#include "core/worker/event_delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/engine/retry.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Status;
using Kind = store::DeliveryEnd::Kind;

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;

Status unknown(const base::Uuid& delivery_id) {
  return fail(ErrorCode::kUNKNOWN_EVENT,
              fmt::format("delivery {} is not out: it was ended, timed out or was given up",
                          delivery_id.text()),
              "delivery_id");
}

}  // namespace

EventDelivery::EventDelivery(EventDeliveryParts parts)
    : metrics_(parts.metrics),
      logger_(parts.logger),
      clock_(parts.clock),
      wake_(std::move(parts.wake)),
      random_(base::Random::from_system()) {}

std::size_t EventDelivery::poll(std::size_t max, std::vector<std::string>& out) {
  std::size_t taken = 0;
  bool has_deadline = false;
  {
    Lock lock(mutex_);
    const std::int64_t now_us = clock_.monotonic_us();
    for (; taken < max && !items_.empty(); ++taken) {
      Item& item = items_.front();
      if (const auto found = out_.find(item.delivery_id); found != out_.end()) {
        const Subscriber* subscriber = find(found->second.subscriber);
        if (subscriber != nullptr) {
          found->second.deadline_us =
              now_us + std::int64_t{subscriber->wanted.timeout_ms} * kMicrosPerMs;
          has_deadline = true;
        }
      }
      out.push_back(std::move(item.text));
      items_.pop_front();
    }
    if (items_.empty()) announced_ = false;
  }
  if (has_deadline) on_earlier_deadline_();
  return taken;
}

Status EventDelivery::acknowledge(const base::Uuid& delivery_id) {
  {
    Lock lock(mutex_);
    const auto found = out_.find(delivery_id);
    if (found == out_.end()) return unknown(delivery_id);
    end(found->second, Kind::kAcknowledged, 0, {});
    forget(found);
  }
  on_work_();
  return {};
}

Status EventDelivery::fail_delivery(const base::Uuid& delivery_id, const DeliveryFailure& failure) {
  {
    Lock lock(mutex_);
    const auto found = out_.find(delivery_id);
    if (found == out_.end()) return unknown(delivery_id);
    end_failed(found->second, failure);
    forget(found);
  }
  write_remarks();
  on_work_();
  return {};
}

void EventDelivery::end(const Out& out, Kind kind, std::int64_t due_at_us, std::string error_json) {
  store::DeliveryEnd ended;
  ended.subscriber = out.subscriber;
  ended.number = out.number;
  ended.attempt = out.attempt;
  ended.kind = kind;
  ended.due_at_us = due_at_us;
  ended.error_json = std::move(error_json);
  ends_.push_back(std::move(ended));
  if (Subscriber* subscriber = find(out.subscriber)) {
    --subscriber->out;
    subscriber->take = true;
  }
}

std::map<base::Uuid, EventDelivery::Out>::iterator EventDelivery::forget(
    std::map<base::Uuid, Out>::iterator at) {
  const auto next = out_.erase(at);
  if (out_.empty()) idle_.notify_all();
  return next;
}

void EventDelivery::end_failed(const Out& out, const DeliveryFailure& failure) {
  const Subscriber* subscriber = find(out.subscriber);
  const bool is_last = subscriber == nullptr || out.attempt >= subscriber->wanted.max_attempts;
  const bool is_dead = is_last || !failure.retryable;
  remarks_.push_back({is_dead ? base::LogLevel::kError : base::LogLevel::kWarn,
                      is_dead ? "a durable event was not delivered: it is dead"
                              : "a durable event is delivered again later",
                      out.name, out.number, out.attempt, failure.error_json});
  if (is_dead) return end(out, Kind::kDead, 0, failure.error_json);
  model::RetryPolicy policy;
  policy.backoff = model::Backoff::kExponential;
  policy.backoff_base_ms = subscriber->wanted.backoff_base_ms;
  policy.max_backoff_ms = subscriber->wanted.backoff_max_ms;
  const std::int64_t delay_ms = engine::retry_delay_ms(policy, out.attempt, std::nullopt, random_);
  end(out, Kind::kRetry, clock_.wall_us() + delay_ms * kMicrosPerMs, failure.error_json);
}

void EventDelivery::write_remarks() {
  std::vector<Remark> remarks;
  {
    Lock lock(mutex_);
    remarks.swap(remarks_);
  }
  for (const Remark& remark : remarks) {
    if (remark.number == 0) {
      logger_.log(remark.level, "worker", remark.message,
                  {{"subscriber", std::string_view(remark.subscriber)}});
      continue;
    }
    logger_.log(remark.level, "worker", remark.message,
                {{"subscriber", std::string_view(remark.subscriber)},
                 {"number", static_cast<std::int64_t>(remark.number)},
                 {"attempt", std::int64_t{remark.attempt}},
                 {"error", std::string_view(remark.error_json)}});
  }
}

bool EventDelivery::announce_again() {
  Lock lock(mutex_);
  announced_ = !items_.empty();
  return announced_;
}

bool EventDelivery::announced() const {
  Lock lock(mutex_);
  return announced_;
}

bool EventDelivery::has(std::string_view subscriber) const {
  Lock lock(mutex_);
  return subscribers_.contains(subscriber);
}

std::int64_t EventDelivery::tick() {
  bool has_work = false;
  bool wakes = false;
  std::int64_t next_us = 0;
  const auto earlier = [&](std::int64_t at_us) {
    if (next_us == 0 || at_us < next_us) next_us = at_us;
  };
  {
    Lock lock(mutex_);
    const std::int64_t now_us = clock_.monotonic_us();
    for (auto at = out_.begin(); at != out_.end();) {
      if (at->second.deadline_us == 0 || at->second.deadline_us > now_us) {
        if (at->second.deadline_us != 0) earlier(at->second.deadline_us);
        ++at;
        continue;
      }
      add_revoked(at->first, at->second.name, "timeout");
      end_failed(at->second, make_delivery_failure("the subscriber did not acknowledge in time",
                                                   "timeout", true));
      at = forget(at);
      has_work = true;
    }
    const std::int64_t wall_us = clock_.wall_us();
    for (auto& [name, subscriber] : subscribers_) {
      if (subscriber.next_due_us == 0) continue;
      if (subscriber.next_due_us > wall_us) {
        earlier(now_us + (subscriber.next_due_us - wall_us));
        continue;
      }
      subscriber.next_due_us = 0;
      subscriber.take = true;
      has_work = true;
    }
    if (has_work) wakes = announce();
  }
  if (has_work) write_remarks();
  if (has_work) on_work_();
  if (wakes) wake_();
  return next_us;
}

void EventDelivery::close() {
  Lock lock(mutex_);
  closed_ = true;
  // What waits here stays out in the store until the subscribers are released.
  for (const Item& item : items_) {
    const auto found = out_.find(item.delivery_id);
    if (found == out_.end()) continue;
    if (Subscriber* subscriber = find(found->second.subscriber)) --subscriber->out;
    out_.erase(found);
  }
  std::erase_if(items_, [](const Item& item) { return item.is_event; });
  if (out_.empty()) idle_.notify_all();
}

bool EventDelivery::wait_idle(std::int64_t timeout_us) {
  Lock lock(mutex_);
  idle_.wait_for(mutex_, timeout_us,
                 [this]() TASKER_REQUIRES(mutex_) { return out_.empty() || abandoned_; });
  return out_.empty();
}

void EventDelivery::abandon() {
  Lock lock(mutex_);
  abandoned_ = true;
  idle_.notify_all();
}

EventDelivery::Subscriber* EventDelivery::find(model::SubscriberId id) {
  for (auto& [name, subscriber] : subscribers_)
    if (subscriber.id == id) return &subscriber;
  return nullptr;
}

void EventDelivery::add_revoked(const base::Uuid& delivery_id, std::string_view name,
                                std::string_view reason) {
  // One that no handler has seen is taken back in silence.
  const auto waiting = std::find_if(items_.begin(), items_.end(), [&](const Item& item) {
    return item.is_event && item.delivery_id == delivery_id;
  });
  if (waiting != items_.end()) {
    items_.erase(waiting);
    return;
  }
  Item& item = items_.emplace_back();
  item.delivery_id = delivery_id;
  JsonObject object(item.text);
  object.text("kind", "revoked");
  object.uuid("delivery_id", delivery_id);
  object.text("subscriber", name);
  object.text("reason", reason);
  object.close();
}

void EventDelivery::revoke(Subscriber& subscriber, std::string_view reason) {
  for (auto at = out_.begin(); at != out_.end();) {
    if (at->second.subscriber != subscriber.id) {
      ++at;
      continue;
    }
    add_revoked(at->first, at->second.name, reason);
    at = out_.erase(at);
  }
  subscriber.out = 0;
  if (out_.empty()) idle_.notify_all();
}

bool EventDelivery::announce() { return !items_.empty() && !std::exchange(announced_, true); }

}  // namespace tasker::worker
