// Time as a parameter: the worker and the engine never ask the system clock themselves.
#pragma once

#include <cstdint>

namespace tasker::base {

/// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01 UTC. For stored timestamps and leases that several processes
  /// compare.
  virtual std::int64_t wall_us() const = 0;
  /// Microseconds of a clock that never goes back. For deadlines and durations inside one process.
  virtual std::int64_t monotonic_us() const = 0;
};

/// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  std::int64_t wall_us() const override;
  std::int64_t monotonic_us() const override;
};

}  // namespace tasker::base
