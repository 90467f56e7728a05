#include "core/events/subscription.h"

#include <algorithm>

#include "core/events/event_registry.h"
#include "core/events/publish_frame.h"

namespace tasker::events {
namespace {

// One wait of a condition; longer ones are several.
constexpr std::int64_t kWaitUsMax = 3'600'000'000;

}  // namespace

SubscriptionCounters SubscriptionState::counters() const {
  SubscriptionCounters counters{.failures = failures, .lost = missed};
  if (queue != nullptr) {
    counters.queue = queue->counters();
    counters.delivered = counters.queue.received;
    counters.lost += counters.queue.dropped + counters.queue.returned;
    // A try at a full queue that waits is followed by the wait, and no loss by itself.
    if (queue->full_policy() == FullPolicy::kRefuse) counters.lost += counters.queue.refused;
  }
  return counters;
}

void SubscriptionState::mark_ended() {
  base::Lock lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

bool SubscriptionState::ended() const {
  base::Lock lock(mutex_);
  return ended_;
}

bool SubscriptionState::wait_ended(const base::Clock& clock, std::int64_t deadline_us) {
  base::Lock lock(mutex_);
  while (!ended_) {
    const std::int64_t now_us = clock.monotonic_us();
    if (now_us >= deadline_us) return false;
    ended_changed_.wait_for(mutex_, std::min(deadline_us - now_us, kWaitUsMax),
                            [this]() TASKER_REQUIRES(mutex_) { return ended_; });
  }
  return true;
}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
    registry_ = std::move(other.registry_);
    clock_ = other.clock_;
  }
  return *this;
}

void Subscription::cancel() {
  if (state_ == nullptr || state_->cancelled.exchange(true)) return;
  if (state_->queue != nullptr) state_->queue->close_receiving();
  if (const auto registry = registry_.lock()) registry->remove(*state_);
}

base::Status Subscription::cancel_and_wait(std::int64_t deadline_us) {
  if (state_ == nullptr) return {};
  cancel();
  const auto registry = registry_.lock();
  const bool inside = state_->queue != nullptr
                          ? state_->delivering_thread.load() == std::this_thread::get_id()
                          : registry != nullptr && PublishFrame::depth_in(registry.get()) > 0;
  if (inside) {
    return base::fail(base::ErrorCode::kINVALID_STATE, "a listener can not wait for its own end");
  }
  if (state_->wait_ended(*clock_, deadline_us)) return {};
  return base::fail(base::ErrorCode::kTIMED_OUT,
                    "the listener of " + state_->pattern + " was still running at the deadline");
}

SubscriptionCounters Subscription::counters() const {
  return state_ != nullptr ? state_->counters() : SubscriptionCounters{};
}

}  // namespace tasker::events
