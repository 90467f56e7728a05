// What becomes of the steps that the feeding store counts: in a file, so that a benchmark's program
// sees it whichever thread or process ran them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/store/records.h"

namespace tasker::bench {

/// Hands out the numbers of steps and writes a tally of 64-bit integers, little-endian, to a file:
/// steps that have ended, sum of the numbers that results name (of those after the warm-up), steps
/// handed back; then, in nanoseconds of CLOCK_MONOTONIC, when the first was handed out, when the
/// warm-up had ended and when the last ended (0 before that); then, in the order in which they
/// ended, for each step after the warm-up when it was handed out and when its end was recorded. One
/// thread, the store writer's.
class DoorTally {
 public:
  struct Plan {
    std::int64_t steps = 0;      ///< 1 or more, warm-up included
    std::int64_t warmup = 0;     ///< of these, at the beginning; less than steps
    std::int64_t in_flight = 0;  ///< at a time; 1 or more
  };

  /// Makes the file, or empties it. kINVALID_ARGUMENT for a plan that cannot be, kSTORE_FAILED when
  /// the file cannot be made.
  static base::Result<std::unique_ptr<DoorTally>> open(const std::string& path, const Plan& plan);
  ~DoorTally();
  DoorTally(const DoorTally&) = delete;
  DoorTally& operator=(const DoorTally&) = delete;

  /// Counts what ended and takes note of what was handed back.
  void record(const store::WriteBatch& batch);

  /// How many steps to hand out now, `room` at most.
  std::uint32_t due(std::uint32_t room) const;

  /// The number of the step to hand out; due() has said that there is one.
  std::int64_t next();

 private:
  enum Member : std::size_t { kEnded, kSum, kReleased, kStarted, kWarm, kFinished, kMembers };

  DoorTally(const Plan& plan, std::int64_t* file, std::size_t bytes);
  void record_end(const store::Completion& completion, std::int64_t now_ns);
  void put(std::size_t index, std::int64_t value);

  const Plan plan_;
  std::int64_t* const file_;  // mapped
  const std::size_t bytes_;
  std::int64_t last_ = 0;           // number that was handed out last
  std::int64_t running_ = 0;        // steps that are out
  std::deque<std::int64_t> again_;  // handed back
  std::vector<std::int64_t> handed_out_ns_;
};

}  // namespace tasker::bench
