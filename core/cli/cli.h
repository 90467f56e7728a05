// The `tasker` program: templates, tasks and stores from a terminal or a script.
#pragma once

namespace tasker::cli {

/// What the program ends with. One error code of contract/errors.def always gives the same one,
/// whatever the command.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,    ///< watch: the task did not complete; check: the store is unsound
  kExitUsage = 2,     ///< the command line itself is wrong
  kExitNotFound = 3,  ///< no such task or template
  kExitRefused = 4,   ///< input that breaks a rule, or a move that the task's state forbids
  kExitStore = 5,     ///< the store is missing, locked, full, damaged, too new or read-only
  kExitInterrupted = 130,
};

/// Runs the program with main's arguments. Never throws. Threads: the main thread, once.
/// @return the process's exit code
int run(int argc, const char* const* argv);

}  // namespace tasker::cli
