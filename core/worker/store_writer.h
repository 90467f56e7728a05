// The thread that owns the store's write connection: it drains what was asked for into one
// transaction (group commit) and turns what the transaction claimed into step events.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/store/store.h"
#include "core/worker/dispatcher.h"
#include "core/worker/domain_event_publisher.h"
#include "core/worker/event_builder.h"
#include "core/worker/event_delivery.h"
#include "core/worker/metrics.h"
#include "core/worker/slot_queue.h"
#include "core/worker/task_waiters.h"
#include "core/worker/transition_publisher.h"

namespace tasker::worker {

/// Why an attempt ended, where that is not for its handler to say.
enum class EndCause : std::uint8_t { kHandler, kDeadline, kWorkerLost };

/// A completion on its way into the store.
struct PendingCompletion {
  store::Completion completion;
  base::Uuid event_id;  ///< nil when no handler waits for news of it
  bool tell_if_refused = false;
  AttachmentId attachment = kWorkerItself;  ///< who waits for news of it, besides the worker's own
  std::unique_ptr<PreparedPublication> publication = {};  ///< domain events to fire, if any
  EndCause cause = EndCause::kHandler;
};

/// A checkpoint on its way into the store, its step paused in the dispatcher.
struct PendingCheckpoint {
  store::Checkpoint checkpoint;
  base::Uuid event_id;  ///< the paused event's
  Dispatched dispatched;
  std::shared_ptr<const std::string> continuation_json;  ///< what the handler will see of it
  std::int64_t give_up_us = 0;                           ///< monotonic
  /// Called once, on the writer's thread, with the continuation's event id; nil: handed back.
  std::function<void(base::Result<base::Uuid>)> on_stored;
};

/// Tasks to create; `on_done` is called once, on the writer's thread.
struct PendingCreate {
  std::vector<store::NewTask> tasks;
  std::function<void(base::Result<std::vector<store::WriteOutcome::Created>>)> on_done;
};

/// Which steps a worker claims.
struct HandlerChoice {
  std::vector<HandlerSpec> handlers;    ///< in the order of registration, which names them
  bool all = false;                     ///< any other too, on main
  std::vector<std::string> namespaces;  ///< empty: any

  /// Null when this worker does not take the handler's steps.
  std::optional<Route> route_to(const store::HandlerRecord& handler) const;
};

struct StoreWriterParts {
  Dispatcher& dispatcher;
  TemplateCache& templates;
  TaskWaiters& waiters;
  Metrics& metrics;
  DomainEventPublisher& publisher;
  EventDelivery& deliveries;
  TransitionPublisher& transitions;
  base::Logger& logger;
  const base::Clock& clock;
};

/// Threads: all members from any, unless they say otherwise.
class StoreWriter {
 public:
  using Control = std::function<void(store::Store&)>;

  /// `completions_max`: bound of the completion channel.
  StoreWriter(std::unique_ptr<store::Store> store, const StoreWriterParts& parts,
              std::size_t completions_max);
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  /// Commits what is queued, refuses what comes later, ends the thread and closes the store.
  /// Idempotent.
  void stop();

  /// Whether the completion channel takes one more now.
  bool has_room_for_completion() const { return completions_waiting_ < completions_max_; }
  /// False when the channel is closed, `completion` then untouched; else it is left with memory for
  /// the next one. Callers ask for room first; those who asked at the same moment may pass the
  /// bound by one each.
  bool complete(PendingCompletion& completion);
  /// As complete, past the bound: for ends that the core states itself.
  void complete_all(std::vector<PendingCompletion> completions);
  void release(std::vector<store::Release> releases);
  /// False when the writer has ended; `checkpoint` is then untouched. There are never more than the
  /// dispatcher has places.
  bool checkpoint(PendingCheckpoint& checkpoint);
  /// False when the channel is full or closed; `create` is then untouched.
  bool create(PendingCreate& create);
  /// Runs `control` on the writer's thread, outside of a transaction, before the next commit.
  void post(Control control);
  /// As post, and waits for its end. CLOSED after stop. Not from the writer's own thread.
  base::Status call(const Control& control);
  /// Looks for claimable steps at the next commit, which follows at once.
  void request_claim();
  /// Commits what the event delivery has to be committed.
  void request_deliveries();
  /// Makes steps claimable whose back-off has passed.
  void request_promote();
  /// Waits until everything submitted before is committed or refused, and the commit under way is
  /// through; false when that took longer than `timeout_us`.
  bool flush(std::int64_t timeout_us);
  /// Reads the handler names again; on the writer's thread only.
  void refresh_handlers();

  // On the writer's thread only, from a control:
  void set_worker(model::WorkerId worker) { batch_.budget.worker = worker; }
  void set_handlers(HandlerChoice choice);
  model::WorkerId worker() const { return batch_.budget.worker; }
  /// Tells of steps that this worker held and that are not its own any more.
  void tell_gone(Transition kind, std::span<const Dispatched> gone);
  /// Tells that a task was cancelled, with those of its steps that were not through.
  void tell_cancelled(const base::Uuid& task);
  /// Tells that a task goes on, with fresh attempts for `steps`.
  void tell_retried(const base::Uuid& task, const std::vector<model::StepKey>& steps);
  /// The failed steps of a task, if anybody wants to be told what becomes of them.
  std::vector<model::StepKey> failed_steps(const base::Uuid& task);

  /// Called on the writer's thread when the earliest back-off is known anew (wall clock,
  /// microseconds).
  void set_on_next_due(std::function<void(std::int64_t)> callback) {
    on_next_due_ = std::move(callback);
  }
  /// Called on the writer's thread for a step whose checkpoint the store did not take: its attempt
  /// has to be ended.
  void set_on_checkpoint_failed(
      std::function<void(const Dispatched&, const base::Error&)> callback) {
    on_checkpoint_failed_ = std::move(callback);
  }
  /// Called once on the writer's thread when the store is lost for good.
  void set_on_failed(std::function<void(const base::Error&)> callback) {
    on_failed_ = std::move(callback);
  }

 private:
  struct Inbox {
    SlotQueue<PendingCompletion> completions;
    std::deque<PendingCheckpoint> checkpoints;
    std::deque<store::Release> releases;
    std::deque<PendingCreate> creates;
    std::deque<Control> controls;
    bool claim = false;
    bool promote = false;
    bool deliver = false;

    bool empty() const {
      return completions.empty() && checkpoints.empty() && releases.empty() && creates.empty() &&
             controls.empty() && !claim && !promote && !deliver;
    }
  };

  void run();
  bool take_work();
  void fill_batch();
  void commit();
  void deliver(store::WriteOutcome& outcome);
  void deliver_checkpoints(const store::WriteOutcome& outcome);
  void go_on(PendingCheckpoint& pending);
  void fail_checkpoint(PendingCheckpoint& pending, const base::Error& error);
  void fail_checkpoints(const base::Error& error);
  void give_memory_back();
  void deliver_completions(const store::WriteOutcome& outcome);
  void deliver_created(const store::WriteOutcome& outcome);
  void deliver_claims(const store::WriteOutcome& outcome);
  std::string take_spent_text();
  void deliver_finished(const store::WriteOutcome& outcome);
  void commit_failed(const base::Error& error);
  std::optional<TransitionRecord> record_of(Transition kind, model::TaskId task);
  std::optional<TransitionRecord> record_of(Transition kind, model::StepKey step);
  void note(Transition kind, model::StepKey step, std::uint32_t attempt);
  void note_checkpoint(const PendingCheckpoint& pending, std::uint64_t items_processed);
  void note_end(const PendingCompletion& pending, const store::Completion& completion);
  void note_created(const store::NewTask& task, model::TaskId id);
  void note_releases(const store::WriteOutcome& outcome);
  void refuse_rest();
  void map_handlers();
  Route route_of(model::HandlerId handler) const;
  bool may_have_left_claimable() const;

  // Constant after construction, or set before the first work.
  Dispatcher& dispatcher_;
  TaskWaiters& waiters_;
  Metrics& metrics_;
  DomainEventPublisher& publisher_;
  EventDelivery& deliveries_;
  TransitionPublisher& transitions_;
  TemplateCache& templates_;
  base::Logger& logger_;
  const base::Clock& clock_;
  const std::size_t completions_max_;
  std::function<void(std::int64_t)> on_next_due_;
  std::function<void(const Dispatched&, const base::Error&)> on_checkpoint_failed_;
  std::function<void(const base::Error&)> on_failed_;

  base::Mutex mutex_;
  base::Condition work_;
  base::Condition done_;
  Inbox inbox_ TASKER_GUARDED_BY(mutex_);
  std::atomic<std::size_t> completions_waiting_{0};  // in the inbox
  std::size_t tasks_queued_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t submitted_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t settled_ TASKER_GUARDED_BY(mutex_) = 0;
  bool stopping_ TASKER_GUARDED_BY(mutex_) = false;
  bool ended_ TASKER_GUARDED_BY(mutex_) = false;

  // The writer's thread only.
  std::unique_ptr<store::Store> store_;
  EventBuilder events_;
  std::vector<StepEvent> spent_;  // by front ends, for their memory
  Inbox work_taken_;
  std::uint64_t taken_up_to_ = 0;
  store::WriteBatch batch_;
  HandlerChoice choice_;
  std::vector<store::HandlerRecord> handlers_;
  std::vector<Route> routes_;          // by HandlerId
  std::vector<std::uint32_t> limits_;  // by registration; empty when no handler has one
  bool maybe_claimable_ = false;       // steps may be waiting that found no room before
  int failures_ = 0;                   // commits that failed in a row
  bool lost_ = false;                  // the store is lost for good
  bool told_ = false;                  // somebody listens to transitions

  base::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::worker
