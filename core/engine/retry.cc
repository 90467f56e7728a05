#include "core/engine/retry.h"

#include <algorithm>
#include <cmath>

namespace tasker::engine {
namespace {

constexpr std::uint64_t kFactorMax = 0xFFFF'FFFF;

std::uint64_t fibonacci(std::uint32_t n) {
  std::uint64_t current = 1;
  std::uint64_t next = 1;
  for (std::uint32_t i = 1; i < n && current < kFactorMax; ++i) {
    const std::uint64_t sum = current + next;
    current = next;
    next = sum;
  }
  return current;
}

/// What the base is multiplied by. Bases and caps have 32 bits: a larger factor changes nothing,
/// and the product stays within 64.
std::uint64_t factor(model::Backoff backoff, std::uint32_t attempt) {
  switch (backoff) {
    case model::Backoff::kNone:
      return 0;
    case model::Backoff::kFixed:
      return 1;
    case model::Backoff::kLinear:
      return attempt;
    case model::Backoff::kExponential:
      return attempt > 32 ? kFactorMax : std::uint64_t{1} << (attempt - 1);
    case model::Backoff::kFibonacci:
      return std::min(fibonacci(attempt), kFactorMax);
  }
  return 0;
}

}  // namespace

std::int64_t retry_delay_ms(const model::RetryPolicy& policy, std::uint32_t attempt,
                            std::optional<std::int64_t> retry_after_ms, base::Random& random) {
  if (retry_after_ms) return std::clamp<std::int64_t>(*retry_after_ms, 0, kRetryAfterMaxMs);
  const std::uint64_t base_ms = policy.backoff_base_ms.value_or(kBackoffBaseDefaultMs);
  const std::uint64_t cap_ms = policy.max_backoff_ms.value_or(kMaxBackoffDefaultMs);
  std::uint64_t delay_ms = base_ms * factor(policy.backoff, std::max(attempt, 1U));
  if (policy.backoff == model::Backoff::kExponential) {
    const double share = kExponentialJitter * (2 * random.unit() - 1);
    // Within a double's exact range, so that the sum fits an integer again.
    const auto exact = static_cast<double>(std::min(delay_ms, std::uint64_t{1} << 53U));
    delay_ms = static_cast<std::uint64_t>(std::llround(exact * (1 + share)));
  }
  return static_cast<std::int64_t>(std::min(delay_ms, cap_ms));
}

bool has_attempts_left(const model::RetryPolicy& policy, std::uint32_t attempt) {
  return policy.retryable && attempt < std::max(policy.max_attempts, 1U);
}

}  // namespace tasker::engine
