// The number of this process, without a system call each time.
#pragma once

#include <sys/types.h>

namespace tasker::base {

/// As getpid, which asks the kernel at every call. A forked child gets its own number, however it
/// was forked. Threads: any.
pid_t process_id();

}  // namespace tasker::base
