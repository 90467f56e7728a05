#include "core/events/actor.h"

namespace tasker::events {

std::string_view actor_state_name(ActorState state) {
  switch (state) {
    case ActorState::kRunning:
      return "running";
    case ActorState::kRestarting:
      return "restarting";
    case ActorState::kDraining:
      return "draining";
    case ActorState::kStopped:
      return "stopped";
    case ActorState::kFailed:
      return "failed";
  }
  return "unknown";
}

}  // namespace tasker::events
