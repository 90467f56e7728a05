// The logger of lines that belong to no worker.
#pragma once

#include <memory>

#include "core/base/logger.h"
#include "core/base/mutex.h"

namespace tasker::c {

/// Threads: any.
class ProcessLog {
 public:
  /// Writes to stderr, as TASKER_LOG_LEVEL and TASKER_LOG_JSON said at the first call, unless set()
  /// has said otherwise since.
  std::shared_ptr<base::Logger> get();
  void set(base::LogLevel level, bool json);

 private:
  base::Mutex mutex_;
  std::shared_ptr<base::Logger> logger_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::c
