// The one worker of the flat names.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

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
  /// Whether a drain has begun: what is still queued goes back to the store and is not handed out.
  bool is_draining() const { return is_draining_.load(); }

  /// Frees the places of events that were ended over the client's head (overdue, cancelled) a
  /// handler timeout ago and are still held: a client that lost one, or whose completion was
  /// refused, does not come back to it.
  void forget_ended();

  /// Whether the absence of a worker is still to be logged: once until the next start.
  bool first_miss() { return !missed_.exchange(true); }

 private:
  base::Mutex lifecycle_mutex_;
  std::string id_json_ TASKER_GUARDED_BY(lifecycle_mutex_);
  std::uint32_t drain_timeout_ms_ TASKER_GUARDED_BY(lifecycle_mutex_) = 0;
  struct Ended {
    std::string event_id;
    std::int64_t noticed_us;
  };

  base::Mutex ended_mutex_;
  std::deque<Ended> ended_ TASKER_GUARDED_BY(ended_mutex_);
  std::atomic<std::uint32_t> handler_timeout_ms_{0};
  std::atomic<tasker_worker*> worker_{nullptr};
  std::atomic<bool> is_draining_{false};
  std::atomic<bool> missed_{false};
};

}  // namespace tasker::c
