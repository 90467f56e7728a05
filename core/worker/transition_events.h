// Every transition of a task or step that a worker performs or observes, as events of its bus: the
// one list of their names and of what their payloads hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tasker::worker {

enum class Transition : std::uint8_t {
  kTaskCreated,
  kTaskCompleted,
  kTaskBlocked,
  kTaskFailed,
  kTaskCancelled,
  kTaskResolved,
  kTaskRetried,
  kStepCreated,
  kStepEnqueued,
  kStepClaimed,
  kStepCheckpointed,
  kStepCompleted,
  kStepTimedOut,
  kStepLost,
  kStepWaitingForRetry,
  kStepFailed,
  kStepHandedBack,
  kStepCancelled,
  kStepRetried,
};
inline constexpr std::size_t kTransitionCount = 19;

/// Name of the event, such as `step.completed`.
std::string_view transition_name(Transition transition);

/// Whether it is a step's, else a task's.
bool is_of_step(Transition transition);

/// JSON Schema of the event's payload.
std::string transition_schema(Transition transition);

}  // namespace tasker::worker
