// A worker: claims steps from its store for the handlers that it has, hands them out, and records
// what came of them.
//
// States: created ─▶ running ─▶ draining ─▶ stopped (any ─▶ failed when the store is lost for
// good). Threads of its own: the store writer (group commit) and the housekeeper (leases,
// deadlines, back-off, the store's change watch). Handlers run on the caller's threads: they poll
// step events and complete them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/logger.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/events/event_bus.h"
#include "core/store/store.h"
#include "core/worker/bus_port.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/step_event.h"

namespace tasker::worker {

/// What a caller asks for when it creates a task (contract, 2.8).
struct TaskRequest {
  std::string name;
  std::string namespace_name = "default";
  std::string version;  ///< empty: the version added last
  std::string context_json = "{}";
  std::string initiator = "unknown";
  std::string source_system = "unknown";
  std::string reason = "Task requested";
  std::optional<std::string> tags_json;
  std::optional<std::string> options_json;
  std::int32_t priority = 0;
  std::optional<base::Uuid> correlation_id;
  std::optional<base::Uuid> parent_correlation_id;
  std::optional<std::string> idempotency_key;
};

struct CreatedTask {
  base::Uuid uuid;
  bool duplicate = false;  ///< the idempotency key was known; `uuid` is the task that has it
};

enum class WorkerState : std::uint8_t { kCreated, kRunning, kDraining, kStopped, kFailed };
std::string_view worker_state_name(WorkerState state);

/// Threads: any, several at once, for all members.
class Worker {
 public:
  /// Registers the worker in `store`, which it owns from here on. The worker is created; start()
  /// makes it claim.
  static base::Result<std::unique_ptr<Worker>> open(config::Config config,
                                                    std::unique_ptr<store::Store> store,
                                                    std::shared_ptr<base::Logger> logger,
                                                    std::shared_ptr<base::Clock> clock);
  /// Stops at once as by stop(), joins its threads.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Adds handler names, which run on main; steps for them are claimed from now on. What is known
  /// of a name is kept.
  base::Status register_handlers(std::span<const std::string> callables);
  /// Adds handlers, or replaces what was said of them; those that keep_known as above. Steps that
  /// wait on a channel stay there. INVALID_ARGUMENT names the field.
  base::Status register_handlers(std::span<const HandlerSpec> handlers);
  /// Steps of every handler are claimed from now on, also of those whose templates come later: for
  /// front ends that never name their handlers.
  base::Status register_all_handlers();
  /// How many steps an executor can hold, 0 to 100 000: claimed, queued, running, or settled while
  /// their handlers still run. Fewer than it holds: nothing is claimed until enough are gone.
  base::Status set_executor_room(Executor executor, std::uint32_t places);
  /// Begins to claim. INVALID_STATE when not created.
  base::Status start();

  /// Called once whenever step events, notices or domain events are waiting and the last call for
  /// their kind was answered by a poll of that kind that found nothing more: coalesced kind by
  /// kind, and executor by executor, so that one that nobody polls never hides another. The steps
  /// of an executor that somebody is attached to are those attachments' alone. From a core thread,
  /// must return quickly and may not call back into the worker. Replaces the last one; an empty
  /// function removes it. After return the old one is not called again.
  void set_wakeup(std::function<void()> on_wakeup);
  /// Whether the wake-up was called for something that no poll has answered yet: the level for
  /// which the call is the edge.
  bool has_news() const;

  /// Appends up to `max` step events of the executor that are ready to run; does not wait. Their
  /// deadlines run from now on: the template's timeout_seconds, else the handler's deadline_ms,
  /// else handler_timeout_ms.
  /// @return how many were appended; 0 when none
  std::size_t poll_step_events(std::size_t max, std::vector<StepEvent>& out,
                               Executor executor = Executor::kMain);
  /// Takes polled events back once they are read, so that the memory in them is used again; leaves
  /// `events` empty. They run on: this is not the end of them. Optional.
  void give_back(std::vector<StepEvent>& events) noexcept;
  /// As poll_step_events, waiting up to `timeout_ms` for the first. DRAINING when no more will
  /// come.
  base::Result<std::size_t> wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                             std::vector<StepEvent>& out,
                                             Executor executor = Executor::kMain);
  std::vector<Notice> poll_notices(std::size_t max);

  /// What Attachment::open takes: names this worker in this process for as long as it lives.
  const std::string& attach_token() const;
  /// Ends an attachment whose thread is gone: its calls fail with CLOSED from now on, its wake-up
  /// is not called again. Places of its steps that were settled before are free; those that are
  /// listed are this worker's from now on, to be completed or handed back.
  /// @return the events that it held; none for an id that is not known (any more)
  std::vector<base::Uuid> end_attachment(AttachmentId id);
  /// Gives claims back to the store at no cost of an attempt; their handlers have to be gone, as
  /// their places are free at once. Settled events only free their place, unknown ones are passed
  /// over. CLOSED, FORKED.
  /// @return how many claims were handed back
  base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids);

  /// Takes a result document (contract, 2.2) for a dispatched event. OK: it will be recorded unless
  /// the fence refuses it (then a kRefused notice follows). UNKNOWN_EVENT; FENCED: timed out,
  /// cancelled or lost meanwhile (the slot is free again); INVALID_JSON, TOO_LARGE,
  /// INVALID_ARGUMENT: the event stays open; FULL; CLOSED.
  /// Of an attachment's event too: the worker's owner may settle any.
  base::Status complete_step_event(const base::Uuid& event_id, base::JsonText result_json);

  /// As complete_step_event for a success, for native handlers: no document to parse.
  base::Status complete_success(const base::Uuid& event_id, std::string result_json);

  /// Stores a checkpoint document (contract, 2.4) for a running step and dispatches the step again,
  /// under a new event id, in this worker; the claim and its attempt go on. The old event is gone
  /// at once. `on_stored` is called once, from a core thread or, on an error, from inside the call:
  /// with the new event id when the checkpoint is durable and the continuation is on the dispatch
  /// channel (a nil id: the worker drains, and the step was handed back to go on elsewhere).
  /// UNKNOWN_EVENT; FENCED; INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT with the field: the event
  /// stays open; CLOSED. A store that does not take the checkpoint for 10 s ends the attempt as a
  /// retryable failure of error type `checkpoint_error`; the store's error is then given.
  void checkpoint_step_event(const base::Uuid& event_id, std::string_view checkpoint_json,
                             std::function<void(base::Result<base::Uuid>)> on_stored);

  /// Appends up to `max` domain events of the in-process path, oldest first, each a JSON document
  /// of the contract's 2.7; does not wait.
  /// @return how many were appended; 0 when none
  std::size_t poll_domain_events(std::size_t max, std::vector<std::string>& out);
  /// Domain events of steps that complete from now on are kept for poll_domain_events, the latest
  /// 2,000 of them; without this none are.
  void keep_domain_events();

  /// The worker's event bus: fleeting, of this process. Every transition of a task or step that the
  /// worker performs or observes is published on it (transition_events.h), after its commit and in
  /// the order of commits, by a thread of its own; a subscriber whose queue is full and waits holds
  /// that one up, not the worker. Closed by stop(); lives as long as somebody has it. A listener
  /// may not stop the worker.
  std::shared_ptr<events::EventBus> bus() const;
  /// A front end's own way to the bus; it may outlive the worker.
  std::shared_ptr<BusPort> open_bus_port() const;

  /// Subscribes this worker to durable domain events: `json` as read_event_subscription
  /// (core/worker/event_subscription.h). The subscriber is registered in the store under its name;
  /// of all workers that subscribe under it one gets its events, the others stand by. Events are
  /// delivered at least once, in the order of their numbers. INVALID_JSON, TOO_LARGE,
  /// INVALID_ARGUMENT; INVALID_STATE when this worker has subscribed under the name already;
  /// DRAINING; CLOSED; STORE_…
  base::Status subscribe_domain_events(std::string_view json);
  /// Takes no more events for the subscriber; what is out is revoked, costs no attempt and goes to
  /// another worker, or to the next that subscribes. NOT_FOUND; CLOSED.
  base::Status unsubscribe_domain_events(std::string_view subscriber);
  /// Forgets a subscriber for good, with all that was to be delivered to it. NOT_FOUND;
  /// INVALID_STATE while a worker has it; CLOSED.
  base::Status remove_subscriber(std::string_view subscriber);
  /// Appends up to `max` items, oldest first, each a JSON object; does not wait. `{"kind":"event",
  /// "delivery_id","subscriber","number","attempt","max_attempts","event":{…}}`: to be acknowledged
  /// or failed within the subscription's `timeout_ms` from now. `{"kind":"revoked","delivery_id",
  /// "subscriber","reason"}`: no longer wanted, for `timeout`, `lease_lost`, `unsubscribed` or
  /// `shutdown`.
  /// @return how many were appended; 0 when none
  std::size_t poll_deliveries(std::size_t max, std::vector<std::string>& out);
  /// The event has been dealt with: it will not come again, once that is committed. UNKNOWN_EVENT
  /// when the delivery is not out (any more); CLOSED.
  base::Status acknowledge_delivery(const base::Uuid& delivery_id);
  /// The event is delivered again after a back-off or, when that makes no sense or no attempt is
  /// left, is dead. `failure_json`: `{"message","error_type","retryable"}`, each may be left out.
  /// UNKNOWN_EVENT, CLOSED; INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT: the delivery stays out.
  base::Status fail_delivery(const base::Uuid& delivery_id, std::string_view failure_json);

  /// Creates tasks in as few commits as possible; `on_done` is called once from a core thread with
  /// one result a request, in order.
  void create_tasks(std::vector<TaskRequest> requests,
                    std::function<void(std::vector<base::Result<CreatedTask>>)> on_done);

  /// Calls `on_end` once, from any core thread or from inside this call, when the task has ended
  /// (complete, blocked_by_failures, error, cancelled, resolved_manually), whichever process ended
  /// it. NOT_FOUND; TIMED_OUT after `timeout_ms` (0: no limit); CLOSED when the worker stops first.
  void wait_task(const base::Uuid& uuid, std::int64_t timeout_ms,
                 std::function<void(base::Result<model::TaskState>)> on_end);

  /// Stores a checked template and makes it known.
  base::Result<store::Store::PutTemplate> put_template(const model::TaskTemplate& body);
  base::Status cancel_task(const base::Uuid& uuid);
  base::Result<std::uint32_t> retry_task(const base::Uuid& uuid);
  /// Runs `read` with a reader of its own; calls are serialised.
  base::Status with_reader(const std::function<base::Status(store::Reader&)>& read);

  /// The quick part of drain(): nothing new is claimed once this has returned. Does not block.
  /// INVALID_STATE unless created, running or draining.
  base::Status begin_drain();
  /// Stops claiming, hands back what was not started, waits for running handlers, flushes
  /// completions. Handlers still running after `timeout_ms` get an abort notice (kShutdown) and
  /// their steps are handed back.
  /// @return how many steps were handed back
  base::Result<std::uint32_t> drain(std::int64_t timeout_ms);
  /// Drains with no patience and closes the store. Idempotent.
  base::Status stop();

  WorkerState state() const;
  const config::Config& config() const;
  /// Contract 2.5 (running) with more members.
  std::string status_json() const;
  /// Counts and latency histograms by handler and outcome.
  std::string metrics_json() const;
  /// Contract 2.6.
  std::string dispatch_metrics_json() const;
  /// Logs one warning for each event that runs longer than 10 s and was not reported before.
  void check_starvation_warnings();

  class Impl;  // attachments share it

 private:
  explicit Worker(std::shared_ptr<Impl> impl);
  const std::shared_ptr<Impl> impl_;
  const std::string attach_token_;
};

}  // namespace tasker::worker
