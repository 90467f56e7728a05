// What the channels of all item types share: options, outcomes, counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "core/base/result.h"

namespace tasker::events {

/// What a send does when the channel is full.
enum class FullPolicy : std::uint8_t {
  kWait,        ///< waits for room, in the order in which senders came
  kRefuse,      ///< returns kFull at once; the item stays with the sender
  kDropOldest,  ///< destroys the oldest item inside, counts it as dropped, and never waits
};

inline constexpr std::size_t kChannelCapacityMax = std::size_t{1} << 24;

struct ChannelOptions {
  std::size_t capacity = 1024;  ///< items, 1..kChannelCapacityMax
  FullPolicy full = FullPolicy::kWait;
};

/// kINVALID_ARGUMENT naming the option when it is out of range.
base::Status check_channel_options(const ChannelOptions& options);

/// How a send or a receive ended. Only kOk moved an item.
enum class [[nodiscard]] ChannelStatus : std::uint8_t{
    kOk,
    kClosed,    ///< a side was closed; for a receiver: and nothing is left inside
    kFull,      ///< try_send, or a send with the policy kRefuse
    kEmpty,     ///< try_recv
    kTimedOut,  ///< the deadline passed first
    kStopped,   ///< a stop was requested first
};

/// "ok", "closed", "full", "empty", "timed_out", "stopped".
std::string_view channel_status_name(ChannelStatus status);

/// As an error for those who pass it on: CLOSED, FULL, TIMED_OUT; CLOSED also for kStopped. `what`
/// names the channel. Success for kOk.
base::Status to_status(ChannelStatus status, std::string_view what);

/// An item, or why there is none.
template <class T>
class [[nodiscard]] Received : public tl::expected<T, ChannelStatus> {
 public:
  using tl::expected<T, ChannelStatus>::expected;
  ChannelStatus status() const { return this->has_value() ? ChannelStatus::kOk : this->error(); }
};

/// Of a send_batch: `sent` items at the front of the batch were taken, the others were not touched.
struct [[nodiscard]] SentBatch {
  ChannelStatus status = ChannelStatus::kOk;
  std::size_t sent = 0;
};

/// A moment's view. Every item that was sent is received, dropped, returned or still inside:
/// sent = received + dropped + returned + depth.
struct ChannelCounters {
  std::size_t depth = 0;      ///< items inside
  std::size_t depth_max = 0;  ///< the most there ever were
  std::size_t senders_waiting = 0;
  std::size_t receivers_waiting = 0;
  std::uint64_t sent = 0;  ///< accepted
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;     ///< destroyed by kDropOldest
  std::uint64_t refused = 0;     ///< sends and tries that ended with kFull
  std::uint64_t returned = 0;    ///< given back by close_receiving
  std::uint64_t send_waits = 0;  ///< sends that had to wait, and how long they did together
  std::int64_t send_wait_us = 0;
  std::uint64_t receive_waits = 0;  ///< the same of receivers
  std::int64_t receive_wait_us = 0;
};

}  // namespace tasker::events
