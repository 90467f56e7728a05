// How keys and holds are packed into integers in the steps table.
#pragma once

#include <cstdint>

#include "core/model/ids.h"

namespace tasker::store::sqlite {

inline constexpr int kStepIndexBits = 20;
inline constexpr std::int64_t kStepsPerTaskMax = 1LL << kStepIndexBits;

/// Added to `missing` while the task is blocked: no countdown can reach zero then.
inline constexpr std::int64_t kHold = 1LL << 20;

inline std::int64_t row_of(model::StepKey key) {
  return (static_cast<std::int64_t>(key.task) << kStepIndexBits) | key.index;
}
inline std::int64_t first_row_of(model::TaskId task) {
  return static_cast<std::int64_t>(task) << kStepIndexBits;
}
inline std::int64_t last_row_of(model::TaskId task) {
  return first_row_of(task) + kStepsPerTaskMax - 1;
}
inline model::StepKey key_of(std::int64_t row) {
  return {model::TaskId{row >> kStepIndexBits},
          static_cast<std::uint32_t>(row & (kStepsPerTaskMax - 1))};
}

}  // namespace tasker::store::sqlite
