// News for a front end besides step events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/uuid.h"

namespace tasker::worker {

/// Names an attachment of a worker; never used twice in it. 0 is the worker itself.
using AttachmentId = std::uint32_t;

inline constexpr AttachmentId kWorkerItself = 0;

/// Why a running handler should stop. The step's state is settled already; its completion will be
/// refused.
enum class AbortReason : std::uint8_t { kTimeout, kCancel, kLeaseLost, kShutdown };
std::string_view abort_reason_name(AbortReason reason);

struct Notice {
  enum class Kind : std::uint8_t {
    kAbort,     ///< event_id and reason: signal the handler
    kRefused,   ///< event_id: a completion came too late (the fence)
    kFailed,    ///< the worker stopped by itself; error_json says why
    kDetached,  ///< attachment and held: it ended by itself, its steps wait for end_attachment()
  };
  Kind kind{};
  base::Uuid event_id;
  AbortReason reason{};
  std::string error_json;
  AttachmentId attachment = kWorkerItself;
  std::uint32_t held = 0;
};

}  // namespace tasker::worker
