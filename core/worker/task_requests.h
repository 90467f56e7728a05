// Several task requests in one JSON text.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// A JSON array of task requests (contract, 2.8), at most 100 000. An element at fault is an error
/// of its own, with a field such as `requests[3].name`; the others stand. INVALID_JSON or
/// INVALID_ARGUMENT when it is no such array.
base::Result<std::vector<base::Result<TaskRequest>>> read_task_requests(std::string_view json);

}  // namespace tasker::worker
