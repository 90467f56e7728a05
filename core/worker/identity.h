// The identity of a task in the contract's sense (4.11).
#pragma once

#include <string>

#include "core/model/task_template.h"
#include "core/store/records.h"

namespace tasker::worker {

/// 16 hexadecimal digits that depend on template key and idempotency key alone, the same on every
/// machine and in every version; for a task without idempotency key the 32 digits of its uuid.
std::string identity_hash(const store::TaskHeader& task, const model::TaskTemplate& body);

}  // namespace tasker::worker
