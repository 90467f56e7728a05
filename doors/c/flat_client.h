// The client_ functions of the flat names: each makes the contract's envelope (2.8).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "include/tasker/tasker.h"

namespace tasker::c {

/// The texts that a function got: UTF-8, as many as it has parameters.
using ClientArguments = std::vector<std::string_view>;

/// The envelope of a call that was not tried: without `recoverable`.
std::string refused_call(std::string_view error);

std::string create_task(tasker_worker* worker, const ClientArguments& arguments);
std::string get_task(tasker_worker* worker, const ClientArguments& arguments);
std::string list_tasks(tasker_worker* worker, const ClientArguments& arguments);
std::string cancel_task(tasker_worker* worker, const ClientArguments& arguments);
std::string list_task_steps(tasker_worker* worker, const ClientArguments& arguments);
std::string get_step(tasker_worker* worker, const ClientArguments& arguments);
std::string get_step_audit_history(tasker_worker* worker, const ClientArguments& arguments);
std::string health_check(tasker_worker* worker, const ClientArguments& arguments);

}  // namespace tasker::c
