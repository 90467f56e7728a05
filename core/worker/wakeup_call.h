// A wake-up that can be replaced and removed while it is being called.
#pragma once

#include <functional>
#include <utility>

#include "core/base/mutex.h"

namespace tasker::worker {

/// Threads: any.
class WakeupCall {
 public:
  /// After return the old one is not called again; a call of it that is under way is waited for.
  /// Not from inside of it.
  void set(std::function<void()> on_wakeup) {
    base::Lock lock(mutex_);
    on_wakeup_ = std::move(on_wakeup);
  }
  /// Not under a lock that the wake-up may take.
  void call() {
    base::Lock lock(mutex_);
    if (on_wakeup_) on_wakeup_();
  }

 private:
  base::Mutex mutex_;
  std::function<void()> on_wakeup_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::worker
