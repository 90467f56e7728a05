// Puts transitions on the worker's bus: noted by the store writer when their commit is through,
// published in that order by an actor of its own, so that a slow subscriber holds up neither
// commits nor leases.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/events/actor.h"
#include "core/events/event_bus.h"
#include "core/store/store.h"
#include "core/worker/template_cache.h"
#include "core/worker/transition_events.h"

namespace tasker::worker {

/// What transitions say of their task; shared by those of one task in a commit.
struct TaskFacts {
  base::Uuid uuid;
  base::Uuid correlation_id;
  CompiledTemplatePtr compiled;
};

/// One transition. Members that its event does not have are left as they are.
struct TransitionRecord {
  Transition kind{};
  TaskFacts task;
  std::uint32_t step = 0;  ///< its place in the task
  std::uint32_t template_step = 0;
  std::uint32_t attempt = 0;
  std::int64_t at_us = 0;  ///< wall clock, of the commit
  std::int64_t retry_at_us = 0;
  std::int64_t execution_us = 0;
  std::uint64_t count = 0;  ///< step_count, steps_retried, items_processed
  model::StepState state{};
  std::string error_json;
  std::uint64_t sequence = 0;  ///< given by the publisher
};

/// The payload of the record's event.
std::string transition_payload(const TransitionRecord& record, std::string_view worker_id);

struct TransitionCounters {
  std::uint64_t published = 0;
  std::uint64_t lost = 0;  ///< for want of room, or of time at the end
};

/// Threads: wanted(), counters() any; the rest by the store writer's thread, stop() by any one when
/// that has ended.
class TransitionPublisher {
 public:
  /// Registers the events. `bus`, `logger` and `clock` outlive it.
  TransitionPublisher(events::EventBus& bus, std::string worker_id, base::Logger& logger,
                      const base::Clock& clock);
  ~TransitionPublisher() { stop(); }
  TransitionPublisher(const TransitionPublisher&) = delete;
  TransitionPublisher& operator=(const TransitionPublisher&) = delete;

  /// Whether anybody has subscribed to a transition: else nothing need be noted.
  bool wanted() const;
  bool wanted(Transition transition) const {
    return types_[static_cast<std::size_t>(transition)]->has_subscribers();
  }

  /// Notes a transition for the next flush().
  void note(TransitionRecord record) { noted_.push_back(std::move(record)); }
  /// A transition of which not enough is known to be told of it.
  void note_lost();
  /// Hands what was noted to the publishing thread; never waits.
  void flush();

  /// Publishes what is left, for 5 s at most, and ends the thread. Idempotent.
  void stop();

  TransitionCounters counters() const { return {.published = published_, .lost = lost_}; }

 private:
  using Batch = std::vector<TransitionRecord>;
  class Publishing;

  bool start();
  base::Status publish(Batch batch);
  void lose(std::size_t count);

  events::EventBus& bus_;
  const std::string worker_id_;
  base::Logger& logger_;
  const base::Clock& clock_;
  std::array<events::EventType*, kTransitionCount> types_{};

  Batch noted_;
  std::uint64_t sequence_ = 0;

  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::stop_source give_up_;

  base::Mutex mutex_;
  base::Condition idle_;
  std::size_t waiting_ TASKER_GUARDED_BY(mutex_) = 0;  // records handed over, not yet published

  std::unique_ptr<events::Actor<Batch>> actor_;  // last: it uses all of the above
};

}  // namespace tasker::worker
