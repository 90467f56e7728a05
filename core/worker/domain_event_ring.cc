#include "core/worker/domain_event_ring.h"

#include <utility>

namespace tasker::worker {

using base::Lock;

DomainEventRing::Added DomainEventRing::add(std::vector<DomainEvent> events) {
  Added added;
  if (events.empty()) return added;
  Lock lock(mutex_);
  for (DomainEvent& event : events) {
    if (events_.size() == kEventsMax) {
      events_.pop_front();
      ++added.dropped;
    }
    events_.push_back(std::move(event));
  }
  added.announce = !std::exchange(announced_, true);
  if (added.dropped > 0) added.first_dropped = !std::exchange(dropping_, true);
  return added;
}

std::vector<DomainEvent> DomainEventRing::poll(std::size_t max) {
  std::vector<DomainEvent> taken;
  Lock lock(mutex_);
  while (taken.size() < max && !events_.empty()) {
    taken.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  if (events_.empty()) {
    announced_ = false;
    dropping_ = false;
  }
  return taken;
}

bool DomainEventRing::announced() const {
  Lock lock(mutex_);
  return announced_;
}

bool DomainEventRing::announce_again() {
  Lock lock(mutex_);
  announced_ = !events_.empty();
  return announced_;
}

}  // namespace tasker::worker
