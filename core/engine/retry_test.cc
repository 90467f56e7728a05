#include "core/engine/retry.h"

#include <gtest/gtest.h>

#include <limits>

namespace tasker::engine {
namespace {

constexpr std::uint32_t kLastAttempt = std::numeric_limits<std::uint32_t>::max();

model::RetryPolicy policy(model::Backoff backoff, std::uint32_t base_ms, std::uint32_t max_ms) {
  model::RetryPolicy policy;
  policy.backoff = backoff;
  policy.backoff_base_ms = base_ms;
  policy.max_backoff_ms = max_ms;
  return policy;
}

std::int64_t delay(const model::RetryPolicy& policy, std::uint32_t attempt,
                   std::optional<std::int64_t> retry_after_ms = std::nullopt) {
  base::Random random(attempt);
  return retry_delay_ms(policy, attempt, retry_after_ms, random);
}

TEST(RetryDelay, NoneIsZero) {
  EXPECT_EQ(delay(policy(model::Backoff::kNone, 100, 1000), 1), 0);
  EXPECT_EQ(delay(policy(model::Backoff::kNone, 100, 1000), kLastAttempt), 0);
}

TEST(RetryDelay, FixedIsTheBase) {
  const auto fixed = policy(model::Backoff::kFixed, 200, 1000);
  EXPECT_EQ(delay(fixed, 1), 200);
  EXPECT_EQ(delay(fixed, kLastAttempt), 200);
  EXPECT_EQ(delay(policy(model::Backoff::kFixed, 2000, 1000), 1), 1000);
}

TEST(RetryDelay, LinearGrowsByTheBaseUpToTheCap) {
  const auto linear = policy(model::Backoff::kLinear, 100, 1000);
  EXPECT_EQ(delay(linear, 1), 100);
  EXPECT_EQ(delay(linear, 3), 300);
  EXPECT_EQ(delay(linear, 10), 1000);
  EXPECT_EQ(delay(linear, 11), 1000);
  EXPECT_EQ(delay(linear, kLastAttempt), 1000);
}

TEST(RetryDelay, FibonacciFollowsItsSeriesUpToTheCap) {
  const auto fibonacci = policy(model::Backoff::kFibonacci, 100, 5000);
  const std::int64_t expected[] = {100, 100, 200, 300, 500, 800, 1300, 2100, 3400, 5000, 5000};
  for (std::uint32_t attempt = 1; attempt <= 11; ++attempt) {
    EXPECT_EQ(delay(fibonacci, attempt), expected[attempt - 1]) << attempt;
  }
  EXPECT_EQ(delay(fibonacci, kLastAttempt), 5000);
}

TEST(RetryDelay, ExponentialDoublesWithinTenPercent) {
  const std::uint64_t seed = 44;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  const auto exponential = policy(model::Backoff::kExponential, 1000, 3'600'000);
  for (std::uint32_t attempt = 1; attempt <= 11; ++attempt) {
    const std::int64_t middle = std::int64_t{1000} << (attempt - 1);
    bool below = false;
    bool above = false;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t ms = retry_delay_ms(exponential, attempt, std::nullopt, random);
      ASSERT_GE(ms, middle - middle / 10);
      ASSERT_LE(ms, middle + middle / 10);
      below = below || ms < middle - middle / 20;
      above = above || ms > middle + middle / 20;
    }
    EXPECT_TRUE(below && above) << "attempt " << attempt << " is not spread";
  }
}

TEST(RetryDelay, TheCapHoldsAfterJitter) {
  const std::uint64_t seed = 45;
  SCOPED_TRACE(seed);
  base::Random random(seed);
  const auto exponential = policy(model::Backoff::kExponential, 1000, 2000);
  for (int i = 0; i < 200; ++i) {
    EXPECT_LE(retry_delay_ms(exponential, 2, std::nullopt, random), 2000);
    EXPECT_EQ(retry_delay_ms(exponential, 3, std::nullopt, random), 2000);
    EXPECT_EQ(retry_delay_ms(exponential, kLastAttempt, std::nullopt, random), 2000);
  }
}

TEST(RetryDelay, EqualSeedsGiveEqualJitter) {
  base::Random one(46);
  base::Random other(46);
  const auto exponential = policy(model::Backoff::kExponential, 1000, 3'600'000);
  for (std::uint32_t attempt = 1; attempt < 10; ++attempt) {
    EXPECT_EQ(retry_delay_ms(exponential, attempt, std::nullopt, one),
              retry_delay_ms(exponential, attempt, std::nullopt, other));
  }
}

TEST(RetryDelay, NoAttemptOverflowsWithTheLargestNumbers) {
  for (const model::Backoff backoff : {model::Backoff::kFixed, model::Backoff::kLinear,
                                       model::Backoff::kExponential, model::Backoff::kFibonacci}) {
    for (const std::uint32_t attempt : {33U, 34U, 48U, 49U, 64U, 65U, 1000U, kLastAttempt}) {
      EXPECT_EQ(delay(policy(backoff, kLastAttempt, 3'600'000), attempt), 3'600'000) << attempt;
      const std::int64_t from_one = delay(policy(backoff, 1, kLastAttempt), attempt);
      EXPECT_GE(from_one, 1);
      EXPECT_LE(from_one, std::int64_t{kLastAttempt});
      EXPECT_EQ(delay(policy(backoff, 0, 1000), attempt), 0);
    }
  }
  EXPECT_EQ(delay(policy(model::Backoff::kLinear, 1, kLastAttempt), kLastAttempt),
            std::int64_t{kLastAttempt});
  EXPECT_EQ(delay(policy(model::Backoff::kFibonacci, 1, kLastAttempt), 47), 2'971'215'073);
  EXPECT_EQ(delay(policy(model::Backoff::kFibonacci, 1, kLastAttempt), 48),
            std::int64_t{kLastAttempt});
}

TEST(RetryDelay, AnAttemptOfZeroCountsAsTheFirst) {
  EXPECT_EQ(delay(policy(model::Backoff::kLinear, 100, 1000), 0), 100);
  EXPECT_EQ(delay(policy(model::Backoff::kFibonacci, 100, 1000), 0), 100);
}

TEST(RetryDelay, OpenSettingsHaveTheEnginesDefaults) {
  model::RetryPolicy open;
  open.backoff = model::Backoff::kLinear;
  EXPECT_EQ(delay(open, 1), 1000);
  EXPECT_EQ(delay(open, 31), 30'000);
}

TEST(RetryDelay, AHandlersOwnWishReplacesTheRuleAndIsCappedAtOneHour) {
  const auto linear = policy(model::Backoff::kLinear, 100, 1000);
  EXPECT_EQ(delay(linear, 5, 0), 0);
  EXPECT_EQ(delay(linear, 5, 60'000), 60'000);
  EXPECT_EQ(delay(linear, 5, 3'600'000), 3'600'000);
  EXPECT_EQ(delay(linear, 5, 3'600'001), 3'600'000);
  EXPECT_EQ(delay(linear, 5, std::numeric_limits<std::int64_t>::max()), 3'600'000);
  EXPECT_EQ(delay(linear, 5, -1), 0);
  EXPECT_EQ(delay(policy(model::Backoff::kNone, 100, 1000), 5, 7), 7);
}

TEST(HasAttemptsLeft, CountsExecutionsInAll) {
  model::RetryPolicy policy;
  policy.max_attempts = 3;
  EXPECT_TRUE(has_attempts_left(policy, 1));
  EXPECT_TRUE(has_attempts_left(policy, 2));
  EXPECT_FALSE(has_attempts_left(policy, 3));
  EXPECT_FALSE(has_attempts_left(policy, kLastAttempt));
}

TEST(HasAttemptsLeft, ZeroAndOneMeanOneExecution) {
  model::RetryPolicy policy;
  for (const std::uint32_t max : {0U, 1U}) {
    policy.max_attempts = max;
    EXPECT_FALSE(has_attempts_left(policy, 1));
  }
}

TEST(HasAttemptsLeft, AStepThatIsNotRetryableHasOneAttempt) {
  model::RetryPolicy policy;
  policy.retryable = false;
  EXPECT_FALSE(has_attempts_left(policy, 1));
}

}  // namespace
}  // namespace tasker::engine
