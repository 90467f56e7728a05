// Where a coroutine goes on after a wait, and who ends a wait whose deadline has passed.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>

namespace tasker::events {

/// Threads: any, for all calls.
class Scheduler {
 public:
  using TimerId = std::uint64_t;

  virtual ~Scheduler() = default;

  /// Resumes `coroutine` soon, on a thread of the scheduler. A coroutine is posted at most once at
  /// a time, so what waits here is bounded by the number of coroutines. Does not throw.
  virtual void post(std::coroutine_handle<> coroutine) = 0;

  /// Calls `on_deadline` once, when the scheduler's clock has reached `deadline_us`.
  virtual TimerId call_at(std::int64_t deadline_us, std::function<void()> on_deadline) = 0;

  /// After it has returned, the timer's function is not running and will not run; called from
  /// inside that function, it returns at once. An unknown id is passed over.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace tasker::events
