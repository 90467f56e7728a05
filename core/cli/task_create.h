// tasker task create
#pragma once

#include "core/cli/commands.h"

namespace tasker::cli {

void add_task_create(CLI::App& group, Action& action);

}  // namespace tasker::cli
