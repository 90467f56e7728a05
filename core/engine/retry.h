// When a failed attempt runs again.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/random.h"
#include "core/model/task_template.h"

namespace tasker::engine {

inline constexpr std::uint32_t kBackoffBaseDefaultMs = 1000;
inline constexpr std::uint32_t kMaxBackoffDefaultMs = 30'000;
inline constexpr double kExponentialJitter = 0.10;           ///< ± share of an exponential delay
inline constexpr std::int64_t kRetryAfterMaxMs = 3'600'000;  ///< cap on a handler's own wish

/// Delay in milliseconds before the attempt after `attempt` (1 for the first attempt made).
///
/// none: 0. fixed: base. linear: base × attempt. exponential: base × 2^(attempt−1), ± 10 % jitter.
/// fibonacci: base × F(attempt) with 1, 1, 2, 3, 5. Each capped at max_backoff_ms, jitter included.
/// A handler's `retry_after_ms` replaces the rule and is capped at one hour only.
std::int64_t retry_delay_ms(const model::RetryPolicy& policy, std::uint32_t attempt,
                            std::optional<std::int64_t> retry_after_ms, base::Random& random);

/// Whether a retryable failure of `attempt` is followed by another attempt.
bool has_attempts_left(const model::RetryPolicy& policy, std::uint32_t attempt);

}  // namespace tasker::engine
