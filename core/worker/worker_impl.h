// The parts of a worker and how they are wired.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/engine/outcome.h"
#include "core/worker/dispatcher.h"
#include "core/worker/domain_event_publisher.h"
#include "core/worker/domain_event_ring.h"
#include "core/worker/event_delivery.h"
#include "core/worker/housekeeper.h"
#include "core/worker/lease_keeper.h"
#include "core/worker/metrics.h"
#include "core/worker/store_writer.h"
#include "core/worker/task_waiters.h"
#include "core/worker/template_cache.h"
#include "core/worker/transition_publisher.h"
#include "core/worker/under_way.h"
#include "core/worker/worker.h"

namespace tasker::worker {

using OnCheckpoint = std::function<void(base::Result<base::Uuid>)>;

class Worker::Impl {
 public:
  Impl(config::Config config, std::shared_ptr<base::Logger> logger,
       std::shared_ptr<base::Clock> clock);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  base::Status open(std::unique_ptr<store::Store> store);
  base::Status start();
  base::Status register_handlers(std::span<const HandlerSpec> handlers);
  base::Status register_all_handlers();
  base::Status set_executor_room(Executor executor, std::uint32_t places);

  base::Result<std::size_t> wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                             std::vector<StepEvent>& out, Executor executor);
  std::size_t poll_step_events(std::size_t max, std::vector<StepEvent>& out, Executor executor);
  // `by`: the attachment that settles an event of its own; null for the worker's owner.
  /// A result on its way to the writer, with the memory of those before it.
  struct CompletionMemory {
    engine::StepResult result;
    PendingCompletion pending;
  };
  /// The completion that `memory.result` stands for.
  base::Status complete(const base::Uuid& event_id, CompletionMemory& memory,
                        const Taker* by = nullptr);
  base::Status complete_document(const base::Uuid& event_id, base::JsonText document,
                                 const Taker* by = nullptr);
  void checkpoint(const base::Uuid& event_id, std::string_view document, OnCheckpoint on_stored,
                  const Taker* by = nullptr);
  base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids,
                                        const Taker* by = nullptr);
  std::vector<base::Uuid> end_attachment(AttachmentId id);
  void set_wakeup(std::function<void()> on_wakeup);
  std::size_t poll_domain_events(std::size_t max, std::vector<std::string>& out);

  base::Status subscribe_domain_events(std::string_view json);
  base::Status unsubscribe_domain_events(std::string_view subscriber);
  base::Status remove_subscriber(std::string_view subscriber);

  void create_tasks(std::vector<TaskRequest> requests,
                    std::function<void(std::vector<base::Result<CreatedTask>>)> on_done);
  void wait_task(const base::Uuid& uuid, std::int64_t timeout_ms, OnTaskEnd on_end);
  base::Result<store::Store::PutTemplate> put_template(const model::TaskTemplate& body);
  base::Status cancel_task(const base::Uuid& uuid);
  base::Result<std::uint32_t> retry_task(const base::Uuid& uuid);
  base::Status with_reader(const std::function<base::Status(store::Reader&)>& read);

  base::Status begin_drain();
  base::Result<std::uint32_t> drain(std::int64_t timeout_ms);
  base::Status stop();

  std::string status_json() const;
  std::string metrics_json() const;
  std::string dispatch_metrics_json() const;
  void check_starvation_warnings();
  /// CLOSED, FORKED, or OK: the worker can be used from this process.
  base::Status usable() const;

  const config::Config config;
  const std::shared_ptr<base::Logger> logger;
  const std::shared_ptr<base::Clock> clock;
  const std::string name;
  Metrics metrics;
  Dispatcher dispatcher;
  /// Shared with those who use it; see Worker::bus().
  const std::shared_ptr<events::EventBus> bus;
  TransitionPublisher transitions;
  DomainEventRing domain_events;
  DomainEventPublisher publisher;
  EventDelivery deliveries;
  std::atomic<WorkerState> state{WorkerState::kCreated};

 private:
  /// Moves to `next` and logs it; INVALID_STATE unless the present state is one of `from`.
  base::Status move_to(WorkerState next, std::initializer_list<WorkerState> from);
  base::Status send_handlers();
  /// Shows the store who runs what. On the writer's thread.
  void describe_handlers(store::Store& store);
  void renew_lease(store::Store& store);
  void sweep(store::Store& store);
  void store_changed(store::Store& store);
  /// `told`: a task whose cancellation is told of already.
  /// Removes durable events that nobody needs any more, a bounded number a call.
  void remove_passed_events(store::Store& store);
  void find_cancelled(store::Store& store, const base::Uuid& told = {});
  std::int64_t end_overdue();
  bool check_waiters();
  void look_after_waiters_of(const base::Uuid& uuid);
  void failed(const base::Error& error);
  /// Ends the attempt of a step whose checkpoint could not be stored.
  void lose(const Dispatched& dispatched, const base::Error& error);
  /// Records an end that the core states itself; nobody is told when the fence refuses it.
  AttemptOutcome record_end(const Dispatched& dispatched, engine::StepResult result,
                            EndCause cause);
  /// Into `completion`, whose memory goes to `result` in exchange.
  void decide(const Dispatched& dispatched, engine::StepResult& result,
              store::Completion& completion);
  void hand_back(const std::vector<Dispatched>& dispatched);
  Duties duties();

  const std::int64_t pid_;
  TemplateCache templates_;
  TaskWaiters waiters_;
  LeaseKeeper leases_;
  std::uint64_t revocations_seen_ = 0;     // the writer's thread
  std::uint64_t events_looked_up_to_ = 0;  // the writer's thread

  // What the store was last told of the handlers, and as which worker. The writer's thread alone.
  model::WorkerId described_as_{};
  std::string described_json_;

  base::Mutex handlers_mutex_;
  std::vector<HandlerSpec> handlers_ TASKER_GUARDED_BY(handlers_mutex_);
  bool all_handlers_ TASKER_GUARDED_BY(handlers_mutex_) = false;

  std::unique_ptr<CompletionMemory> take_memory();
  void keep_memory(std::unique_ptr<CompletionMemory> memory);
  base::Mutex memory_mutex_;
  // One for each thread that completes at the same time; no more than were reserved.
  std::vector<std::unique_ptr<CompletionMemory>> memory_ TASKER_GUARDED_BY(memory_mutex_);

  base::Mutex random_mutex_;
  base::Random random_ TASKER_GUARDED_BY(random_mutex_);

  /// Completions that are taken from the dispatcher and not yet with the writer.
  std::atomic<std::uint32_t> completing_{0};

  base::Mutex reader_mutex_;
  std::unique_ptr<store::Reader> reader_ TASKER_GUARDED_BY(reader_mutex_);

  // Set in open(). Stopped, not destroyed, by stop(): late callers on other threads then get
  // CLOSED.
  std::atomic<bool> drained_{false};
  base::Mutex stop_mutex_;
  bool stopped_ TASKER_GUARDED_BY(stop_mutex_) = false;
  std::unique_ptr<StoreWriter> writer_;
  std::unique_ptr<Housekeeper> housekeeper_;
};

}  // namespace tasker::worker
