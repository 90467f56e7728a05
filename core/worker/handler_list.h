// Handlers and where they run, as the C ABI is told of them: JSON text to checked values.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/worker/executor.h"

namespace tasker::worker {

/// Reads `callables_json`: an array of names, and of objects with `name`, `executor`,
/// `max_concurrent`, `deadline_ms` and `why`. Names and ranges are checked by
/// Worker::register_handlers. INVALID_JSON, TOO_LARGE; INVALID_ARGUMENT with the field, such as
/// `callables[1].executor`.
base::Result<std::vector<HandlerSpec>> read_handlers(std::string_view json);

}  // namespace tasker::worker
