// Randomness as a parameter, so that a seeded run repeats itself.
#pragma once

#include <array>
#include <cstdint>

namespace tasker::base {

/// xoshiro256** seeded by splitmix64. Fast and good enough for ids, jitter and schedules; not for
/// secrets. Threads: one at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  /// All 256 bits of state from the operating system.
  static Random from_system();

  std::uint64_t next();
  /// Uniform in [0, bound); 0 when bound is 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double unit();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace tasker::base
