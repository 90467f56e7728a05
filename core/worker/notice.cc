#include "core/worker/notice.h"

namespace tasker::worker {

std::string_view abort_reason_name(AbortReason reason) {
  switch (reason) {
    case AbortReason::kTimeout:
      return "timeout";
    case AbortReason::kCancel:
      return "cancel";
    case AbortReason::kLeaseLost:
      return "lease_lost";
    case AbortReason::kShutdown:
      return "shutdown";
  }
  return "unknown";
}

}  // namespace tasker::worker
