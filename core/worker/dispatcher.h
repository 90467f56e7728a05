// The dispatch channels, one for each executor, and the steps on them: claimed, waiting for a
// handler, running, or already settled while their handler still runs.
//
//   dispatch ─▶ queued ── poll ─▶ running ── complete ─▶ gone
//                  │                  └─ settle (timeout, cancel, lease lost) ─▶ settled ──
//                  complete ─▶ gone ├─ hand back ─▶ gone
//                                   └─ pause (a checkpoint is being stored) ─▶ resume ─▶ queued
//                                                    under a new id, or leave ─▶ gone
// A place of the executor is taken from dispatch until gone: a slot is free only when its handler
// really is. A running event belongs to who took it: an attachment, or the worker's own front end.
// The latter may settle any, and gets those whose attachment has ended.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/events/batch.h"
#include "core/store/records.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/step_event.h"
#include "core/worker/takers.h"
#include "core/worker/template_cache.h"
#include "core/worker/wakeup_call.h"

namespace tasker::worker {

/// A dispatched step and how far it is.
struct Dispatched {
  store::Claim claim;
  model::WorkerId worker{};
  CompiledTemplatePtr compiled;
  HandlerMetrics* metrics = nullptr;  ///< of its handler
  base::Uuid task_uuid;
  Route route;
  AttachmentId taker = kWorkerItself;
  std::int64_t timeout_us = 0;
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

/// An executor as the status shows it.
struct ExecutorCounts {
  struct Attachment {
    AttachmentId id = kWorkerItself;
    std::string name;
    std::uint32_t held = 0;
    bool ended = false;  ///< by itself; its steps wait for end_attachment()
  };

  std::uint32_t room = 0;
  std::uint32_t queued = 0;
  std::uint32_t in_flight = 0;  ///< running, and settled whose handlers are not gone
  std::vector<Attachment> attachments;
};

/// Threads: any.
class Dispatcher {
 public:
  using Rooms = std::array<std::uint32_t, kExecutorCount>;

  Dispatcher(const Rooms& rooms, std::uint32_t handler_timeout_ms, const base::Clock& clock);

  /// Lets claims in: until then, and after close(), there is no room.
  void open();
  /// How many steps an executor can hold. Fewer than it holds: none is claimed until enough are
  /// gone.
  void set_room(Executor executor, std::uint32_t places);
  /// Places that an executor has, free or not.
  std::uint32_t places(Executor executor) const { return places_[index_of(executor)]; }
  /// Fills in what may be claimed now: the room by executor, and, where `limits` has any, how much
  /// of them is left. `limits`: by registration, how many of its steps may be held at once.
  void fill_budget(std::span<const std::uint32_t> limits, store::ClaimBudget& budget) const;
  /// Moves what is in `events` in. Only the store writer dispatches, and never more than
  /// fill_budget() said.
  void dispatch(std::span<StepEvent> events, model::WorkerId worker);
  /// For the worker's front end and, where `attachment` names one, for that too.
  void notify(Notice notice, AttachmentId attachment = kWorkerItself);
  /// For the worker's front end and for each attachment.
  void notify_all(const Notice& notice);

  /// For the worker's own front end: appends up to `max` events to `out`; they run from now on.
  std::size_t poll(Executor executor, std::size_t max, std::vector<StepEvent>& out);
  /// Takes polled events back when their content has been used, and leaves `events` empty. Memory
  /// is cheapest freed, or used again, by the thread that allocated it: the writer's.
  void give_back(std::vector<StepEvent>& events) noexcept;
  /// What give_back() got since the last call. Only the store writer calls it.
  void take_spent(std::vector<StepEvent>& into);
  /// Waits until an event of the executor is there; false on timeout or when closed.
  bool wait(Executor executor, std::int64_t timeout_us);
  std::vector<Notice> poll_notices(std::size_t max);
  void set_wakeup(std::function<void()> on_wakeup);
  /// Whether step events or notices were announced that no poll has answered yet.
  bool announced() const;
  /// Calls the wake-up, if one is set. Not under a lock that it may take.
  void wake() { wakeup_.call(); }

  // For attachments. Each fails with CLOSED when the attachment has ended.

  TakerPtr attach(Executor executor, std::string name);
  base::Result<std::size_t> poll(Taker& taker, std::size_t max, std::vector<StepEvent>& out);
  /// Waits until the taker is woken, or may have been; false on timeout. The channel's close ends
  /// it too.
  base::Status wait(Taker& taker, std::int64_t timeout_us);
  base::Result<std::vector<Notice>> poll_notices(Taker& taker, std::size_t max);
  base::Status set_wakeup(Taker& taker, std::function<void()> on_wakeup);
  /// Whether anything was announced to the taker that no poll has answered yet.
  bool announced(const Taker& taker) const;
  /// Ends an attachment from its own side. What it holds waits for end_attachment(); the worker's
  /// front end is told when there is any.
  void detach(Taker& taker);
  /// Ends an attachment for good, whether it has detached or not: settled events are gone, the
  /// others are the worker's own and listed. Nothing for an id that is not known (any more).
  struct Ended {
    std::vector<base::Uuid> held;
    std::size_t freed = 0;
  };
  Ended end_attachment(AttachmentId id);
  /// All attachments are told nothing more.
  void silence_attachments();

  /// Whether a completion for the event would be taken now: OK, UNKNOWN_EVENT or FENCED. A settled
  /// one is removed.
  base::Status check(const base::Uuid& event_id);
  /// Removes a running event for its completion, of any attachment's when `by` is null, else of
  /// that one's alone. UNKNOWN_EVENT, FENCED as in check; CLOSED when `by` has ended.
  base::Result<Dispatched> take(const base::Uuid& event_id, const Taker* by = nullptr);

  /// Undoes take(), when the completion could not be recorded. Never throws.
  void put_back(const base::Uuid& event_id, Dispatched& dispatched) noexcept;

  /// Removes running events whose claims go back to the store, and gives those; settled ones are
  /// gone without one, unknown ones are passed over. `by` as in take.
  base::Result<std::vector<Dispatched>> hand_back(std::span<const base::Uuid> event_ids,
                                                  const Taker* by = nullptr);

  /// Takes a running event from the front end while a checkpoint of its step, `step_uuid`, is
  /// stored: the event is unknown from now on, its place stays taken. UNKNOWN_EVENT, FENCED;
  /// INVALID_ARGUMENT when the event is another step's. `by` as in take.
  base::Result<Dispatched> pause(const base::Uuid& event_id, const base::Uuid& step_uuid,
                                 const Taker* by = nullptr);
  /// Undoes pause(), when the checkpoint could not be recorded.
  void unpause(const base::Uuid& event_id);
  /// Puts the continuation of the paused `event_id` on the channel, for any taker of its executor.
  Resumed resume(const base::Uuid& event_id, StepEvent continuation);
  /// Gives the place of a paused event free.
  void leave(const base::Uuid& event_id);

  /// Marks running events that satisfy `which` as settled and tells the front end and who took them
  /// to stop them; paused ones have no handler to stop.
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
  std::array<ExecutorCounts, kExecutorCount> executor_counts() const;
  /// Running longer than `starvation_us` and not reported yet; marks them reported.
  std::vector<Dispatched> newly_starving(std::int64_t starvation_us);

 private:
  using Events = std::unordered_map<base::Uuid, Dispatched, base::UuidHash>;

  struct Queued {
    StepEvent event;
    Dispatched* dispatched;  ///< its entry in events_
  };

  /// One executor's steps that wait, and how many it holds in all.
  struct Channel {
    events::Batch<Queued> queue;
    std::uint32_t held = 0;
    // Whether the wake-up was called for what waits: a channel that nobody polls must not silence
    // the others.
    bool announced = false;
  };

  Channel& channel(Executor executor) TASKER_REQUIRES(mutex_) {
    return channels_[index_of(executor)];
  }
  std::size_t take_from(Channel& from, AttachmentId taker, std::size_t max,
                        std::vector<StepEvent>& out, bool& earlier) TASKER_REQUIRES(mutex_);
  /// Announces `count` new events of a channel; whether the worker's own wake-up has to be called.
  bool announce(Executor executor, std::size_t count, ToWake& to_wake) TASKER_REQUIRES(mutex_);
  bool put_notice(Notice notice) TASKER_REQUIRES(mutex_);
  void put_notice(AttachmentId attachment, const Notice& notice, ToWake& to_wake)
      TASKER_REQUIRES(mutex_);
  void hold(const Dispatched& dispatched) TASKER_REQUIRES(mutex_);
  void let_go(const Dispatched& dispatched) TASKER_REQUIRES(mutex_);
  bool end(Taker& taker, ToWake& to_wake) TASKER_REQUIRES(mutex_);

  base::Status refuse(const base::Uuid& event_id, Events::iterator found, const Taker* by)
      TASKER_REQUIRES(mutex_);
  void remove(Events::iterator found) TASKER_REQUIRES(mutex_);
  Dispatched* insert(const base::Uuid& event_id, Dispatched dispatched) TASKER_REQUIRES(mutex_);

  const std::uint32_t handler_timeout_ms_;
  const base::Clock& clock_;
  std::array<std::atomic<std::uint32_t>, kExecutorCount> places_;

  mutable base::Mutex mutex_;
  base::Condition arrived_;
  base::Condition idle_;
  std::array<Channel, kExecutorCount> channels_ TASKER_GUARDED_BY(mutex_);
  std::deque<Notice> notices_ TASKER_GUARDED_BY(mutex_);
  Events events_ TASKER_GUARDED_BY(mutex_);
  std::vector<Events::node_type> free_nodes_ TASKER_GUARDED_BY(mutex_);
  std::vector<StepEvent> spent_ TASKER_GUARDED_BY(mutex_);
  Takers takers_ TASKER_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> held_by_registration_ TASKER_GUARDED_BY(mutex_);
  std::int64_t earliest_deadline_us_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint32_t waiting_ TASKER_GUARDED_BY(mutex_) = 0;
  bool notices_announced_ TASKER_GUARDED_BY(mutex_) = false;
  bool abandoned_ TASKER_GUARDED_BY(mutex_) = false;
  bool closed_ TASKER_GUARDED_BY(mutex_) = true;
  bool over_ TASKER_GUARDED_BY(mutex_) = false;  // closed for good

  WakeupCall wakeup_;
  std::function<void()> on_earlier_deadline_;  // set before the first event
};

}  // namespace tasker::worker
