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

template <class State, class Event>
struct Move {
  State from;
  Event event;
  State to;
};

using Step = StepState;
using StepEvent = StepEventKind;
using Task = TaskState;
using TaskEvent = TaskEventKind;

// Every legal move of a step; terminal states have none.
constexpr std::array<Move<Step, StepEvent>, 22> kStepMoves = {{
    {Step::kPending, StepEvent::kDependenciesMet, Step::kEnqueued},
    {Step::kPending, StepEvent::kClaim, Step::kInProgress},
    {Step::kEnqueued, StepEvent::kClaim, Step::kInProgress},
    {Step::kInProgress, StepEvent::kRelease, Step::kEnqueued},
    {Step::kInProgress, StepEvent::kComplete, Step::kComplete},
    {Step::kInProgress, StepEvent::kRetryLater, Step::kWaitingForRetry},
    {Step::kInProgress, StepEvent::kFail, Step::kError},
    {Step::kWaitingForRetry, StepEvent::kRetryDue, Step::kEnqueued},
    {Step::kPending, StepEvent::kHold, Step::kPending},
    {Step::kEnqueued, StepEvent::kHold, Step::kPending},
    {Step::kWaitingForRetry, StepEvent::kHold, Step::kPending},
    {Step::kError, StepEvent::kReset, Step::kPending},
    {Step::kPending, StepEvent::kCancel, Step::kCancelled},
    {Step::kEnqueued, StepEvent::kCancel, Step::kCancelled},
    {Step::kInProgress, StepEvent::kCancel, Step::kCancelled},
    {Step::kWaitingForRetry, StepEvent::kCancel, Step::kCancelled},
    {Step::kError, StepEvent::kCancel, Step::kCancelled},
    {Step::kPending, StepEvent::kResolve, Step::kResolvedManually},
    {Step::kEnqueued, StepEvent::kResolve, Step::kResolvedManually},
    {Step::kInProgress, StepEvent::kResolve, Step::kResolvedManually},
    {Step::kWaitingForRetry, StepEvent::kResolve, Step::kResolvedManually},
    {Step::kError, StepEvent::kResolve, Step::kResolvedManually},
}};

// Every legal move of a task.
constexpr std::array<Move<Task, TaskEvent>, 11> kTaskMoves = {{
    {Task::kStepsInProcess, TaskEvent::kAllStepsComplete, Task::kComplete},
    {Task::kStepsInProcess, TaskEvent::kStepFailed, Task::kBlockedByFailures},
    {Task::kBlockedByFailures, TaskEvent::kStepFailed, Task::kBlockedByFailures},
    {Task::kBlockedByFailures, TaskEvent::kGiveUp, Task::kError},
    {Task::kBlockedByFailures, TaskEvent::kReset, Task::kStepsInProcess},
    {Task::kError, TaskEvent::kReset, Task::kStepsInProcess},
    {Task::kStepsInProcess, TaskEvent::kCancel, Task::kCancelled},
    {Task::kBlockedByFailures, TaskEvent::kCancel, Task::kCancelled},
    {Task::kStepsInProcess, TaskEvent::kResolve, Task::kResolvedManually},
    {Task::kBlockedByFailures, TaskEvent::kResolve, Task::kResolvedManually},
    {Task::kError, TaskEvent::kResolve, Task::kResolvedManually},
}};

/// The moves by state and event, for the look-up.
template <std::size_t kStates, std::size_t kEvents, class State, class Event, std::size_t kMoves>
constexpr auto matrix_of(const std::array<Move<State, Event>, kMoves>& moves) {
  std::array<std::array<std::optional<State>, kEvents>, kStates> matrix{};
  for (const auto& move : moves) {
    matrix[static_cast<std::size_t>(move.from)][static_cast<std::size_t>(move.event)] = move.to;
  }
  return matrix;
}

constexpr auto kStepMatrix = matrix_of<kStepStateCount, kStepEventCount>(kStepMoves);
constexpr auto kTaskMatrix = matrix_of<kTaskStateLimit, kTaskEventCount>(kTaskMoves);

template <class Matrix, class State, class Event>
std::optional<State> look_up(const Matrix& matrix, State from, Event event) {
  const auto row = static_cast<std::size_t>(from);
  const auto column = static_cast<std::size_t>(event);
  if (row >= matrix.size() || column >= matrix[row].size()) return std::nullopt;
  return matrix[row][column];
}

}  // namespace

std::optional<StepState> next_state(StepState from, StepEventKind event) {
  return look_up(kStepMatrix, from, event);
}

std::optional<TaskState> next_state(TaskState from, TaskEventKind event) {
  return look_up(kTaskMatrix, from, event);
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
