#include "doors/c/process_log.h"

#include <utility>

#include "core/config/config.h"

namespace tasker::c {

using base::Lock;

std::shared_ptr<base::Logger> ProcessLog::get() {
  Lock lock(mutex_);
  if (!logger_) {
    // One variable at fault must not silence the lines that say so.
    const auto config = config::load_config({}, config::system_environment());
    const config::Config settings = config ? *config : config::Config{};
    logger_ = base::make_stderr_logger(settings.log_level, settings.log_json);
  }
  return logger_;
}

void ProcessLog::set(base::LogLevel level, bool json) {
  auto logger = base::make_stderr_logger(level, json);
  Lock lock(mutex_);
  std::swap(logger_, logger);
}

}  // namespace tasker::c
