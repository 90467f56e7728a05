// A task on a terminal: its head, its steps as a tree, what failed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cli/console.h"
#include "core/worker/task_view.h"

namespace tasker::cli {

Paint state_paint(model::StepState state);
Paint state_paint(model::TaskState state);

/// `3 of 5 steps, 60 %`.
std::string progress_text(const worker::TaskProgress& progress);

/// How long the task has been, or was, under way.
std::int64_t task_duration_us(const worker::TaskView& view, std::int64_t now_us);

/// `{"message":…}` of a failed attempt in words; the text itself when it has no message.
std::string error_message(const std::string& error_json);

/// The steps as a tree with state, attempts, time and error, one line each below a line of titles,
/// as wide as the console at most. `rows_max` 0 means all; otherwise the steps that are neither
/// running nor failed give way and a last line counts them.
std::vector<std::string> step_lines(const Console& console, const worker::TaskView& view,
                                    std::int64_t now_us, std::size_t rows_max);

}  // namespace tasker::cli
