#include "core/events/run_loop.h"

#include <algorithm>

namespace tasker::events {
namespace {

// As long as nothing is due, one wait; keeps a deadline far away within the condition's range.
constexpr std::int64_t kWaitUsMax = 3'600'000'000;

}  // namespace

void RunLoop::run() {
  for (;;) {
    std::vector<std::coroutine_handle<>> ready;
    {
      base::Lock lock(mutex_);
      running_on_ = std::this_thread::get_id();
      wait_for_work();
      if (stop_) {
        stop_ = false;
        running_on_ = {};
        return;
      }
      ready.swap(posted_);
    }
    for (const auto& coroutine : ready) coroutine.resume();
    run_due_timers();
  }
}

// What is posted may be what lets the loop end and be destroyed, so nothing is touched after the
// lock.

void RunLoop::stop() {
  base::Lock lock(mutex_);
  stop_ = true;
  changed_.notify_one();
}

void RunLoop::post(std::coroutine_handle<> coroutine) {
  base::Lock lock(mutex_);
  posted_.push_back(coroutine);
  changed_.notify_one();
}

Scheduler::TimerId RunLoop::call_at(std::int64_t deadline_us, std::function<void()> on_deadline) {
  base::Lock lock(mutex_);
  const TimerId timer = ++last_timer_;
  timers_.emplace(TimerKey{deadline_us, timer}, std::move(on_deadline));
  changed_.notify_one();
  return timer;
}

void RunLoop::cancel(TimerId timer) {
  std::function<void()> removed;
  base::Lock lock(mutex_);
  const auto found = std::ranges::find_if(
      timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  if (found != timers_.end()) {
    removed = std::move(found->second);
    timers_.erase(found);
    return;
  }
  if (running_on_ == std::this_thread::get_id()) return;
  timer_ended_.wait(mutex_,
                    [this, timer]() TASKER_REQUIRES(mutex_) { return running_timer_ != timer; });
}

void RunLoop::wait_for_work() {
  for (;;) {
    if (stop_ || !posted_.empty()) return;
    std::int64_t wait_us = kWaitUsMax;
    if (!timers_.empty()) {
      const std::int64_t due_us = timers_.begin()->first.first;
      const std::int64_t now_us = clock_.monotonic_us();
      if (due_us <= now_us) return;
      wait_us = std::min(wait_us, due_us - now_us);
    }
    const auto first = timers_.empty() ? TimerKey{} : timers_.begin()->first;
    changed_.wait_for(mutex_, wait_us, [this, first]() TASKER_REQUIRES(mutex_) {
      return stop_ || !posted_.empty() ||
             (timers_.empty() ? TimerKey{} : timers_.begin()->first) != first;
    });
  }
}

void RunLoop::run_due_timers() {
  for (;;) {
    std::function<void()> on_deadline;
    {
      base::Lock lock(mutex_);
      if (timers_.empty() || timers_.begin()->first.first > clock_.monotonic_us()) return;
      running_timer_ = timers_.begin()->first.second;
      on_deadline = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
    }
    on_deadline();
    base::Lock lock(mutex_);
    running_timer_ = 0;
    timer_ended_.notify_all();
  }
}

}  // namespace tasker::events
