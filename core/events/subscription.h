// A subscription to events: how it is counted and ended.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "core/events/channel.h"
#include "core/events/event.h"

namespace tasker::events {

class EventRegistry;

/// The queue of one subscriber.
struct QueueOptions {
  ChannelOptions queue = {};
  /// How long a publish waits for room with the policy kWait, in µs, 0 or more; the event is lost
  /// to this subscriber after that.
  std::int64_t wait_us_max = 30'000'000;
  /// Called by the publishing thread when an event is in the queue; returns soon and does not
  /// throw. May still be called for a while after the subscription was cancelled.
  std::function<void()> on_arrival = {};
};

struct SubscriptionCounters {
  std::uint64_t failures = 0;   ///< calls that threw
  std::uint64_t delivered = 0;  ///< calls of a queued listener, and events taken from a queue
  std::uint64_t lost = 0;  ///< refused, dropped, not waited for, or inside when it was cancelled
  ChannelCounters queue = {};  ///< of a queued subscriber
};

/// What a subscription, the bus and a delivery know of each other. Threads: any.
class SubscriptionState {
 public:
  /// Without a queue: synchronous.
  SubscriptionState(std::string chosen, std::unique_ptr<Channel<QueuedEvent>> own_queue,
                    std::function<void()> arrival = {})
      : pattern(std::move(chosen)), queue(std::move(own_queue)), on_arrival(std::move(arrival)) {}

  SubscriptionCounters counters() const;

  void mark_ended() TASKER_EXCLUDES(mutex_);
  bool ended() const TASKER_EXCLUDES(mutex_);
  bool wait_ended(const base::Clock& clock, std::int64_t deadline_us) TASKER_EXCLUDES(mutex_);

  const std::string pattern;
  const std::unique_ptr<Channel<QueuedEvent>> queue;
  const std::function<void()> on_arrival;
  std::atomic<bool> cancelled{false};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> missed{0};  // not waited for long enough, or the bus was closing
  std::atomic<std::thread::id> delivering_thread{};

 private:
  mutable base::Mutex mutex_;
  base::Condition ended_changed_;
  bool ended_ TASKER_GUARDED_BY(mutex_) = false;
};

/// Keeps a listener until nobody can call it any more, and then says so.
class ListenerOwner {
 public:
  ListenerOwner(Listener listener, std::shared_ptr<SubscriptionState> state)
      : listener_(std::move(listener)), state_(std::move(state)) {}
  ListenerOwner(const ListenerOwner&) = delete;
  ListenerOwner& operator=(const ListenerOwner&) = delete;
  ~ListenerOwner() {
    listener_ = nullptr;
    state_->mark_ended();
  }

  const Listener& listener() const { return listener_; }

 private:
  Listener listener_;
  std::shared_ptr<SubscriptionState> state_;
};

/// One entry of the bus.
struct Subscriber {
  std::shared_ptr<SubscriptionState> state;
  std::shared_ptr<ListenerOwner> owner;  // of a synchronous one
  std::int64_t wait_us_max = 0;
};

/// What a publish leaves to be done: an event for a queue that is full and whose policy is to wait.
struct PendingSend {
  std::shared_ptr<SubscriptionState> state;
  QueuedEvent event;
  std::int64_t wait_us_max = 0;
};

/// The handle of a subscriber; it may outlive the bus. Destroying it cancels. Threads: one at a
/// time.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;
  Subscription(std::shared_ptr<SubscriptionState> state, std::weak_ptr<EventRegistry> registry,
               const base::Clock& clock)
      : state_(std::move(state)), registry_(std::move(registry)), clock_(&clock) {}
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription() { cancel(); }

  /// The listener is called for no publish that begins after this, and by no publish of this thread
  /// that is under way. A call on another thread may still run, or a publish there that has begun
  /// may still come to it. What is in its queue is thrown away and counted as lost. May be called
  /// from inside the listener. Never blocks.
  void cancel();

  /// cancel(), and waits until the listener is not running, will not run, and is destroyed.
  /// TIMED_OUT when the deadline (of the bus's clock) passes first; INVALID_STATE where it would
  /// wait for the calling thread: for a synchronous listener inside a publish of the bus, for a
  /// queued one inside its own call.
  base::Status cancel_and_wait(std::int64_t deadline_us);

  /// Zeros when it is empty.
  SubscriptionCounters counters() const;

  /// The queue of EventBus::open_queue, else nullptr; lives as long as this object.
  Channel<QueuedEvent>* queue() { return state_ != nullptr ? state_->queue.get() : nullptr; }

 private:
  std::shared_ptr<SubscriptionState> state_;
  std::weak_ptr<EventRegistry> registry_;
  const base::Clock* clock_ = nullptr;
};

}  // namespace tasker::events
