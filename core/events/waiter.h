// Those who wait at a channel, threads and coroutines alike, in the order in which they came.
//
// A waiter is settled once, under the channel's lock, by whoever takes it out of its list: a
// partner that moved its item, a close, its deadline or its stop token. It is woken after the lock
// was let go.
#pragma once

#include <coroutine>
#include <cstdint>

#include "core/events/channel_types.h"
#include "core/events/scheduler.h"
#include "core/events/wakeup.h"

namespace tasker::events {

class WaiterList;

/// Lives on the waiting thread's stack or in the coroutine's frame. Its members are guarded by the
/// channel's lock while it is in a list; before and after they belong to the one who waits.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Makes it a coroutine that goes on by `scheduler`, or without one on the thread that wakes it.
  void set_coroutine(std::coroutine_handle<> coroutine, Scheduler* scheduler) {
    coroutine_ = coroutine;
    scheduler_ = scheduler;
  }

  /// The last access to a settled waiter: it may be gone before this returns. A coroutine without
  /// a scheduler runs inside this call until it suspends again.
  void wake();

  /// For a waiting thread: see Wakeup::wait_until.
  bool wait_until(const base::Clock& clock, std::int64_t deadline_us) {
    return wakeup_.wait_until(clock, deadline_us);
  }

  bool queued() const { return queued_; }
  bool settled() const { return settled_; }
  ChannelStatus outcome() const { return outcome_; }
  void settle(ChannelStatus outcome) {
    settled_ = true;
    outcome_ = outcome;
  }

 private:
  friend class WaiterList;
  friend class WakeList;

  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  std::coroutine_handle<> coroutine_;
  Scheduler* scheduler_ = nullptr;
  Wakeup wakeup_;
  bool queued_ = false;
  bool settled_ = false;
  ChannelStatus outcome_ = ChannelStatus::kOk;
};

/// First in, first out; removal from the middle for those who give up.
class WaiterList {
 public:
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  Waiter* front() const { return first_; }
  void push_back(Waiter& waiter);
  void remove(Waiter& waiter);

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

/// Settled waiters that have to be woken as soon as the lock is free; its destructor does it.
/// Declare it before the lock.
class WakeList {
 public:
  WakeList() = default;
  WakeList(const WakeList&) = delete;
  WakeList& operator=(const WakeList&) = delete;
  ~WakeList() {
    if (first_ != nullptr) wake_all();
  }

  /// Takes the first waiter out of `list` and settles it.
  void settle_front(WaiterList& list, ChannelStatus outcome);
  void settle_all(WaiterList& list, ChannelStatus outcome);
  /// Does nothing when `waiter` is not in `list`, because somebody else settled it.
  void settle(WaiterList& list, Waiter& waiter, ChannelStatus outcome);

 private:
  void wake_all();

  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace tasker::events
