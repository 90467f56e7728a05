// Times as text, in the spellings of the contract's 2.0.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::worker {

enum class TimeSpelling : std::uint8_t {
  kStepEvent,     ///< 2026-02-16 11:04:05.123456, fraction of 0, 3 or 6 digits
  kTaskResponse,  ///< 2026-02-16T11:04:05.123456Z, fraction of 0, 3 or 6 digits
  kStepResponse,  ///< 2026-02-16T11:04:05.000000Z, always 6 digits
  kReadiness,     ///< 2026-02-16T11:04:05.123456, fraction of 0, 3 or 6 digits
  kDomainEvent,   ///< 2026-02-16T11:04:05.123456000+00:00, always 9 digits
};

/// Appends `time_us` (microseconds since 1970-01-01 UTC) without quotes.
void append_time(std::string& out, std::int64_t time_us, TimeSpelling spelling);

}  // namespace tasker::worker
