// Domain events on their way to a reader of this process: a ring, of which a slow reader loses the
// oldest.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/mutex.h"
#include "core/worker/domain_event.h"

namespace tasker::worker {

/// Threads: any.
class DomainEventRing {
 public:
  static constexpr std::size_t kEventsMax = 2'000;  // contract, 4.10

  /// There is a reader from now on; before, nothing should be added.
  void keep() { kept_ = true; }
  bool is_kept() const { return kept_; }

  struct Added {
    bool announce = false;       ///< the reader does not know yet that something waits
    std::uint64_t dropped = 0;   ///< the oldest, for want of room
    bool first_dropped = false;  ///< none was dropped since the ring was empty
  };
  Added add(std::vector<DomainEvent> events);
  /// Up to `max`, oldest first.
  std::vector<DomainEvent> poll(std::size_t max);
  /// Whether something waits, of which a new reader has to be told.
  bool announce_again();
  /// Whether something was announced that no poll has answered yet.
  bool announced() const;

 private:
  std::atomic<bool> kept_{false};
  mutable base::Mutex mutex_;
  std::deque<DomainEvent> events_ TASKER_GUARDED_BY(mutex_);
  bool announced_ TASKER_GUARDED_BY(mutex_) = false;
  bool dropping_ TASKER_GUARDED_BY(mutex_) = false;
};

}  // namespace tasker::worker
