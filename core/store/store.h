// The only interface between the engine and where state is kept. Back ends: sqlite/ (embedded);
// each passes conformance/. Verbs are the domain's; each write is one transaction and is
// conditional on the state it expects.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/store/records.h"

namespace tasker::store {

/// Reads, each a consistent view of the store as of its call.
/// Threads: one at a time; open one reader a thread.
class Reader {
 public:
  virtual ~Reader() = default;

  /// NOT_FOUND names the key. `version` empty: the version added last.
  virtual base::Result<StoredTemplate> find_template(std::string_view namespace_name,
                                                     std::string_view name,
                                                     std::string_view version) = 0;
  virtual base::Result<StoredTemplate> load_template(model::TemplateId id) = 0;
  /// Newest revision of each key, sorted by key.
  virtual base::Result<std::vector<StoredTemplate>> list_templates() = 0;
  virtual base::Result<std::vector<HandlerRecord>> list_handlers() = 0;

  virtual base::Result<TaskRecord> find_task(const base::Uuid& uuid) = 0;
  virtual base::Result<TaskHeader> load_task_header(model::TaskId id) = 0;
  virtual base::Result<TaskPage> list_tasks(const TaskFilter& filter) = 0;
  /// The task of a template key (any version) that has this idempotency key, if any. A key is taken
  /// for ever.
  virtual base::Result<std::optional<TaskRecord>> find_by_idempotency_key(
      std::string_view namespace_name, std::string_view name, std::string_view key) = 0;

  /// All steps of a task in order. Results are left empty unless asked for: they may be large.
  virtual base::Result<std::vector<StepRecord>> list_steps(model::TaskId task,
                                                           bool with_results) = 0;
  virtual base::Result<StepRecord> load_step(model::StepKey step) = 0;
  /// Result texts of the given steps, in order; empty text for a step that has none.
  virtual base::Result<std::vector<std::string>> load_results(
      model::TaskId task, std::span<const std::uint32_t> steps) = 0;
  virtual base::Result<std::vector<AttemptRecord>> list_attempts(model::StepKey step) = 0;
  /// The latest checkpoint of a step; nullopt when it has none.
  virtual base::Result<std::optional<CheckpointRecord>> load_checkpoint(model::StepKey step) = 0;
  virtual base::Result<std::vector<WorkerRecord>> list_workers() = 0;

  /// Claims of workers for which `is_lost` says true, at most `limit`. `is_lost` also sees the
  /// claims' workers that have no record any more (with only `id` set).
  virtual base::Result<std::vector<LostClaim>> list_lost_claims(
      const std::function<bool(const WorkerRecord&)>& is_lost, std::uint32_t limit) = 0;
  /// Earliest time at which a step's back-off ends.
  virtual base::Result<std::optional<std::int64_t>> next_due() = 0;

  /// A number that grows whenever claims are taken away by hand (a cancellation).
  virtual base::Result<std::uint64_t> revocations() = 0;
  /// For each claim whether `worker` still holds it.
  virtual base::Result<std::vector<bool>> holds_claims(model::WorkerId worker,
                                                       std::span<const HeldClaim> claims) = 0;

  /// Number of the newest event in the outbox; 0 when there never was one.
  virtual base::Result<std::uint64_t> newest_event() = 0;
  /// NOT_FOUND when there is none of this number (any more).
  virtual base::Result<StoredEvent> load_event(std::uint64_t number) = 0;
  /// Sorted by name.
  virtual base::Result<std::vector<SubscriberRecord>> list_subscribers() = 0;
  virtual base::Result<DeadDeliveryPage> list_dead_deliveries(const DeadDeliveryFilter& filter) = 0;

  virtual base::Result<StoreInfo> info() = 0;
  /// Faults found, one line each; empty when the store is sound. Reads everything.
  virtual base::Result<std::vector<std::string>> check_integrity() = 0;
};

/// Tells that another process may have changed the store.
/// Threads: one at a time.
class ChangeWatch {
 public:
  virtual ~ChangeWatch() = default;
  /// Readable when there is news; owned by the watch.
  virtual int fd() const = 0;
  /// Takes the news off the descriptor.
  virtual void acknowledge() = 0;
};

/// Threads: one at a time (the worker's writer thread, or the command line).
class Store : public Reader {
 public:
  /// Commits the whole batch or, on error, nothing of it. Retryable errors: STORE_UNAVAILABLE,
  /// STORE_FULL. Other processes are woken when claimable steps or events are left for them.
  virtual base::Result<WriteOutcome> write(WriteBatch& batch) = 0;

  /// Stores a checked template. `changed` says whether a new revision was made; the same content
  /// again is a no-op.
  struct PutTemplate {
    StoredTemplate stored;
    bool changed = false;
  };
  virtual base::Result<PutTemplate> put_template(const model::TaskTemplate& body,
                                                 std::int64_t now_us) = 0;

  virtual base::Result<model::WorkerId> register_worker(const WorkerInfo& info) = 0;
  /// False: the worker has no record any more, its steps belong to others.
  virtual base::Result<bool> renew_lease(model::WorkerId worker, std::int64_t expires_at_us) = 0;
  virtual base::Status unregister_worker(model::WorkerId worker) = 0;
  /// Keeps a JSON array of the worker's handlers for list_workers(). Nothing happens when the
  /// worker has no record any more.
  virtual base::Status describe_handlers(model::WorkerId worker,
                                         std::string_view handlers_json) = 0;

  /// Cancels the task and its unfinished steps in one commit; running attempts are fenced off.
  /// INVALID_STATE in a terminal state, NOT_FOUND.
  virtual base::Status cancel_task(const base::Uuid& uuid, std::int64_t now_us) = 0;
  /// Gives every failed step of a blocked task a fresh set of attempts and lets the task go on.
  /// Returns the number of steps reset; INVALID_STATE unless blocked_by_failures or error.
  virtual base::Result<std::uint32_t> retry_task(const base::Uuid& uuid, std::int64_t now_us) = 0;

  /// Registers a subscriber or, when the name is known, replaces its settings; its position stays.
  virtual base::Result<model::SubscriberId> put_subscriber(const SubscriberSettings& settings,
                                                           std::int64_t now_us) = 0;
  /// Makes `worker` the one that the subscriber's events go to: false while another worker with a
  /// record in the store is. What a worker without a record had in its hands waits to be delivered
  /// again or, after its last attempt, is dead. NOT_FOUND.
  virtual base::Result<bool> acquire_subscriber(model::SubscriberId id, model::WorkerId worker,
                                                std::int64_t now_us) = 0;
  /// Lets others have the subscriber; what is out waits again, its attempts not counted. `seen`: up
  /// to here no event concerned it but those taken. Nothing happens when `worker` does not hold it.
  virtual base::Status release_subscriber(model::SubscriberId id, model::WorkerId worker,
                                          std::uint64_t seen) = 0;
  /// Forgets a subscriber and all that was to be delivered to it. NOT_FOUND; INVALID_STATE while a
  /// worker with a record in the store holds it.
  virtual base::Status remove_subscriber(std::string_view name) = 0;
  /// Gives dead deliveries of a subscriber a fresh set of attempts. Returns how many; NOT_FOUND for
  /// an unknown subscriber, or for a number that is not dead.
  virtual base::Result<std::uint64_t> retry_dead_deliveries(
      std::string_view subscriber, std::optional<std::uint64_t> number) = 0;
  /// Forgets dead deliveries; as retry_dead_deliveries.
  virtual base::Result<std::uint64_t> drop_dead_deliveries(std::string_view subscriber,
                                                           std::optional<std::uint64_t> number) = 0;
  /// Removes events from before `before_us` that every subscriber has passed and none has open or
  /// dead. Looks at no more than `limit` events after the number `after`; the newest event stays.
  virtual base::Result<RemovedEvents> remove_passed_events(std::int64_t before_us,
                                                           std::uint64_t after,
                                                           std::uint32_t limit) = 0;

  /// Independent reader on its own connection, for another thread.
  virtual base::Result<std::unique_ptr<Reader>> open_reader() = 0;
  virtual base::Result<std::unique_ptr<ChangeWatch>> watch_changes() = 0;
};

}  // namespace tasker::store
