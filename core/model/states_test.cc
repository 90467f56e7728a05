#include "core/model/states.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tasker::model {
namespace {

using Step = StepState;
using StepEvent = StepEventKind;
using Task = TaskState;
using TaskEvent = TaskEventKind;

constexpr Step kSteps[] = {Step::kPending,         Step::kEnqueued,        Step::kInProgress,
                           Step::kWaitingForRetry, Step::kComplete,        Step::kError,
                           Step::kCancelled,       Step::kResolvedManually};
constexpr StepEvent kStepEvents[] = {StepEvent::kDependenciesMet,
                                     StepEvent::kClaim,
                                     StepEvent::kRelease,
                                     StepEvent::kComplete,
                                     StepEvent::kRetryLater,
                                     StepEvent::kRetryDue,
                                     StepEvent::kFail,
                                     StepEvent::kCancel,
                                     StepEvent::kHold,
                                     StepEvent::kReset,
                                     StepEvent::kResolve};
constexpr Task kTasks[] = {Task::kStepsInProcess, Task::kBlockedByFailures,
                           Task::kComplete,       Task::kError,
                           Task::kCancelled,      Task::kResolvedManually};
constexpr TaskEvent kTaskEvents[] = {TaskEvent::kAllStepsComplete, TaskEvent::kStepFailed,
                                     TaskEvent::kCancel,           TaskEvent::kReset,
                                     TaskEvent::kGiveUp,           TaskEvent::kResolve};

/// Every legal move of a step, written out a second time and by event.
const std::map<std::pair<Step, StepEvent>, Step>& legal_step_moves() {
  static const std::map<std::pair<Step, StepEvent>, Step> moves = {
      {{Step::kPending, StepEvent::kDependenciesMet}, Step::kEnqueued},
      {{Step::kPending, StepEvent::kClaim}, Step::kInProgress},
      {{Step::kEnqueued, StepEvent::kClaim}, Step::kInProgress},
      {{Step::kInProgress, StepEvent::kRelease}, Step::kEnqueued},
      {{Step::kInProgress, StepEvent::kComplete}, Step::kComplete},
      {{Step::kInProgress, StepEvent::kRetryLater}, Step::kWaitingForRetry},
      {{Step::kWaitingForRetry, StepEvent::kRetryDue}, Step::kEnqueued},
      {{Step::kInProgress, StepEvent::kFail}, Step::kError},
      {{Step::kPending, StepEvent::kCancel}, Step::kCancelled},
      {{Step::kEnqueued, StepEvent::kCancel}, Step::kCancelled},
      {{Step::kInProgress, StepEvent::kCancel}, Step::kCancelled},
      {{Step::kWaitingForRetry, StepEvent::kCancel}, Step::kCancelled},
      {{Step::kError, StepEvent::kCancel}, Step::kCancelled},
      {{Step::kPending, StepEvent::kHold}, Step::kPending},
      {{Step::kEnqueued, StepEvent::kHold}, Step::kPending},
      {{Step::kWaitingForRetry, StepEvent::kHold}, Step::kPending},
      {{Step::kError, StepEvent::kReset}, Step::kPending},
      {{Step::kPending, StepEvent::kResolve}, Step::kResolvedManually},
      {{Step::kEnqueued, StepEvent::kResolve}, Step::kResolvedManually},
      {{Step::kInProgress, StepEvent::kResolve}, Step::kResolvedManually},
      {{Step::kWaitingForRetry, StepEvent::kResolve}, Step::kResolvedManually},
      {{Step::kError, StepEvent::kResolve}, Step::kResolvedManually},
  };
  return moves;
}

const std::map<std::pair<Task, TaskEvent>, Task>& legal_task_moves() {
  static const std::map<std::pair<Task, TaskEvent>, Task> moves = {
      {{Task::kStepsInProcess, TaskEvent::kAllStepsComplete}, Task::kComplete},
      {{Task::kStepsInProcess, TaskEvent::kStepFailed}, Task::kBlockedByFailures},
      {{Task::kBlockedByFailures, TaskEvent::kStepFailed}, Task::kBlockedByFailures},
      {{Task::kStepsInProcess, TaskEvent::kCancel}, Task::kCancelled},
      {{Task::kBlockedByFailures, TaskEvent::kCancel}, Task::kCancelled},
      {{Task::kBlockedByFailures, TaskEvent::kReset}, Task::kStepsInProcess},
      {{Task::kError, TaskEvent::kReset}, Task::kStepsInProcess},
      {{Task::kBlockedByFailures, TaskEvent::kGiveUp}, Task::kError},
      {{Task::kStepsInProcess, TaskEvent::kResolve}, Task::kResolvedManually},
      {{Task::kBlockedByFailures, TaskEvent::kResolve}, Task::kResolvedManually},
      {{Task::kError, TaskEvent::kResolve}, Task::kResolvedManually},
  };
  return moves;
}

template <class State, class Event>
std::optional<State> expected_move(const std::map<std::pair<State, Event>, State>& moves,
                                   State from, Event event) {
  const auto found = moves.find({from, event});
  return found == moves.end() ? std::nullopt : std::optional<State>(found->second);
}

TEST(StepMoves, AreExactlyTheLegalOnes) {
  for (const Step from : kSteps) {
    for (const StepEvent event : kStepEvents) {
      EXPECT_EQ(next_state(from, event), expected_move(legal_step_moves(), from, event))
          << state_name(from) << " on event " << static_cast<int>(event);
    }
  }
}

TEST(TaskMoves, AreExactlyTheLegalOnes) {
  for (const Task from : kTasks) {
    for (const TaskEvent event : kTaskEvents) {
      EXPECT_EQ(next_state(from, event), expected_move(legal_task_moves(), from, event))
          << state_name(from) << " on event " << static_cast<int>(event);
    }
  }
}

TEST(StepMoves, ATerminalStepIsNotMovedByAnything) {
  const std::set<Step> terminal = {Step::kComplete, Step::kCancelled, Step::kResolvedManually};
  for (const Step state : kSteps) {
    EXPECT_EQ(is_terminal(state), terminal.count(state) == 1) << state_name(state);
    if (!is_terminal(state)) continue;
    for (const StepEvent event : kStepEvents) EXPECT_FALSE(next_state(state, event));
  }
}

TEST(TaskMoves, OnlyAnOperatorMovesATerminalTaskAndOnlyOneInError) {
  const std::set<Task> running = {Task::kStepsInProcess, Task::kBlockedByFailures};
  for (const Task state : kTasks) {
    EXPECT_EQ(is_terminal(state), running.count(state) == 0) << state_name(state);
    if (!is_terminal(state)) continue;
    for (const TaskEvent event : kTaskEvents) {
      const bool by_hand = event == TaskEvent::kReset || event == TaskEvent::kResolve;
      EXPECT_EQ(next_state(state, event).has_value(), state == Task::kError && by_hand);
    }
  }
}

TEST(StepStates, CompleteAndResolvedSatisfyDependents) {
  for (const Step state : kSteps) {
    EXPECT_EQ(satisfies_dependents(state),
              state == Step::kComplete || state == Step::kResolvedManually)
        << state_name(state);
  }
}

TEST(StepStates, KeepTheirStoredNumbersAndContractNames) {
  const std::vector<std::string_view> names = {
      "pending",  "enqueued", "in_progress", "waiting_for_retry",
      "complete", "error",    "cancelled",   "resolved_manually"};
  ASSERT_EQ(names.size(), static_cast<std::size_t>(kStepStateCount));
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(state_name(static_cast<Step>(i)), names[i]);
    EXPECT_EQ(parse_step_state(names[i]), static_cast<Step>(i));
  }
}

TEST(TaskStates, KeepTheirStoredNumbersAndContractNames) {
  const std::map<int, std::string_view> names = {
      {1, "steps_in_process"}, {2, "blocked_by_failures"}, {4, "complete"}, {5, "error"},
      {6, "cancelled"},        {7, "resolved_manually"}};
  for (const auto& [number, name] : names) {
    EXPECT_EQ(state_name(static_cast<Task>(number)), name);
    EXPECT_EQ(parse_task_state(name), static_cast<Task>(number));
  }
}

TEST(TaskStates, InProgressIsReadAsStepsInProcess) {
  EXPECT_EQ(parse_task_state("in_progress"), Task::kStepsInProcess);
}

TEST(States, OtherNamesAreRefused) {
  for (const std::string_view name : {"", "unknown", "Pending", "complete ", "initializing"}) {
    EXPECT_FALSE(parse_step_state(name)) << name;
    EXPECT_FALSE(parse_task_state(name)) << name;
  }
  EXPECT_FALSE(parse_task_state("pending"));
  EXPECT_FALSE(parse_step_state("steps_in_process"));
}

TEST(States, ANumberFromABrokenStoreHasNoNameAndNoMoves) {
  for (const int number : {8, 255}) {
    EXPECT_EQ(state_name(static_cast<Step>(number)), "unknown");
    EXPECT_FALSE(next_state(static_cast<Step>(number), StepEvent::kClaim));
  }
  for (const int number : {0, 3, 8, 255}) {
    EXPECT_EQ(state_name(static_cast<Task>(number)), "unknown");
    for (const TaskEvent event : kTaskEvents) {
      EXPECT_FALSE(next_state(static_cast<Task>(number), event));
    }
  }
  EXPECT_FALSE(next_state(Step::kPending, static_cast<StepEvent>(11)));
  EXPECT_FALSE(next_state(Task::kStepsInProcess, static_cast<TaskEvent>(6)));
}

}  // namespace
}  // namespace tasker::model
