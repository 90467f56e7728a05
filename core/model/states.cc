#include "core/model/states.h"

#include <array>
#include <cstddef>

namespace tasker::model {
namespace {

constexpr std::size_t kStepEventCount = static_cast<std::size_t>(StepEventKind::kResolve) + 1;
constexpr std::size_t kTaskEventCount = static_cast<std::size_t>(TaskEventKind::kResolve) + 1;
constexpr std::size_t kTaskStateLimit = static_cast<std::size_t>(TaskState::kResolvedManually) + 1;

constexpr std::array<std::string_view, kStepStateCount> kStepStateNames = {
    "pending",  "enqueued", "in_progress", "waiting_for_retry",
    "complete", "error",    "cancelled",   "resolved_manually"};

/// Empty where no task state has the number.
constexpr std::array<std::string_view, kTaskStateLimit> kTaskStateNames = {
    "",      "steps_in_process", "blocked_by_failures", "", "complete",
    "error", "cancelled",        "resolved_manually"};

using StepMove = std::optional<StepState>;
using TaskMove = std::optional<TaskState>;

constexpr StepMove kNoStep = std::nullopt;
constexpr StepMove kToPending = StepState::kPending;
constexpr StepMove kToEnqueued = StepState::kEnqueued;
constexpr StepMove kToInProgress = StepState::kInProgress;
constexpr StepMove kToWaiting = StepState::kWaitingForRetry;
constexpr StepMove kToComplete = StepState::kComplete;
constexpr StepMove kToError = StepState::kError;
constexpr StepMove kToCancelled = StepState::kCancelled;
constexpr StepMove kToResolved = StepState::kResolvedManually;

// Rows: StepState. Columns: StepEventKind.
// clang-format off
constexpr std::array<std::array<StepMove, kStepEventCount>, kStepStateCount> kStepMoves = {{
    //                  dependencies met, claim, release, complete, retry later, retry due, fail, cancel, hold, reset, resolve
    /* pending        */ {kToEnqueued, kToInProgress, kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kToCancelled, kToPending, kNoStep, kToResolved},
    /* enqueued       */ {kNoStep, kToInProgress, kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kToCancelled, kToPending, kNoStep, kToResolved},
    /* in_progress    */ {kNoStep, kNoStep, kToEnqueued, kToComplete, kToWaiting, kNoStep, kToError, kToCancelled, kNoStep, kNoStep, kToResolved},
    /* waiting        */ {kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kToEnqueued, kNoStep, kToCancelled, kToPending, kNoStep, kToResolved},
    /* complete       */ {},
    /* error          */ {kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kNoStep, kToCancelled, kNoStep, kToPending, kToResolved},
    /* cancelled      */ {},
    /* resolved       */ {},
}};

constexpr TaskMove kNoTask = std::nullopt;
constexpr TaskMove kTaskRuns = TaskState::kStepsInProcess;
constexpr TaskMove kTaskBlocked = TaskState::kBlockedByFailures;
constexpr TaskMove kTaskComplete = TaskState::kComplete;
constexpr TaskMove kTaskError = TaskState::kError;
constexpr TaskMove kTaskCancelled = TaskState::kCancelled;
constexpr TaskMove kTaskResolved = TaskState::kResolvedManually;

// Rows: TaskState by its number. Columns: TaskEventKind.
constexpr std::array<std::array<TaskMove, kTaskEventCount>, kTaskStateLimit> kTaskMoves = {{
    //                     all steps complete, step failed, cancel, reset, give up, resolve
    /* no such state     */ {},
    /* steps_in_process  */ {kTaskComplete, kTaskBlocked, kTaskCancelled, kNoTask, kNoTask, kTaskResolved},
    /* blocked           */ {kNoTask, kTaskBlocked, kTaskCancelled, kTaskRuns, kTaskError, kTaskResolved},
    /* no such state     */ {},
    /* complete          */ {},
    /* error             */ {kNoTask, kNoTask, kNoTask, kTaskRuns, kNoTask, kTaskResolved},
    /* cancelled         */ {},
    /* resolved_manually */ {},
}};
// clang-format on

}  // namespace

std::optional<StepState> next_state(StepState from, StepEventKind event) {
  const auto row = static_cast<std::size_t>(from);
  const auto column = static_cast<std::size_t>(event);
  if (row >= kStepMoves.size() || column >= kStepEventCount) return std::nullopt;
  return kStepMoves[row][column];
}

std::optional<TaskState> next_state(TaskState from, TaskEventKind event) {
  const auto row = static_cast<std::size_t>(from);
  const auto column = static_cast<std::size_t>(event);
  if (row >= kTaskMoves.size() || column >= kTaskEventCount) return std::nullopt;
  return kTaskMoves[row][column];
}

bool is_terminal(StepState state) {
  return state == StepState::kComplete || state == StepState::kCancelled ||
         state == StepState::kResolvedManually;
}

bool is_terminal(TaskState state) {
  return state == TaskState::kComplete || state == TaskState::kError ||
         state == TaskState::kCancelled || state == TaskState::kResolvedManually;
}

bool satisfies_dependents(StepState state) {
  return state == StepState::kComplete || state == StepState::kResolvedManually;
}

std::string_view state_name(StepState state) {
  const auto index = static_cast<std::size_t>(state);
  return index < kStepStateNames.size() ? kStepStateNames[index] : "unknown";
}

std::string_view state_name(TaskState state) {
  const auto index = static_cast<std::size_t>(state);
  const bool known = index < kTaskStateNames.size() && !kTaskStateNames[index].empty();
  return known ? kTaskStateNames[index] : "unknown";
}

std::optional<StepState> parse_step_state(std::string_view name) {
  for (std::size_t i = 0; i < kStepStateNames.size(); ++i) {
    if (kStepStateNames[i] == name) return static_cast<StepState>(i);
  }
  return std::nullopt;
}

std::optional<TaskState> parse_task_state(std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (name == "in_progress") return TaskState::kStepsInProcess;
  for (std::size_t i = 0; i < kTaskStateNames.size(); ++i) {
    if (kTaskStateNames[i] == name) return static_cast<TaskState>(i);
  }
  return std::nullopt;
}

}  // namespace tasker::model
