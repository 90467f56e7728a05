#include "core/worker/worker_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/base/process_id.h"
#include "core/worker/checkpoint.h"
#include "core/worker/task_factory.h"

namespace tasker::worker {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Lock;
using base::LogLevel;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kCompletionMemories = 16;
constexpr std::int64_t kMicrosPerMs = 1'000;
constexpr std::int64_t kFlushTimeoutUs = 10'000'000;
constexpr std::int64_t kCheckpointPatienceUs = 10'000'000;  // contract, 1.6
constexpr std::int64_t kBusPatienceUs = 5'000'000;
constexpr std::size_t kWaitersPerLook = 200;

std::string worker_name(const config::Config& config) {
  if (!config.worker_id.empty()) return config.worker_id;
  base::Random random = base::Random::from_system();
  return "typescript-worker-" + base::make_uuid_v4(random).text();
}

/// The bus with the clock that it needs, for whoever uses it longest.
std::shared_ptr<events::EventBus> make_bus(const std::shared_ptr<base::Clock>& clock,
                                           const std::shared_ptr<base::Logger>& logger) {
  struct Bus {
    std::shared_ptr<base::Clock> clock;
    events::EventBus bus;
  };
  const std::shared_ptr<Bus> made(
      new Bus{.clock = clock, .bus = events::EventBus({}, *clock, logger)});
  return {made, &made->bus};
}

bool has_ended(model::TaskState state) { return state != model::TaskState::kStepsInProcess; }

}  // namespace

Worker::Impl::Impl(config::Config settings, std::shared_ptr<base::Logger> log,
                   std::shared_ptr<base::Clock> time)
    : config(std::move(settings)),
      logger(std::move(log)),
      clock(std::move(time)),
      name(worker_name(config)),
      dispatcher({config.max_concurrent_handlers, config.threads_room, config.process_room},
                 config.handler_timeout_ms, *clock),
      bus(make_bus(clock, logger)),
      transitions(*bus, name, *logger, *clock),
      publisher({domain_events, dispatcher, metrics, *logger, *clock}),
      deliveries({metrics, *logger, *clock, [this] { dispatcher.wake(); }}),
      pid_(base::process_id()),
      leases_(name, config.lease_ttl_ms, templates_, *logger, *clock),
      random_(base::Random::from_system()) {
  memory_.reserve(kCompletionMemories);
}

Worker::Impl::~Impl() { (void)stop(); }

Status Worker::Impl::usable() const {
  if (base::process_id() != pid_)
    return fail(ErrorCode::kFORKED,
                fmt::format("the worker was opened by process {}; this is a fork of it", pid_));
  const WorkerState now = state;
  if (now == WorkerState::kStopped || now == WorkerState::kFailed)
    return fail(ErrorCode::kCLOSED, fmt::format("worker {} is {}", name, worker_state_name(now)));
  return {};
}

Status Worker::Impl::move_to(WorkerState next, std::initializer_list<WorkerState> from) {
  WorkerState now = state;
  do {
    if (std::find(from.begin(), from.end(), now) == from.end())
      return fail(ErrorCode::kINVALID_STATE,
                  fmt::format("worker {} is {} and cannot become {}", name, worker_state_name(now),
                              worker_state_name(next)));
  } while (!state.compare_exchange_weak(now, next));
  logger->log(LogLevel::kInfo, "worker", "worker state changed",
              {{"worker_id", std::string_view(name)},
               {"from", worker_state_name(now)},
               {"to", worker_state_name(next)}});
  return {};
}

Status Worker::Impl::open(std::unique_ptr<store::Store> store) {
  auto id = leases_.acquire(*store);
  if (!id) return fail(id.error());
  auto reader = store->open_reader();
  if (!reader) return fail(reader.error());
  {
    Lock lock(reader_mutex_);
    reader_ = std::move(*reader);
  }
  auto revocations = store->revocations();
  if (!revocations) return fail(revocations.error());
  revocations_seen_ = *revocations;
  auto watch = store->watch_changes();
  if (!watch)
    logger->log(LogLevel::kWarn, "worker", "other processes are noticed at lease renewal only",
                {{"error", std::string_view(watch.error().message)}});

  const StoreWriterParts parts{dispatcher, templates_,  waiters_, metrics, publisher,
                               deliveries, transitions, *logger,  *clock};
  writer_ =
      std::make_unique<StoreWriter>(std::move(store), parts, config.completion_channel_capacity);
  housekeeper_ =
      std::make_unique<Housekeeper>(duties(), watch ? std::move(*watch) : nullptr,
                                    std::int64_t{config.lease_ttl_ms} * kMicrosPerMs / 3, *clock);
  writer_->set_on_next_due([this](std::int64_t due_us) { housekeeper_->set_next_due(due_us); });
  writer_->set_on_checkpoint_failed(
      [this](const Dispatched& dispatched, const Error& error) { lose(dispatched, error); });
  writer_->set_on_failed([this](const Error& error) { failed(error); });
  dispatcher.set_on_earlier_deadline([this] { housekeeper_->deadline_changed(); });
  deliveries.set_on_earlier_deadline([this] { housekeeper_->deadline_changed(); });
  deliveries.set_on_work([this] { writer_->request_deliveries(); });
  housekeeper_->start();
  return writer_->call([&](store::Store& opened) {
    writer_->set_worker(*id);
    sweep(opened);
  });
}

Duties Worker::Impl::duties() {
  Duties duties;
  duties.renew_lease = [this] {
    writer_->post([this](store::Store& store) {
      renew_lease(store);
      sweep(store);
      deliveries.acquire(store, writer_->worker());
      remove_passed_events(store);
    });
  };
  duties.store_changed = [this] {
    templates_.forget_keys();
    writer_->post([this](store::Store& store) { store_changed(store); });
    writer_->request_claim();
  };
  duties.deadlines = [this] {
    const std::int64_t step_us = end_overdue();
    const std::int64_t delivery_us = deliveries.tick();
    return step_us == 0 || (delivery_us != 0 && delivery_us < step_us) ? delivery_us : step_us;
  };
  duties.back_off_due = [this] { writer_->request_promote(); };
  duties.check_waiters = [this] { return check_waiters(); };
  return duties;
}

Status Worker::Impl::start() {
  if (auto ok = usable(); !ok) return ok;
  if (auto moved = move_to(WorkerState::kRunning, {WorkerState::kCreated}); !moved) return moved;
  if (auto sent = send_handlers(); !sent) return sent;
  dispatcher.open();
  writer_->request_promote();
  writer_->request_claim();
  return {};
}

void Worker::Impl::set_wakeup(std::function<void()> on_wakeup) {
  const bool set = static_cast<bool>(on_wakeup);
  dispatcher.set_wakeup(std::move(on_wakeup));
  const bool has_events = domain_events.announce_again();
  const bool has_deliveries = deliveries.announce_again();
  if (set && (has_events || has_deliveries)) dispatcher.wake();
}

std::size_t Worker::Impl::poll_domain_events(std::size_t max, std::vector<std::string>& out) {
  const std::vector<DomainEvent> events = domain_events.poll(max);
  for (const DomainEvent& event : events) append_domain_event_json(out.emplace_back(), event);
  return events.size();
}

std::size_t Worker::Impl::poll_step_events(std::size_t max, std::vector<StepEvent>& out,
                                           Executor executor) {
  return dispatcher.poll(executor, max, out);
}

Result<std::size_t> Worker::Impl::wait_step_events(std::size_t max, std::int64_t timeout_ms,
                                                   std::vector<StepEvent>& out, Executor executor) {
  if (auto ok = usable(); !ok) return fail(ok.error());
  if (const std::size_t taken = poll_step_events(max, out, executor); taken > 0) return taken;
  if (state == WorkerState::kDraining)
    return fail(ErrorCode::kDRAINING, fmt::format("worker {} is draining", name));
  dispatcher.wait(executor, timeout_ms * kMicrosPerMs);
  return poll_step_events(max, out, executor);
}

void Worker::Impl::decide(const Dispatched& dispatched, engine::StepResult& result,
                          store::Completion& completion) {
  const engine::AttemptFacts facts{dispatched.claim, dispatched.worker, dispatched.started_wall_us};
  if (result.success && result.execution_us > 0)
    return engine::decide_success(*dispatched.compiled, facts, result, completion);
  Lock lock(random_mutex_);
  completion = engine::decide_completion(*dispatched.compiled, facts, std::move(result),
                                         clock->wall_us(), random_);
}

namespace {

AttemptOutcome outcome_of(const store::Completion& completion) {
  switch (completion.next) {
    case model::StepState::kComplete:
      return AttemptOutcome::kCompleted;
    case model::StepState::kError:
      return AttemptOutcome::kFailed;
    default:
      return AttemptOutcome::kRetried;
  }
}

}  // namespace

AttemptOutcome Worker::Impl::record_end(const Dispatched& dispatched, engine::StepResult result,
                                        EndCause cause) {
  std::vector<PendingCompletion> one(1);
  decide(dispatched, result, one[0].completion);
  one[0].cause = cause;
  const AttemptOutcome outcome = outcome_of(one[0].completion);
  writer_->complete_all(std::move(one));
  return outcome;
}

Status Worker::Impl::complete(const base::Uuid& event_id, CompletionMemory& memory,
                              const Taker* by) {
  engine::StepResult& result = memory.result;
  // Before the event is taken: a completion that finds the channel full leaves it open for another
  // try.
  if (!writer_->has_room_for_completion())
    return fail(ErrorCode::kFULL, "the completion channel is full", "completion_channel_capacity");
  // A drain that finds nothing running waits for this one to reach the writer.
  const UnderWay under_way(completing_);
  auto dispatched = dispatcher.take(event_id, by);
  if (!dispatched) {
    if (dispatched.error().code == ErrorCode::kFENCED) {
      metrics.completion_refused();
      writer_->request_claim();  // a place is free again
    }
    return fail(dispatched.error());
  }
  // What fails from here on, for want of memory, leaves the event open for another try.
  struct PutBack {
    Dispatcher& dispatcher;
    const base::Uuid& event_id;
    Dispatched* dispatched;
    ~PutBack() {
      if (dispatched) dispatcher.put_back(event_id, *dispatched);
    }
  } put_back{dispatcher, event_id, &*dispatched};
  if (result.execution_us <= 0)
    result.execution_us = clock->monotonic_us() - dispatched->started_us;
  const std::int64_t execution_us = result.execution_us;
  std::vector<engine::HandlerEvent> own = std::exchange(result.events, {});
  const bool publishes = !own.empty() || publisher.is_asked(*dispatched);
  std::string reported = publishes ? result.result_json : std::string();
  PendingCompletion& pending = memory.pending;
  decide(*dispatched, result, pending.completion);
  pending.event_id = event_id;
  pending.tell_if_refused = true;
  pending.attachment = dispatched->taker;
  pending.cause = EndCause::kHandler;
  pending.publication.reset();
  if (publishes)
    pending.publication =
        publisher.prepare(*dispatched, pending.completion, std::move(reported), std::move(own));
  const AttemptOutcome outcome = outcome_of(pending.completion);
  const bool is_taken = writer_->complete(pending);
  put_back.dispatched = nullptr;
  dispatched->metrics->ended(outcome, execution_us);
  if (is_taken) return {};
  return fail(ErrorCode::kCLOSED, fmt::format("worker {} is closed", name));
}

std::unique_ptr<Worker::Impl::CompletionMemory> Worker::Impl::take_memory() {
  {
    Lock lock(memory_mutex_);
    if (!memory_.empty()) {
      std::unique_ptr<CompletionMemory> memory = std::move(memory_.back());
      memory_.pop_back();
      return memory;
    }
  }
  return std::make_unique<CompletionMemory>();
}

void Worker::Impl::keep_memory(std::unique_ptr<CompletionMemory> memory) {
  Lock lock(memory_mutex_);
  if (memory_.size() < memory_.capacity()) memory_.push_back(std::move(memory));
}

Status Worker::Impl::complete_document(const base::Uuid& event_id, base::JsonText document,
                                       const Taker* by) {
  // Before the event is taken: a text that cannot be read leaves it open for another try.
  std::unique_ptr<CompletionMemory> memory = take_memory();
  const Status read = engine::read_step_result(document, config.result_bytes_max, memory->result);
  if (!read) return read;
  Status status = complete(event_id, *memory, by);
  if (status) keep_memory(std::move(memory));  // what was refused may hold much
  return status;
}

void Worker::Impl::checkpoint(const base::Uuid& event_id, std::string_view document,
                              OnCheckpoint on_stored, const Taker* by) {
  if (auto ok = usable(); !ok) return on_stored(fail(ok.error()));
  // Before the event is taken: a text that cannot be read leaves it open for another try.
  auto request = read_checkpoint(document, config.result_bytes_max);
  if (!request) return on_stored(fail(request.error()));
  PendingCheckpoint pending;
  pending.event_id = event_id;
  pending.continuation_json =
      std::make_shared<const std::string>(continuation_checkpoint_json(*request));
  auto paused = dispatcher.pause(event_id, request->step_uuid, by);
  if (!paused) {
    if (paused.error().code == ErrorCode::kFENCED) {
      metrics.completion_refused();
      writer_->request_claim();  // a place is free again
    }
    return on_stored(fail(paused.error()));
  }
  pending.checkpoint = {paused->claim.step,       paused->claim.attempt,
                        paused->worker,           std::move(request->cursor_json),
                        request->items_processed, std::move(request->accumulated_json)};
  pending.dispatched = std::move(*paused);
  pending.give_up_us = clock->monotonic_us() + kCheckpointPatienceUs;
  pending.on_stored = std::move(on_stored);
  bool is_taken = false;
  try {
    is_taken = writer_->checkpoint(pending);
  } catch (const std::bad_alloc&) {
    dispatcher.unpause(event_id);
    throw;
  }
  if (is_taken) return;
  dispatcher.leave(event_id);
  pending.on_stored(fail(ErrorCode::kCLOSED, fmt::format("worker {} is closed", name)));
}

void Worker::Impl::create_tasks(std::vector<TaskRequest> requests,
                                std::function<void(std::vector<Result<CreatedTask>>)> on_done) {
  std::vector<Result<CreatedTask>> results(requests.size());
  const auto refuse_all = [&](const Error& error) {
    for (auto& result : results) result = fail(error);
    on_done(std::move(results));
  };
  if (auto ok = usable(); !ok) return refuse_all(ok.error());

  PendingCreate create;
  std::vector<std::size_t> places;  // of create.tasks in results
  for (std::size_t i = 0; i < requests.size(); ++i) {
    TaskRequest& request = requests[i];
    Result<CompiledTemplatePtr> compiled =
        templates_.find_key(request.namespace_name, request.name, request.version);
    if (!*compiled) {
      Lock lock(reader_mutex_);
      if (!reader_) return refuse_all({ErrorCode::kCLOSED, "the worker is closed"});
      compiled = templates_.by_key(request.namespace_name, request.name, request.version, *reader_);
    }
    if (!compiled) {
      results[i] = fail(compiled.error());
      continue;
    }
    Lock lock(random_mutex_);
    auto task = make_task(request, **compiled, clock->wall_us(), random_);
    if (!task) {
      results[i] = fail(task.error());
      continue;
    }
    results[i] = CreatedTask{task->uuid, false};
    create.tasks.push_back(std::move(*task));
    places.push_back(i);
  }
  if (create.tasks.empty()) return on_done(std::move(results));

  // Shared, because std::function wants what it holds to be copyable.
  auto answer = std::make_shared<std::vector<Result<CreatedTask>>>(std::move(results));
  create.on_done = [answer, places = std::move(places), on_done](auto created) {
    for (std::size_t k = 0; k < places.size(); ++k) {
      Result<CreatedTask>& result = (*answer)[places[k]];
      if (!created)
        result = fail(created.error());
      else if ((*created)[k].duplicate)
        result = CreatedTask{(*created)[k].existing, true};
    }
    on_done(std::move(*answer));
  };
  if (writer_->create(create)) return;
  create.on_done(fail(ErrorCode::kFULL, "too many tasks wait to be created"));
}

void Worker::Impl::look_after_waiters_of(const base::Uuid& uuid) {
  Result<store::TaskRecord> task = fail(ErrorCode::kCLOSED, "the worker is closed");
  {
    Lock lock(reader_mutex_);
    if (reader_) task = reader_->find_task(uuid);
  }
  if (!task)
    waiters_.task_ended(uuid, fail(task.error()));
  else if (has_ended(task->state))
    waiters_.task_ended(uuid, task->state);
}

void Worker::Impl::wait_task(const base::Uuid& uuid, std::int64_t timeout_ms, OnTaskEnd on_end) {
  if (auto ok = usable(); !ok) return on_end(fail(ok.error()));
  const std::int64_t deadline_us =
      timeout_ms > 0 ? clock->monotonic_us() + timeout_ms * kMicrosPerMs : 0;
  waiters_.add(uuid, deadline_us, std::move(on_end));
  // After the waiter is in: an end between this look and the next commit is then announced by that
  // commit.
  look_after_waiters_of(uuid);
  housekeeper_->waiters_changed();
}

bool Worker::Impl::check_waiters() {
  waiters_.expire(clock->monotonic_us());
  std::vector<base::Uuid> tasks = waiters_.tasks();
  if (tasks.size() > kWaitersPerLook) {
    Lock lock(random_mutex_);
    const std::size_t first = random_.below(tasks.size() - kWaitersPerLook);
    tasks = {tasks.begin() + static_cast<std::ptrdiff_t>(first),
             tasks.begin() + static_cast<std::ptrdiff_t>(first + kWaitersPerLook)};
  }
  for (const base::Uuid& task : tasks) look_after_waiters_of(task);
  return !waiters_.empty();
}

Result<store::Store::PutTemplate> Worker::Impl::put_template(const model::TaskTemplate& body) {
  if (auto ok = usable(); !ok) return fail(ok.error());
  Result<store::Store::PutTemplate> put;
  auto called = writer_->call([&](store::Store& store) {
    put = store.put_template(body, clock->wall_us());
    writer_->refresh_handlers();
  });
  if (!called) return fail(called.error());
  templates_.forget_keys();
  return put;
}

Status Worker::Impl::cancel_task(const base::Uuid& uuid) {
  if (auto ok = usable(); !ok) return ok;
  Status status;
  auto called = writer_->call([&](store::Store& store) {
    status = store.cancel_task(uuid, clock->wall_us());
    if (!status) return;
    writer_->tell_cancelled(uuid);
    find_cancelled(store, uuid);
  });
  if (!called) return called;
  if (status) waiters_.task_ended(uuid, model::TaskState::kCancelled);
  return status;
}

Result<std::uint32_t> Worker::Impl::retry_task(const base::Uuid& uuid) {
  if (auto ok = usable(); !ok) return fail(ok.error());
  Result<std::uint32_t> reset = 0U;
  auto called = writer_->call([&](store::Store& store) {
    const std::vector<model::StepKey> failed = writer_->failed_steps(uuid);
    reset = store.retry_task(uuid, clock->wall_us());
    if (reset) writer_->tell_retried(uuid, failed);
  });
  if (!called) return fail(called.error());
  writer_->request_claim();
  return reset;
}

Status Worker::Impl::with_reader(const std::function<Status(store::Reader&)>& read) {
  if (auto ok = usable(); !ok) return ok;
  Lock lock(reader_mutex_);
  if (!reader_) return fail(ErrorCode::kCLOSED, fmt::format("worker {} is stopped", name));
  return read(*reader_);
}
void Worker::Impl::hand_back(const std::vector<Dispatched>& dispatched) {
  std::vector<store::Release> releases;
  for (const Dispatched& one : dispatched) {
    releases.push_back({one.claim.step, one.claim.attempt, one.worker});
    const std::int64_t ran_us = one.started_us == 0 ? 0 : clock->monotonic_us() - one.started_us;
    one.metrics->ended(AttemptOutcome::kHandedBack, ran_us);
  }
  writer_->release(std::move(releases));
}

Status Worker::Impl::begin_drain() {
  if (auto ok = usable(); !ok) return ok;
  if (state != WorkerState::kDraining)
    if (auto moved =
            move_to(WorkerState::kDraining, {WorkerState::kCreated, WorkerState::kRunning});
        !moved)
      return moved;
  dispatcher.close();
  deliveries.close();
  return {};
}

Result<std::uint32_t> Worker::Impl::drain(std::int64_t timeout_ms) {
  if (auto begun = begin_drain(); !begun) return fail(begun.error());
  // A commit under way may still bring claims: they are on the queue once it is through.
  writer_->flush(kFlushTimeoutUs);
  const std::vector<Dispatched> queued = dispatcher.take_queued();
  hand_back(queued);
  std::size_t returned = queued.size();
  const std::int64_t patience_us = std::max<std::int64_t>(timeout_ms, 0) * kMicrosPerMs;
  const std::int64_t until_us = clock->monotonic_us() + patience_us;
  if (!dispatcher.wait_idle(patience_us)) {
    const auto running =
        dispatcher.settle(AbortReason::kShutdown, [](const Dispatched&) { return true; });
    hand_back(running);
    returned += running.size();
  }
  deliveries.wait_idle(std::max<std::int64_t>(until_us - clock->monotonic_us(), 0));
  for (auto count = completing_.load(); count != 0; count = completing_.load())
    completing_.wait(count);
  if (!writer_->flush(kFlushTimeoutUs))
    logger->log(LogLevel::kWarn, "worker", "the store did not take all completions in time",
                {{"worker_id", std::string_view(name)}});
  (void)writer_->call(
      [&](store::Store& store) { deliveries.release_all(store, writer_->worker()); });
  drained_ = true;
  logger->log(LogLevel::kInfo, "worker", "drained",
              {{"worker_id", std::string_view(name)},
               {"handed_back", static_cast<std::int64_t>(returned)}});
  return static_cast<std::uint32_t>(returned);
}

Status Worker::Impl::stop() {
  if (base::process_id() != pid_ || !writer_) return {};
  dispatcher.abandon();  // a drain under way ends early
  deliveries.abandon();
  Lock lock(stop_mutex_);
  if (std::exchange(stopped_, true)) return {};
  if (state != WorkerState::kFailed) {
    if (drained_) {
      writer_->flush(kFlushTimeoutUs);
    } else if (auto drained = drain(0); !drained)
      logger->log(LogLevel::kWarn, "worker", "stopping without a drain",
                  {{"error", std::string_view(drained.error().message)}});
    state = WorkerState::kStopped;
  }
  set_wakeup({});
  dispatcher.silence_attachments();
  if (housekeeper_) housekeeper_->stop();
  auto called = writer_->call([&](store::Store& store) {
    if (auto removed = store.unregister_worker(writer_->worker()); !removed)
      logger->log(LogLevel::kWarn, "worker", "the worker's record stays until its lease lapses",
                  {{"error", std::string_view(removed.error().message)}});
  });
  writer_->stop();
  if (called) {
    Lock reader_lock(reader_mutex_);
    reader_.reset();
  }
  waiters_.fail_all({ErrorCode::kCLOSED, fmt::format("worker {} is stopped", name)});
  transitions.stop();
  if (auto closed = bus->close(clock->monotonic_us() + kBusPatienceUs); !closed)
    logger->log(LogLevel::kWarn, "worker", "the event bus did not close in time",
                {{"error", std::string_view(closed.error().message)}});
  return {};
}

}  // namespace tasker::worker
