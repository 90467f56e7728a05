// The dispatch channel and the steps on it: claimed, waiting for a handler, running, or already
// settled while their handler still runs.
//
//   dispatch ─▶ queued ── poll ─▶ running ── complete ─▶ gone
//                  │                  └─ settle (timeout, cancel, lease lost) ─▶ settled ──
//                  complete ─▶ gone ├─ hand back ─▶ gone
//                                   └─ pause (a checkpoint is being stored) ─▶ resume ─▶ queued
//                                                    under a new id, or leave ─▶ gone
// A place is taken from dispatch until gone: a slot is free only when its handler really is.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/worker/step_event.h"
#include "core/worker/template_cache.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// A dispatched step and how far it is.
struct Dispatched {
  store::Claim claim;
  model::WorkerId worker{};
  CompiledTemplatePtr compiled;
  HandlerMetrics* metrics = nullptr;  ///< of its handler
  base::Uuid task_uuid;
  std::int64_t started_wall_us = 0;
  std::int64_t started_us = 0;   ///< monotonic; 0 while queued
  std::int64_t deadline_us = 0;  ///< monotonic; 0 while queued
  bool settled =
      false;  ///< its end is recorded already; the handler's own completion will be refused
  bool starvation_logged = false;
  bool paused = false;  ///< the front end's event is gone, the place and the claim are kept
  base::Uuid correlation_id;
  std::shared_ptr<const std::string> checkpoint_json;  ///< as the handler got it
};

/// What became of a paused step.
enum class Resumed : std::uint8_t {
  kQueued,   ///< the continuation is on the channel
  kClosed,   ///< the channel is closed; the step stays paused until leave()
  kSettled,  ///< its claim was given up meanwhile; it is gone
};

/// Name of the handler of a dispatched step.
std::string_view handler_of(const Dispatched& dispatched);

/// Counts of the contract's 2.6.
struct DispatchCounts {
  std::size_t running = 0;
  std::size_t queued = 0;
  std::size_t starving = 0;
  std::optional<std::int64_t> oldest_age_us;
  std::optional<std::int64_t> newest_age_us;
  base::Uuid oldest_event;
};

/// Threads: any.
class Dispatcher {
 public:
  Dispatcher(std::uint32_t capacity, std::uint32_t handler_timeout_ms, const base::Clock& clock);

  /// Lets claims in: until then, and after close(), there is no room.
  void open();
  /// Places free for new claims.
  std::uint32_t room() const;
  /// Only the store writer dispatches, and never more than room() said.
  void dispatch(std::vector<StepEvent> events, model::WorkerId worker);
  void notify(Notice notice);

  /// Appends up to `max` events to `out`; they run from now on.
  std::size_t poll(std::size_t max, std::vector<StepEvent>& out);
  /// Takes polled events back when their content has been used, and leaves `events` empty. Memory
  /// is cheapest freed, or used again, by the thread that allocated it: the writer's.
  void give_back(std::vector<StepEvent>& events) noexcept;
  /// What give_back() got since the last call. Only the store writer calls it.
  void take_spent(std::vector<StepEvent>& into);
  /// Waits until an event is there; false on timeout or when closed.
  bool wait(std::int64_t timeout_us);
  std::vector<Notice> poll_notices(std::size_t max);
  void set_wakeup(std::function<void()> on_wakeup);
  /// Whether step events or notices were announced that no poll has answered yet.
  bool announced() const;
  /// Calls the wake-up, if one is set. Not under a lock that it may take.
  void wake();

  /// Whether a completion for the event would be taken now: OK, UNKNOWN_EVENT or FENCED. A settled
  /// one is removed.
  base::Status check(const base::Uuid& event_id);
  /// Removes a running event for its completion. UNKNOWN_EVENT, FENCED as in check.
  base::Result<Dispatched> take(const base::Uuid& event_id);

  /// Undoes take(), when the completion could not be recorded. Never throws.
  void put_back(const base::Uuid& event_id, Dispatched& dispatched) noexcept;

  /// Takes a running event from the front end while a checkpoint of its step, `step_uuid`, is
  /// stored: the event is unknown from now on, its place stays taken. UNKNOWN_EVENT, FENCED;
  /// INVALID_ARGUMENT when the event is another step's.
  base::Result<Dispatched> pause(const base::Uuid& event_id, const base::Uuid& step_uuid);
  /// Undoes pause(), when the checkpoint could not be recorded.
  void unpause(const base::Uuid& event_id);
  /// Puts the continuation of the paused `event_id` on the channel.
  Resumed resume(const base::Uuid& event_id, StepEvent continuation);
  /// Gives the place of a paused event free.
  void leave(const base::Uuid& event_id);

  /// Marks running events that satisfy `which` as settled and tells the front end to stop them;
  /// paused ones have no handler to stop.
  std::vector<Dispatched> settle(AbortReason reason,
                                 const std::function<bool(const Dispatched&)>& which);
  /// Settles what is over its deadline; `next_us` becomes the earliest deadline left (monotonic), 0
  /// for none.
  std::vector<Dispatched> settle_overdue(std::int64_t& next_us);
  /// Earliest deadline among the running, 0 for none.
  std::int64_t next_deadline_us() const;
  /// Called (from the polling thread, no lock held) when an event starts whose deadline is the
  /// earliest.
  void set_on_earlier_deadline(std::function<void()> callback);

  /// Takes out what no handler has started.
  std::vector<Dispatched> take_queued();
  /// Drops what no handler has started and satisfies `which`: its claim is not this worker's any
  /// more.
  void drop_queued(const std::function<bool(const Dispatched&)>& which);
  /// Claims that are queued or running and not settled.
  std::vector<Dispatched> unsettled() const;
  /// Waits until nothing runs; false on timeout or when abandoned.
  bool wait_idle(std::int64_t timeout_us);
  /// Nobody waits for the running handlers any more.
  void abandon();

  /// No more claims; waiters return. Running events can still be completed.
  void close();
  bool closed() const;

  DispatchCounts counts(std::int64_t starvation_us) const;
  /// Running longer than `starvation_us` and not reported yet; marks them reported.
  std::vector<Dispatched> newly_starving(std::int64_t starvation_us);

 private:
  using Events = std::unordered_map<base::Uuid, Dispatched, base::UuidHash>;

  base::Status refuse(const base::Uuid& event_id, Events::iterator found) TASKER_REQUIRES(mutex_);
  void remove(Events::iterator found) TASKER_REQUIRES(mutex_);
  void insert(const base::Uuid& event_id, Dispatched dispatched) TASKER_REQUIRES(mutex_);
  std::size_t take_from_queue(std::size_t max, std::vector<StepEvent>& out, bool& earlier)
      TASKER_REQUIRES(mutex_);

  const std::uint32_t capacity_;
  const std::uint32_t handler_timeout_ms_;
  const base::Clock& clock_;

  mutable base::Mutex mutex_;
  base::Condition arrived_;
  base::Condition idle_;
  std::deque<StepEvent> queue_ TASKER_GUARDED_BY(mutex_);
  std::deque<Notice> notices_ TASKER_GUARDED_BY(mutex_);
  Events events_ TASKER_GUARDED_BY(mutex_);
  std::vector<Events::node_type> free_nodes_ TASKER_GUARDED_BY(mutex_);
  std::vector<StepEvent> spent_ TASKER_GUARDED_BY(mutex_);
  std::int64_t earliest_deadline_us_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint32_t waiting_ TASKER_GUARDED_BY(mutex_) = 0;
  // Whether the wake-up was called for what waits, one for each kind: a kind that nobody polls must
  // not silence the other.
  bool events_announced_ TASKER_GUARDED_BY(mutex_) = false;
  bool notices_announced_ TASKER_GUARDED_BY(mutex_) = false;
  bool abandoned_ TASKER_GUARDED_BY(mutex_) = false;
  bool closed_ TASKER_GUARDED_BY(mutex_) = true;

  // Held while the wake-up runs, so that replacing it waits for a call under way. Never taken
  // inside mutex_.
  base::Mutex wakeup_mutex_;
  std::function<void()> on_wakeup_ TASKER_GUARDED_BY(wakeup_mutex_);
  std::function<void()> on_earlier_deadline_;  // set before the first event
};

}  // namespace tasker::worker
