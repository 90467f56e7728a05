// Checkpoint documents (contract, 2.4): what a handler hands in, and what it gets back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/uuid.h"
#include "core/store/records.h"

namespace tasker::worker {

struct CheckpointRequest {
  base::Uuid step_uuid;
  std::string cursor_json;
  std::uint64_t items_processed = 0;
  std::string accumulated_json;  ///< empty when missing or null
};

/// INVALID_JSON, TOO_LARGE over `bytes_max`, INVALID_ARGUMENT with the member as its field. Members
/// that the contract does not know are passed over.
base::Result<CheckpointRequest> read_checkpoint(std::string_view document, std::size_t bytes_max);

/// workflow_step.checkpoint right after the checkpoint, in the same attempt.
std::string continuation_checkpoint_json(const CheckpointRequest& checkpoint);
/// workflow_step.checkpoint of a later attempt.
std::string stored_checkpoint_json(const store::CheckpointRecord& checkpoint);

}  // namespace tasker::worker
