// Callers that wait for a task's end, whoever brings it about.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/base/uuid.h"
#include "core/model/states.h"

namespace tasker::worker {

using OnTaskEnd = std::function<void(base::Result<model::TaskState>)>;

/// Threads: any. Callbacks run on the thread that brings the news, with no lock held.
class TaskWaiters {
 public:
  /// `deadline_us`: monotonic; 0 for none.
  void add(const base::Uuid& task, std::int64_t deadline_us, OnTaskEnd on_end);
  bool empty() const;
  std::vector<base::Uuid> tasks() const;

  void task_ended(const base::Uuid& task, base::Result<model::TaskState> state);
  /// Answers TIMED_OUT to those whose time is up.
  void expire(std::int64_t now_us);
  /// Answers `error` to all.
  void fail_all(const base::Error& error);

 private:
  struct Waiter {
    std::int64_t deadline_us = 0;
    OnTaskEnd on_end;
  };

  mutable base::Mutex mutex_;
  std::multimap<base::Uuid, Waiter> waiters_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::worker
