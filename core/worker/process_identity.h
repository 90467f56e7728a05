// Naming a process so exactly that another one on the same machine can tell whether it still lives.
#pragma once

#include <string>
#include <string_view>

namespace tasker::worker {

/// This process: boot, process namespace, pid and start time. Empty when the system does not tell.
std::string own_process_identity();

/// True only when it is certain that the process of `identity` is gone: it ran in this boot and
/// this process namespace, and no process with its pid and start time exists. False when in doubt.
bool is_process_gone(std::string_view identity);

/// Name of this host for people.
std::string host_name();

}  // namespace tasker::worker
