#include "core/base/clock.h"

#include <chrono>

namespace tasker::base {
namespace {

template <class TimePoint>
std::int64_t us_of(TimePoint point) {
  return std::chrono::duration_cast<std::chrono::microseconds>(point.time_since_epoch()).count();
}

}  // namespace

std::int64_t SystemClock::wall_us() const { return us_of(std::chrono::system_clock::now()); }

std::int64_t SystemClock::monotonic_us() const { return us_of(std::chrono::steady_clock::now()); }

}  // namespace tasker::base
