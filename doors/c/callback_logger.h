// A worker's log lines, handed to its user's function.
#pragma once

#include <atomic>
#include <span>
#include <string_view>
#include <thread>

#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "doors/c/user_data.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// Threads: any; calls the function one line at a time.
class CallbackLogger final : public base::Logger {
 public:
  /// The level lets everything through until set_level, so that nothing is lost while opening.
  CallbackLogger(tasker_log_callback on_log, UserData data)
      : on_log_(on_log), data_(std::move(data)) {}

  void set_level(base::LogLevel level) { level_ = level; }
  bool enabled(base::LogLevel level) const override {
    return level != base::LogLevel::kOff && level >= level_.load();
  }
  void write(base::LogLevel level, std::string_view component, std::string_view message,
             std::span<const base::LogField> fields) override;

  /// Whether the calling thread is inside the function.
  bool inside_callback() const { return caller_.load() == std::this_thread::get_id(); }

  /// Waits for a call under way, then lets go of the user's data: no call comes after.
  void close();

 private:
  const tasker_log_callback on_log_;
  std::atomic<base::LogLevel> level_{base::LogLevel::kTrace};
  std::atomic<std::thread::id> caller_{};
  base::Mutex mutex_;
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;
  UserData data_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::c
