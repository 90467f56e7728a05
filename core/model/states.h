// The states of tasks and steps, and the one table each of their legal moves.
//
// Step:  pending ─▶ enqueued ─▶ in_progress ─▶ complete
//            └──────────────────▲   │  └─▶ waiting_for_retry ─▶ enqueued
//                                   └────▶ error ─▶ (retry by hand) pending | enqueued
// A step is `pending` while dependencies are missing, `enqueued` while it can be claimed, and moves
// from pending straight to in_progress when the commit that made it ready also claims it. Names are
// those of the contract (4.1, 4.2); its notification states do not exist here, because result and
// next state are one commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasker::model {

/// Stored as these numbers; never renumber.
enum class StepState : std::uint8_t {
  kPending = 0,
  kEnqueued = 1,
  kInProgress = 2,
  kWaitingForRetry = 3,
  kComplete = 4,
  kError = 5,
  kCancelled = 6,
  kResolvedManually = 7,
};
inline constexpr int kStepStateCount = 8;

/// Stored as these numbers; never renumber.
enum class TaskState : std::uint8_t {
  kStepsInProcess = 1,
  kBlockedByFailures = 2,
  kComplete = 4,
  kError = 5,
  kCancelled = 6,
  kResolvedManually = 7,
};

enum class StepEventKind : std::uint8_t {
  kDependenciesMet,  ///< the last dependency completed, nobody has room now
  kClaim,            ///< a worker takes it
  kRelease,          ///< handed back without costing an attempt
  kComplete,         ///< success recorded
  kRetryLater,       ///< failed, another attempt is due later
  kRetryDue,         ///< its back-off has passed
  kFail,             ///< failed for good
  kCancel,           ///< its task was cancelled
  kHold,             ///< its task was blocked by another step's failure
  kReset,            ///< an operator retries a failed step
  kResolve,          ///< an operator declares it done
};

enum class TaskEventKind : std::uint8_t {
  kAllStepsComplete,
  kStepFailed,
  kCancel,
  kReset,
  kGiveUp,
  kResolve,
};

/// The state after `event`, or nullopt when the move is not legal. A number that is no state, as a
/// damaged store may hold, has no moves.
std::optional<StepState> next_state(StepState from, StepEventKind event);
std::optional<TaskState> next_state(TaskState from, TaskEventKind event);

/// complete, cancelled, resolved_manually: nothing moves such a step. `error` is not terminal,
/// because a reset or a resolve by an operator, or the cancelling of its task, still moves it.
bool is_terminal(StepState state);
/// complete, error, cancelled, resolved_manually: the task does nothing more by itself. Only
/// `error` can be left, and only by an operator's reset or resolve.
bool is_terminal(TaskState state);

/// Whether dependents may start: complete or resolved_manually.
bool satisfies_dependents(StepState state);

/// Contract spelling, such as "waiting_for_retry"; "unknown" for a number that is no state.
std::string_view state_name(StepState state);
std::string_view state_name(TaskState state);
/// nullopt for any other name.
std::optional<StepState> parse_step_state(std::string_view name);
/// nullopt for any other name; "in_progress" is read as steps_in_process (contract, 4.1).
std::optional<TaskState> parse_task_state(std::string_view name);

}  // namespace tasker::model
