// What the steps do with one access log. Nothing here knows of the worker's state; a handler takes
// a step event and returns what came of it. Threads: handlers run on several at once and share
// nothing.
#pragma once

#include <tasker/tasker.hpp>

namespace digest {

/// Three steps: two that look at the log side by side, one that joins what they found.
extern const char* const kWorkflow;

/// `digest.count_requests`: requests, errors, bytes and skipped lines of `task.context.log`.
tasker::StepResult count_requests(const tasker::StepEvent& event);

/// `digest.busiest_path`: the path of `task.context.log` with the most requests.
tasker::StepResult busiest_path(const tasker::StepEvent& event);

/// `digest.summarise`: one line for people, from the results of the two.
tasker::StepResult summarise(const tasker::StepEvent& event);

}  // namespace digest
