// The one worker of the flat names.
#pragma once

#include <atomic>
#include <string>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// Threads: any. start() and stop() wait for each other; all else reads the handle and goes its
/// way: a handle that is closed meanwhile answers that there is no worker.
class FlatWorker {
 public:
  /// NULL when there is none.
  tasker_worker* handle() const { return worker_.load(); }

  /// The worker's id as a JSON string; empty when there was a worker already.
  base::Result<std::string> start(std::string_view config_json);
  /// The id of the worker that was stopped, as a JSON string; empty when there was none.
  std::string stop();
  /// Begins to drain, once. INVALID_STATE without a worker.
  base::Status drain();

  /// Whether the absence of a worker is still to be logged: once until the next start.
  bool first_miss() { return !missed_.exchange(true); }

 private:
  base::Mutex lifecycle_mutex_;
  std::string id_json_ TASKER_GUARDED_BY(lifecycle_mutex_);
  bool is_draining_ TASKER_GUARDED_BY(lifecycle_mutex_) = false;
  std::uint32_t drain_timeout_ms_ TASKER_GUARDED_BY(lifecycle_mutex_) = 0;
  std::atomic<tasker_worker*> worker_{nullptr};
  std::atomic<bool> missed_{false};
};

}  // namespace tasker::c
