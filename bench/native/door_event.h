// The step event of the door benchmarks: what the feeding store claims, and what the bare door
// returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/store/records.h"

namespace tasker::bench {

inline constexpr model::TemplateId kDoorTemplate{1};
inline constexpr model::HandlerId kDoorHandler{1};
inline constexpr std::string_view kDoorCallable = "bench.door";
inline constexpr std::string_view kDoorNamespace = "bench";

/// Digits of `seq` and of `stamp_us` in the event's context: fixed, so that all events have one
/// size.
inline constexpr int kSeqDigits = 9;
inline constexpr int kStampDigits = 16;

/// A template of one step.
store::StoredTemplate door_template();

/// The task `seq`, 1 to 999,999,999, as the store holds it. Its context carries `seq` and
/// `stamp_us`, microseconds of the monotonic clock.
store::TaskHeader door_task(std::int64_t seq, std::int64_t stamp_us);

/// The claim of the only step of task `seq`.
store::Claim door_claim(std::int64_t seq, std::int64_t now_us);

/// The step event of task `seq` as a door hands it out.
std::string door_event_json(std::int64_t seq);

/// Microseconds of CLOCK_MONOTONIC.
std::int64_t monotonic_us();

}  // namespace tasker::bench
