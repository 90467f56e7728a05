#include "core/events/supervision.h"

#include <fmt/format.h>

#include <algorithm>

namespace tasker::events {
namespace {

base::Status check_at_least(const char* name, std::int64_t value, std::int64_t least) {
  if (value >= least) return {};
  return base::fail(base::ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{}: {}; expected {} µs or more", name, value, least), name);
}

}  // namespace

base::Status check_supervision_options(const SupervisionOptions& options) {
  if (auto checked = check_at_least("window_us", options.window_us, 1); !checked) return checked;
  if (auto checked = check_at_least("backoff_first_us", options.backoff_first_us, 0); !checked) {
    return checked;
  }
  return check_at_least("backoff_max_us", options.backoff_max_us, options.backoff_first_us);
}

std::optional<std::int64_t> Supervision::pause_us(std::int64_t now_us) {
  while (!restarts_us_.empty() && now_us - restarts_us_.front() >= options_.window_us) {
    restarts_us_.pop_front();
  }
  if (restarts_us_.size() >= options_.restarts_max) return std::nullopt;
  std::int64_t pause_us = options_.backoff_first_us;
  for (std::size_t i = 0; i < restarts_us_.size() && pause_us < options_.backoff_max_us; ++i) {
    pause_us = pause_us > options_.backoff_max_us / 2 ? options_.backoff_max_us : pause_us * 2;
  }
  restarts_us_.push_back(now_us);
  return std::min(pause_us, options_.backoff_max_us);
}

}  // namespace tasker::events
