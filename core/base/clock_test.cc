#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace tasker::base {
namespace {

TEST(SystemClock, WallTimeIsMicrosecondsSince1970) {
  const SystemClock clock;
  constexpr std::int64_t kYear2025Us = 1'735'689'600'000'000;
  constexpr std::int64_t kYear2200Us = 7'258'118'400'000'000;
  EXPECT_GT(clock.wall_us(), kYear2025Us);
  EXPECT_LT(clock.wall_us(), kYear2200Us);
}

TEST(SystemClock, MonotonicTimeNeverGoesBackAndMovesOn) {
  const SystemClock clock;
  const std::int64_t start = clock.monotonic_us();
  std::int64_t last = start;
  for (int i = 0; i < 10'000'000 && last == start; ++i) {
    const std::int64_t now = clock.monotonic_us();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, start);
}

}  // namespace
}  // namespace tasker::base
