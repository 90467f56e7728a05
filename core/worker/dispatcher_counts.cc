// What the dispatcher shows of itself.
#include <utility>

#include "core/worker/dispatcher.h"

namespace tasker::worker {

using base::Lock;

std::array<ExecutorCounts, kExecutorCount> Dispatcher::executor_counts() const {
  std::array<ExecutorCounts, kExecutorCount> counts;
  Lock lock(mutex_);
  for (std::size_t i = 0; i < kExecutorCount; ++i) {
    counts[i].room = places_[i];
    counts[i].queued = static_cast<std::uint32_t>(channels_[i].queue.size());
    counts[i].in_flight = channels_[i].held - counts[i].queued;
  }
  for (const auto& [id, taker] : takers_.all())
    counts[index_of(taker->executor)].attachments.push_back(
        {id, taker->name, taker->held, taker->ended});
  return counts;
}

DispatchCounts Dispatcher::counts(std::int64_t starvation_us) const {
  const std::int64_t now_us = clock_.monotonic_us();
  Lock lock(mutex_);
  DispatchCounts counts;
  for (const Channel& one : channels_) counts.queued += one.queue.size();
  for (const auto& [id, dispatched] : events_) {
    if (dispatched.started_us == 0 || dispatched.paused) continue;
    ++counts.running;
    const std::int64_t age_us = now_us - dispatched.started_us;
    if (age_us > starvation_us) ++counts.starving;
    if (!counts.oldest_age_us || age_us > *counts.oldest_age_us) {
      counts.oldest_age_us = age_us;
      counts.oldest_event = id;
    }
    if (!counts.newest_age_us || age_us < *counts.newest_age_us) counts.newest_age_us = age_us;
  }
  return counts;
}

std::vector<Dispatched> Dispatcher::newly_starving(std::int64_t starvation_us) {
  const std::int64_t now_us = clock_.monotonic_us();
  Lock lock(mutex_);
  std::vector<Dispatched> starving;
  for (auto& [id, dispatched] : events_) {
    if (dispatched.started_us == 0 || dispatched.paused || dispatched.starvation_logged) continue;
    if (now_us - dispatched.started_us <= starvation_us) continue;
    dispatched.starvation_logged = true;
    starving.push_back(dispatched);
  }
  return starving;
}

}  // namespace tasker::worker
