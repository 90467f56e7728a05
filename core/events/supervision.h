// What becomes of an actor whose behaviour fails: started again after a pause, until it fails too
// often.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/base/result.h"

namespace tasker::events {

struct SupervisionOptions {
  std::uint32_t restarts_max = 5;          ///< within the window; 0: the first failure escalates
  std::int64_t window_us = 60'000'000;     ///< 1 µs or more
  std::int64_t backoff_first_us = 10'000;  ///< pause before the first restart, 0 or more
  std::int64_t backoff_max_us =
      5'000'000;  ///< it doubles with each restart in the window up to this
};

/// INVALID_ARGUMENT naming the option when it is out of range.
base::Status check_supervision_options(const SupervisionOptions& options);

/// The decision after each failure. Threads: one at a time.
class Supervision {
 public:
  explicit Supervision(const SupervisionOptions& options) : options_(options) {}

  /// The pause in microseconds before the restart after a failure at `now_us`; nullopt: escalate.
  std::optional<std::int64_t> pause_us(std::int64_t now_us);

 private:
  SupervisionOptions options_;
  std::deque<std::int64_t> restarts_us_;  // within the window, at most restarts_max
};

}  // namespace tasker::events
