// tasker task watch: a task's progress as it happens.
#pragma once

#include "core/base/uuid.h"
#include "core/cli/commands.h"

namespace tasker::cli {

/// Shows the task until it ends: redrawn in place on a terminal, one line for each change
/// elsewhere, one JSON line for each change with --json. A blocked task counts as ended once none
/// of its steps runs. SIGINT and SIGTERM end the watching, not the task.
/// @return kExitOk when the task is complete, kExitFailed when it ended otherwise,
///         kExitInterrupted, or the exit code of an error
int watch_task(Context& context, const base::Uuid& task);

}  // namespace tasker::cli
