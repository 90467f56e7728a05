#include "core/events/channel_types.h"

#include <fmt/format.h>

namespace tasker::events {

base::Status check_channel_options(const ChannelOptions& options) {
  if (options.capacity < 1 || options.capacity > kChannelCapacityMax) {
    return base::fail(
        base::ErrorCode::kINVALID_ARGUMENT,
        fmt::format("capacity: {}; expected 1 to {} items", options.capacity, kChannelCapacityMax),
        "capacity");
  }
  if (options.full > FullPolicy::kDropOldest) {
    return base::fail(base::ErrorCode::kINVALID_ARGUMENT,
                      fmt::format("full: {}; expected wait, refuse or drop oldest (0 to 2)",
                                  static_cast<unsigned>(options.full)),
                      "full");
  }
  return {};
}

std::string_view channel_status_name(ChannelStatus status) {
  switch (status) {
    case ChannelStatus::kOk:
      return "ok";
    case ChannelStatus::kClosed:
      return "closed";
    case ChannelStatus::kFull:
      return "full";
    case ChannelStatus::kEmpty:
      return "empty";
    case ChannelStatus::kTimedOut:
      return "timed_out";
    case ChannelStatus::kStopped:
      return "stopped";
  }
  return "unknown";
}

base::Status to_status(ChannelStatus status, std::string_view what) {
  using base::ErrorCode;
  switch (status) {
    case ChannelStatus::kOk:
      return {};
    case ChannelStatus::kFull:
      return base::fail(ErrorCode::kFULL, fmt::format("{} is full", what));
    case ChannelStatus::kEmpty:
      return base::fail(ErrorCode::kTIMED_OUT, fmt::format("{} is empty", what));
    case ChannelStatus::kTimedOut:
      return base::fail(ErrorCode::kTIMED_OUT,
                        fmt::format("{}: the deadline passed while waiting", what));
    case ChannelStatus::kStopped:
      return base::fail(ErrorCode::kCLOSED,
                        fmt::format("{}: a stop was requested while waiting", what));
    case ChannelStatus::kClosed:
      break;
  }
  return base::fail(ErrorCode::kCLOSED, fmt::format("{} is closed", what));
}

}  // namespace tasker::events
