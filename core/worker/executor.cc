#include "core/worker/executor.h"

namespace tasker::worker {

std::string_view executor_name(Executor executor) {
  switch (executor) {
    case Executor::kMain:
      return "main";
    case Executor::kThreads:
      return "threads";
    case Executor::kProcess:
      return "process";
  }
  return "unknown";
}

std::optional<Executor> parse_executor(std::string_view name) {
  for (const Executor executor : kExecutors)
    if (executor_name(executor) == name) return executor;
  return std::nullopt;
}

}  // namespace tasker::worker
