// A Scheduler that is one thread of the caller's: coroutines and timers run one after the other on
// the thread that is in run().
#pragma once

#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/events/scheduler.h"

namespace tasker::events {

/// Threads: run() by one at a time, the rest by any.
class RunLoop final : public Scheduler {
 public:
  /// `clock` outlives the loop.
  explicit RunLoop(const base::Clock& clock) : clock_(clock) {}
  RunLoop(const RunLoop&) = delete;
  RunLoop& operator=(const RunLoop&) = delete;

  /// Runs what was posted, in that order, and timers when they are due, until stop(). What is
  /// posted and not yet resumed when it returns is resumed by the next run().
  void run();

  /// Lets run() return after what it is doing now; a stop() before run() counts for the next one.
  void stop() TASKER_EXCLUDES(mutex_);

  void post(std::coroutine_handle<> coroutine) override TASKER_EXCLUDES(mutex_);
  TimerId call_at(std::int64_t deadline_us, std::function<void()> on_deadline) override
      TASKER_EXCLUDES(mutex_);
  void cancel(TimerId timer) override TASKER_EXCLUDES(mutex_);

 private:
  using TimerKey = std::pair<std::int64_t, TimerId>;

  void wait_for_work() TASKER_REQUIRES(mutex_);
  void run_due_timers() TASKER_EXCLUDES(mutex_);

  const base::Clock& clock_;

  base::Mutex mutex_;
  base::Condition changed_;
  base::Condition timer_ended_;
  std::vector<std::coroutine_handle<>> posted_ TASKER_GUARDED_BY(mutex_);
  std::map<TimerKey, std::function<void()>> timers_ TASKER_GUARDED_BY(mutex_);
  TimerId last_timer_ TASKER_GUARDED_BY(mutex_) = 0;
  TimerId running_timer_ TASKER_GUARDED_BY(mutex_) = 0;
  std::thread::id running_on_ TASKER_GUARDED_BY(mutex_);
  bool stop_ TASKER_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::events
