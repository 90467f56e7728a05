#include "core/base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace tasker::base {
namespace {

// Computed by an independent implementation of splitmix64 and xoshiro256**, as published.
TEST(Random, IsXoshiro256StarStarSeededBySplitmix64) {
  Random random(0);
  EXPECT_EQ(random.next(), 0x99EC5F36CB75F2B4U);
  EXPECT_EQ(random.next(), 0xBF6E1F784956452AU);
  EXPECT_EQ(random.next(), 0x1A5F849D4933E6E0U);
  Random other(42);
  EXPECT_EQ(other.next(), 0x15780B2E0C2EC716U);
}

TEST(Random, TheSameSeedRepeatsItself) {
  Random first(7);
  Random second(7);
  Random third(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = first.next();
    EXPECT_EQ(value, second.next());
    differs = differs || value != third.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, TwoFromTheSystemDiffer) {
  Random first = Random::from_system();
  Random second = Random::from_system();
  EXPECT_NE(first.next(), second.next());
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  Random random(1);
  for (const std::uint64_t bound : {1U, 2U, 3U, 7U, 10U}) {
    std::array<int, 10> counts{};
    for (int i = 0; i < 10'000; ++i) {
      const std::uint64_t value = random.below(bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    const int fair = 10'000 / static_cast<int>(bound);
    for (std::size_t value = 0; value < bound; ++value) {
      EXPECT_GT(counts[value], fair * 8 / 10) << value << " of " << bound;
      EXPECT_LT(counts[value], fair * 12 / 10 + 1) << value << " of " << bound;
    }
  }
}

TEST(Random, BelowIsFairForABoundThatDoesNotDivideTheRange) {
  // Without rejection, values under 2^62 would come twice as often as the others.
  constexpr std::uint64_t kBound = 3ULL << 62U;
  Random random(2);
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += random.below(kBound) < (1ULL << 62U) ? 1 : 0;
  EXPECT_NEAR(low, 10'000, 500);
}

TEST(Random, BelowOneOrNothingIsZero) {
  Random random(3);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_EQ(random.below(0), 0U);
}

TEST(Random, UnitIsUniformFromZeroToOne) {
  Random random(4);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

}  // namespace
}  // namespace tasker::base
