// A clock that stands still until the test turns it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/clock.h"

namespace tasker::store::testing {

/// Threads: any.
class ManualClock final : public base::Clock {
 public:
  explicit ManualClock(std::int64_t wall_us = 1'700'000'000'000'000) : start_us_(wall_us) {}

  std::int64_t wall_us() const override { return start_us_ + passed_us_.load(); }
  std::int64_t monotonic_us() const override { return passed_us_.load(); }
  void advance(std::int64_t by_us) { passed_us_.fetch_add(by_us); }

 private:
  const std::int64_t start_us_;
  std::atomic<std::int64_t> passed_us_{0};
};

}  // namespace tasker::store::testing
