#include "core/worker/task_waiters.h"

#include <fmt/format.h>

#include <utility>

namespace tasker::worker {

using base::Lock;

void TaskWaiters::add(const base::Uuid& task, std::int64_t deadline_us, OnTaskEnd on_end) {
  Lock lock(mutex_);
  waiters_.emplace(task, Waiter{deadline_us, std::move(on_end)});
}

bool TaskWaiters::empty() const {
  Lock lock(mutex_);
  return waiters_.empty();
}

std::vector<base::Uuid> TaskWaiters::tasks() const {
  Lock lock(mutex_);
  std::vector<base::Uuid> tasks;
  for (const auto& [task, waiter] : waiters_)
    if (tasks.empty() || tasks.back() != task) tasks.push_back(task);
  return tasks;
}

void TaskWaiters::task_ended(const base::Uuid& task, base::Result<model::TaskState> state) {
  std::vector<OnTaskEnd> told;
  {
    Lock lock(mutex_);
    const auto [first, last] = waiters_.equal_range(task);
    for (auto it = first; it != last; ++it) told.push_back(std::move(it->second.on_end));
    waiters_.erase(first, last);
  }
  for (const OnTaskEnd& on_end : told) on_end(state);
}

void TaskWaiters::expire(std::int64_t now_us) {
  std::vector<std::pair<base::Uuid, OnTaskEnd>> told;
  {
    Lock lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (it->second.deadline_us == 0 || it->second.deadline_us > now_us) {
        ++it;
        continue;
      }
      told.emplace_back(it->first, std::move(it->second.on_end));
      it = waiters_.erase(it);
    }
  }
  for (const auto& [task, on_end] : told)
    on_end(base::fail(base::ErrorCode::kTIMED_OUT,
                      fmt::format("task {} did not end in time", task.text()), "task_uuid"));
}

void TaskWaiters::fail_all(const base::Error& error) {
  std::multimap<base::Uuid, Waiter> told;
  {
    Lock lock(mutex_);
    told.swap(waiters_);
  }
  for (const auto& [task, waiter] : told) waiter.on_end(base::fail(error));
}

}  // namespace tasker::worker
