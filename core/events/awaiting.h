// A channel as coroutines use it: the same calls, but they suspend the coroutine where the
// channel's own would block the thread.
//
//   AwaitingOn<Job> jobs(channel, loop);
//   while (auto job = co_await jobs.recv()) …
//
// Where a coroutine goes on: with a scheduler, wherever that resumes it. Without one, on the thread
// that makes it ready, inside that thread's call (a send, a receive, a close, a stop request) after
// the channel's lock was let go; that caller should hold no lock of its own, and a coroutine is at
// most once on its stack. A wait that is over at once does not suspend.
//
// A coroutine that waits may not be destroyed: a close, a stop request or its deadline ends its
// wait.
#pragma once

#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

#include "core/events/channel.h"
#include "core/events/scheduler.h"

namespace tasker::events {

/// Of one wait: who resumes it and what may end it early.
struct AwaitOptions {
  Scheduler* scheduler = nullptr;
  std::int64_t deadline_us = kNever;  // needs a scheduler
  std::stop_token stop = {};
};

/// The part of a wait that ends it early. Armed before the waiter is queued and disarmed after it
/// was resumed, so that a late stop or timer finds the waiter alive, and settled.
template <class GiveUp>
class EarlyEnd {
 public:
  EarlyEnd() = default;
  EarlyEnd(const EarlyEnd&) = delete;
  EarlyEnd& operator=(const EarlyEnd&) = delete;

  void arm(const AwaitOptions& options, GiveUp give_up) {
    if (options.stop.stop_possible()) {
      give_up.why = ChannelStatus::kStopped;
      on_stop_.emplace(options.stop, give_up);
    }
    if (options.deadline_us != kNever) {
      give_up.why = ChannelStatus::kTimedOut;
      timer_ = options.scheduler->call_at(options.deadline_us, give_up);
    }
  }

  void disarm(const AwaitOptions& options) {
    on_stop_.reset();
    if (timer_) options.scheduler->cancel(*timer_);
  }

 private:
  std::optional<std::stop_callback<GiveUp>> on_stop_;
  std::optional<Scheduler::TimerId> timer_;
};

/// What `co_await` of a receive waits for; gives a Received<T>.
template <class T>
class [[nodiscard]] ReceiveAwaiter {
 public:
  ReceiveAwaiter(Channel<T>& channel, AwaitOptions options)
      : channel_(channel), options_(std::move(options)) {}

  bool await_ready() {
    const ChannelStatus status = channel_.take_one(waiter_.item);
    if (status == ChannelStatus::kEmpty) return false;
    waiter_.settle(status);
    return true;
  }

  bool await_suspend(std::coroutine_handle<> coroutine) {
    waiter_.set_coroutine(coroutine, options_.scheduler);
    began_us_ = channel_.clock_.monotonic_us();
    early_end_.arm(options_, {&channel_, &waiter_, &Channel<T>::receivers_, ChannelStatus::kOk});
    // Once it is queued another thread may resume the coroutine, and this object be gone.
    return channel_.enqueue_receiver(waiter_);
  }

  Received<T> await_resume() {
    early_end_.disarm(options_);
    if (began_us_) {
      ++channel_.receive_waits_;
      channel_.receive_wait_us_ += channel_.clock_.monotonic_us() - *began_us_;
    }
    if (waiter_.outcome() != ChannelStatus::kOk) return tl::unexpected(waiter_.outcome());
    return std::move(*waiter_.item);
  }

 private:
  Channel<T>& channel_;
  AwaitOptions options_;
  typename Channel<T>::ReceiveWaiter waiter_;
  EarlyEnd<typename Channel<T>::GiveUp> early_end_;
  std::optional<std::int64_t> began_us_;
};

/// What `co_await` of a send waits for; gives a ChannelStatus. Unless that is kOk, the item is
/// destroyed with the awaiter.
template <class T>
class [[nodiscard]] SendAwaiter {
 public:
  SendAwaiter(Channel<T>& channel, T&& item, AwaitOptions options)
      : channel_(channel), item_(std::move(item)), options_(std::move(options)) {
    waiter_.next = &item_;
    waiter_.end = &item_ + 1;
  }
  SendAwaiter(const SendAwaiter&) = delete;
  SendAwaiter& operator=(const SendAwaiter&) = delete;

  bool await_ready() {
    const bool waits = channel_.full_policy() == FullPolicy::kWait;
    const ChannelStatus status = channel_.place_one(item_, !waits);
    if (status == ChannelStatus::kFull && waits) return false;
    waiter_.settle(status);
    return true;
  }

  bool await_suspend(std::coroutine_handle<> coroutine) {
    waiter_.set_coroutine(coroutine, options_.scheduler);
    began_us_ = channel_.clock_.monotonic_us();
    early_end_.arm(options_, {&channel_, &waiter_, &Channel<T>::senders_, ChannelStatus::kOk});
    // As in ReceiveAwaiter.
    return channel_.enqueue_sender(waiter_);
  }

  ChannelStatus await_resume() {
    early_end_.disarm(options_);
    if (began_us_) {
      ++channel_.send_waits_;
      channel_.send_wait_us_ += channel_.clock_.monotonic_us() - *began_us_;
    }
    return waiter_.outcome();
  }

 private:
  Channel<T>& channel_;
  T item_;
  AwaitOptions options_;
  typename Channel<T>::SendWaiter waiter_;
  EarlyEnd<typename Channel<T>::GiveUp> early_end_;
  std::optional<std::int64_t> began_us_;
};

/// A coroutine's view of a channel; coroutines go on where they become ready. Its waits have no
/// deadline, for want of a timer: end them by `stop`, or use AwaitingOn. Borrows the channel and
/// copies freely. The results are those of the channel's calls of the same names. Threads: any.
template <class T>
class Awaiting {
 public:
  explicit Awaiting(Channel<T>& channel, std::stop_token stop = {})
      : channel_(&channel), stop_(std::move(stop)) {}

  ReceiveAwaiter<T> recv() const { return {*channel_, {.stop = stop_}}; }
  SendAwaiter<T> send(T item) const { return {*channel_, std::move(item), {.stop = stop_}}; }

 private:
  Channel<T>* channel_;
  std::stop_token stop_;
};

/// As Awaiting; coroutines go on by `scheduler`, which is borrowed too. Deadlines are of its clock.
template <class T>
class AwaitingOn {
 public:
  AwaitingOn(Channel<T>& channel, Scheduler& scheduler, std::stop_token stop = {})
      : channel_(&channel), scheduler_(&scheduler), stop_(std::move(stop)) {}

  ReceiveAwaiter<T> recv() const { return recv_until(kNever); }
  ReceiveAwaiter<T> recv_until(std::int64_t deadline_us) const {
    return {*channel_, options(deadline_us)};
  }
  SendAwaiter<T> send(T item) const { return send_until(std::move(item), kNever); }
  SendAwaiter<T> send_until(T item, std::int64_t deadline_us) const {
    return {*channel_, std::move(item), options(deadline_us)};
  }

 private:
  AwaitOptions options(std::int64_t deadline_us) const {
    return {.scheduler = scheduler_, .deadline_us = deadline_us, .stop = stop_};
  }

  Channel<T>* channel_;
  Scheduler* scheduler_;
  std::stop_token stop_;
};

}  // namespace tasker::events
