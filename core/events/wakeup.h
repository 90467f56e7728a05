// One thread sleeps, another wakes it: a futex, since that is the shortest way from one to the
// other.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/clock.h"

namespace tasker::events {

/// A deadline that never passes, in microseconds of Clock::monotonic_us().
inline constexpr std::int64_t kNever = INT64_MAX;

/// Signalled once and then for ever; a new wait takes a new object.
/// Threads: one waits, any one signals. signal() touches the object last with an atomic store, so
/// the waiting thread may destroy it as soon as its wait has returned true.
class Wakeup {
 public:
  Wakeup() = default;
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// True when signalled, false when `clock` has reached `deadline_us` first. A clock that stands
  /// still is asked again after as long as it had left to run.
  bool wait_until(const base::Clock& clock, std::int64_t deadline_us);

  /// Never blocks; enters the kernel only when the other thread sleeps.
  void signal();

 private:
  std::atomic<std::uint32_t> state_{0};
};

}  // namespace tasker::events
