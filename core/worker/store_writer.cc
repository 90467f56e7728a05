#include "core/worker/store_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <limits>
#include <utility>

#include "core/base/json.h"

namespace tasker::worker {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Lock;
using base::LogLevel;

namespace {

// One transaction takes at most so many of each, so that no caller waits for a giant.
constexpr std::size_t kCompletionsPerCommit = 4'096;
// Handlers start on what is ready while the rest is being made ready.
constexpr std::size_t kDispatchedAtOnce = 32;
constexpr std::size_t kTasksPerCommit = 1'024;
constexpr std::size_t kKeptTextBytesMax = 4U << 10;
constexpr std::size_t kTasksQueuedMax = 1'000'000;
constexpr std::int64_t kRetryFirstUs = 20'000;
constexpr std::int64_t kRetryLongestUs = 1'000'000;

template <class T>
void move_all(std::deque<T>& from, std::deque<T>& to) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

}  // namespace

StoreWriter::StoreWriter(std::unique_ptr<store::Store> store, const StoreWriterParts& parts,
                         std::size_t completions_max)
    : dispatcher_(parts.dispatcher),
      waiters_(parts.waiters),
      metrics_(parts.metrics),
      publisher_(parts.publisher),
      deliveries_(parts.deliveries),
      transitions_(parts.transitions),
      templates_(parts.templates),
      logger_(parts.logger),
      clock_(parts.clock),
      completions_max_(completions_max),
      store_(std::move(store)),
      events_(parts.templates, base::Random::from_system()),
      thread_([this] { run(); }) {}

StoreWriter::~StoreWriter() { stop(); }

void StoreWriter::stop() {
  Lock stopping(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    Lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

bool StoreWriter::complete(PendingCompletion& completion) {
  {
    Lock lock(mutex_);
    if (ended_) return false;
    inbox_.completions.exchange(completion);
    completions_waiting_ = inbox_.completions.size();
    ++submitted_;
  }
  work_.notify_one();
  return true;
}

void StoreWriter::complete_all(std::vector<PendingCompletion> completions) {
  if (completions.empty()) return;
  {
    Lock lock(mutex_);
    for (PendingCompletion& completion : completions) {
      inbox_.completions.exchange(completion);
      ++submitted_;
    }
    completions_waiting_ = inbox_.completions.size();
  }
  work_.notify_one();
}

void StoreWriter::release(std::vector<store::Release> releases) {
  if (releases.empty()) return;
  {
    Lock lock(mutex_);
    submitted_ += releases.size();
    std::move(releases.begin(), releases.end(), std::back_inserter(inbox_.releases));
  }
  work_.notify_one();
}

bool StoreWriter::checkpoint(PendingCheckpoint& checkpoint) {
  {
    Lock lock(mutex_);
    if (ended_) return false;
    inbox_.checkpoints.push_back(std::move(checkpoint));
    ++submitted_;
  }
  work_.notify_one();
  return true;
}

bool StoreWriter::create(PendingCreate& create) {
  {
    Lock lock(mutex_);
    if (ended_ || tasks_queued_ + create.tasks.size() > kTasksQueuedMax) return false;
    const std::size_t tasks = create.tasks.size();
    inbox_.creates.push_back(std::move(create));
    tasks_queued_ += tasks;
    ++submitted_;
  }
  work_.notify_one();
  return true;
}

void StoreWriter::post(Control control) {
  {
    Lock lock(mutex_);
    inbox_.controls.push_back(std::move(control));
    ++submitted_;
  }
  work_.notify_one();
}

base::Status StoreWriter::call(const Control& control) {
  std::promise<void> done;
  {
    Lock lock(mutex_);
    if (ended_) return fail(ErrorCode::kCLOSED, "the worker is closed");
    inbox_.controls.push_back([&](store::Store& store) {
      control(store);
      done.set_value();
    });
    ++submitted_;
  }
  work_.notify_one();
  done.get_future().wait();
  return {};
}

void StoreWriter::request_claim() {
  {
    Lock lock(mutex_);
    if (inbox_.claim) return;
    inbox_.claim = true;
  }
  work_.notify_one();
}

void StoreWriter::request_deliveries() {
  {
    Lock lock(mutex_);
    if (inbox_.deliver) return;
    inbox_.deliver = true;
  }
  work_.notify_one();
}

void StoreWriter::request_promote() {
  {
    Lock lock(mutex_);
    inbox_.promote = true;
  }
  work_.notify_one();
}

bool StoreWriter::flush(std::int64_t timeout_us) {
  Lock lock(mutex_);
  if (ended_) return true;
  // A round of its own: the commit under way may be a claim, which nobody counted.
  inbox_.controls.push_back([](store::Store&) {});
  const std::uint64_t until = ++submitted_;
  work_.notify_one();
  return done_.wait_for(mutex_, timeout_us,
                        [this, until]() TASKER_REQUIRES(mutex_) { return settled_ >= until; });
}

std::optional<Route> HandlerChoice::route_to(const store::HandlerRecord& handler) const {
  if (!namespaces.empty() &&
      std::find(namespaces.begin(), namespaces.end(), handler.namespace_name) == namespaces.end())
    return std::nullopt;
  for (std::size_t i = 0; i < handlers.size(); ++i) {
    const HandlerSpec& spec = handlers[i];
    if (spec.name == handler.callable)
      return Route{spec.executor, static_cast<std::int32_t>(i), spec.deadline_ms.value_or(0)};
  }
  return all ? std::optional(Route{}) : std::nullopt;
}

void StoreWriter::set_handlers(HandlerChoice choice) {
  choice_ = std::move(choice);
  refresh_handlers();
}

void StoreWriter::refresh_handlers() {
  auto handlers = store_->list_handlers();
  if (!handlers) {
    logger_.log(LogLevel::kError, "worker", "handler names cannot be read",
                {{"code", base::code_name(handlers.error().code)},
                 {"error", std::string_view(handlers.error().message)}});
    return;
  }
  handlers_ = std::move(*handlers);
  map_handlers();
}

void StoreWriter::map_handlers() {
  using store::ClaimBudget;
  constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
  auto& executor_of = batch_.budget.executor_of_handler;
  auto& limit_of = batch_.budget.limit_of_handler;
  executor_of.clear();
  limit_of.clear();
  routes_.clear();
  limits_.clear();
  for (const HandlerSpec& spec : choice_.handlers)
    limits_.push_back(spec.concurrent_max.value_or(kNoLimit));
  const bool limited = std::any_of(limits_.begin(), limits_.end(),
                                   [](std::uint32_t limit) { return limit != kNoLimit; });
  if (!limited) limits_.clear();
  for (const store::HandlerRecord& handler : handlers_) {
    const auto index = static_cast<std::size_t>(handler.id);
    if (executor_of.size() <= index) {
      executor_of.resize(index + 1, ClaimBudget::kUnknown);
      routes_.resize(index + 1);
    }
    const auto route = choice_.route_to(handler);
    executor_of[index] =
        route ? static_cast<std::int16_t>(index_of(route->executor)) : ClaimBudget::kNotMine;
    routes_[index] = route.value_or(Route{});
  }
  if (!limited) return;
  limit_of.assign(routes_.size(), ClaimBudget::kNoLimit);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const std::int32_t registration = routes_[i].registration;
    if (registration != Route::kUnregistered &&
        limits_[static_cast<std::size_t>(registration)] != kNoLimit)
      limit_of[i] = registration;
  }
}

Route StoreWriter::route_of(model::HandlerId handler) const {
  const auto index = static_cast<std::size_t>(handler);
  return index < routes_.size() ? routes_[index] : Route{};
}

bool StoreWriter::may_have_left_claimable() const {
  const store::ClaimBudget& budget = batch_.budget;
  for (const Executor executor : kExecutors)
    if (budget.room[index_of(executor)] == 0 && dispatcher_.places(executor) > 0) return true;
  return std::find(budget.limit_room.begin(), budget.limit_room.end(), 0U) !=
         budget.limit_room.end();
}

void StoreWriter::run() {
  while (take_work()) {
    for (Control& control : work_taken_.controls) control(*store_);
    work_taken_.controls.clear();
    if (!lost_) {
      fill_batch();
      commit();
    } else {
      commit_failed({ErrorCode::kCLOSED, "the store is lost"});
    }
    Lock lock(mutex_);
    if ((failures_ == 0 && work_taken_.empty()) || lost_) settled_ = taken_up_to_;
    done_.notify_all();
  }
  refuse_rest();
}

void StoreWriter::refuse_rest() {
  {
    Lock lock(mutex_);
    move_all(inbox_.controls, work_taken_.controls);
    move_all(inbox_.creates, work_taken_.creates);
    move_all(inbox_.checkpoints, work_taken_.checkpoints);
    settled_ = submitted_;
    ended_ = true;
    done_.notify_all();
  }
  for (Control& control : work_taken_.controls) control(*store_);
  for (PendingCreate& create : work_taken_.creates)
    create.on_done(fail(ErrorCode::kCLOSED, "the worker is closed"));
  fail_checkpoints({ErrorCode::kCLOSED, "the worker is closed"});
  store_.reset();
}

bool StoreWriter::take_work() {
  Lock lock(mutex_);
  const auto ready = [this]() TASKER_REQUIRES(mutex_) { return !inbox_.empty() || stopping_; };
  const bool leftovers = !work_taken_.empty();
  if (failures_ > 0 && !stopping_) {
    const std::int64_t pause_us =
        std::min(kRetryFirstUs << std::min(failures_ - 1, 10), kRetryLongestUs);
    // News does not shorten the pause: a full disk stays full however often it is asked.
    work_.wait_for(mutex_, pause_us, [this]() TASKER_REQUIRES(mutex_) { return stopping_; });
  } else if (!leftovers) {
    work_.wait(mutex_, ready);
  }
  if (inbox_.empty() && !leftovers) return !stopping_;
  if (stopping_ && failures_ > 0) return false;
  work_taken_.completions.take_all(inbox_.completions);
  completions_waiting_ = 0;
  move_all(inbox_.checkpoints, work_taken_.checkpoints);
  move_all(inbox_.releases, work_taken_.releases);
  move_all(inbox_.controls, work_taken_.controls);
  std::size_t tasks = 0;
  for (const PendingCreate& create : work_taken_.creates) tasks += create.tasks.size();
  while (!inbox_.creates.empty() && tasks < kTasksPerCommit) {
    tasks += inbox_.creates.front().tasks.size();
    tasks_queued_ -= inbox_.creates.front().tasks.size();
    work_taken_.creates.push_back(std::move(inbox_.creates.front()));
    inbox_.creates.pop_front();
  }
  work_taken_.claim |= std::exchange(inbox_.claim, false);
  work_taken_.promote |= std::exchange(inbox_.promote, false);
  work_taken_.deliver |= std::exchange(inbox_.deliver, false);
  // Creates left behind keep flush() waiting a round longer, no more than that.
  if (inbox_.creates.empty()) taken_up_to_ = submitted_;
  return true;
}

void StoreWriter::fill_batch() {
  batch_.now_us = clock_.wall_us();
  batch_.checkpoints.clear();
  batch_.releases.clear();
  batch_.tasks.clear();
  for (PendingCheckpoint& pending : work_taken_.checkpoints)
    batch_.checkpoints.push_back(std::move(pending.checkpoint));
  const std::size_t completions = std::min(work_taken_.completions.size(), kCompletionsPerCommit);
  batch_.completions.resize(completions);
  for (std::size_t i = 0; i < completions; ++i)
    std::swap(batch_.completions[i], work_taken_.completions.items()[i].completion);
  std::move(work_taken_.releases.begin(), work_taken_.releases.end(),
            std::back_inserter(batch_.releases));
  for (PendingCreate& create : work_taken_.creates)
    std::move(create.tasks.begin(), create.tasks.end(), std::back_inserter(batch_.tasks));
  deliveries_.fill(batch_);
  batch_.promote_due = work_taken_.promote;
  told_ = transitions_.wanted();
  batch_.list_enqueued = told_ && transitions_.wanted(Transition::kStepEnqueued);
  dispatcher_.fill_budget(limits_, batch_.budget);
  maybe_claimable_ |= work_taken_.claim;
  const bool has_room = std::any_of(batch_.budget.room.begin(), batch_.budget.room.end(),
                                    [](std::uint32_t room) { return room > 0; });
  batch_.claim = has_room && (maybe_claimable_ || batch_.promote_due);
}

void StoreWriter::commit() {
  const std::size_t operations = batch_.checkpoints.size() + batch_.completions.size() +
                                 batch_.releases.size() + batch_.tasks.size() +
                                 batch_.delivery_ends.size();
  const bool idle = operations == 0 && batch_.takes.empty() && !batch_.promote_due && !batch_.claim;
  if (idle) {
    work_taken_.claim = false;
    work_taken_.deliver = false;
    return;
  }
  const std::int64_t started_us = clock_.monotonic_us();
  auto outcome = store_->write(batch_);
  if (!outcome) {
    commit_failed(outcome.error());
    return;
  }
  if (failures_ > 0)
    logger_.log(LogLevel::kInfo, "worker", "the store accepts writes again",
                {{"failed_commits", std::int64_t{failures_}}});
  failures_ = 0;
  metrics_.commit(operations, clock_.monotonic_us() - started_us);
  deliver(*outcome);
}

void StoreWriter::deliver(store::WriteOutcome& outcome) {
  if (batch_.claim) maybe_claimable_ = may_have_left_claimable();
  if (outcome.left_claimable) maybe_claimable_ = true;
  if (!outcome.unknown_handlers.empty()) {
    refresh_handlers();
    request_claim();
  }
  deliver_checkpoints(outcome);
  deliver_completions(outcome);
  if (told_) note_releases(outcome);
  deliver_created(outcome);
  for (const model::StepKey& step : outcome.enqueued) note(Transition::kStepEnqueued, step, 0);
  deliver_claims(outcome);
  deliver_finished(outcome);
  transitions_.flush();
  deliveries_.committed(batch_, outcome, events_, *store_);
  work_taken_.releases.clear();
  work_taken_.deliver = false;
  work_taken_.claim = false;
  work_taken_.promote = false;
  if (outcome.next_due_us && on_next_due_) on_next_due_(*outcome.next_due_us);
}

// Texts were allocated by the threads that complete; small ones go back to them in their places.
void StoreWriter::give_memory_back() {
  const auto drop_large = [](std::string& text) {
    if (text.capacity() > kKeptTextBytesMax) std::string().swap(text);
  };
  for (std::size_t i = 0; i < batch_.completions.size(); ++i) {
    store::Completion& completion = batch_.completions[i];
    drop_large(completion.result_json);
    drop_large(completion.metadata_json);
    drop_large(completion.error_json);
    PendingCompletion& pending = work_taken_.completions.items()[i];
    pending.publication.reset();
    std::swap(pending.completion, completion);
  }
}

void StoreWriter::deliver_completions(const store::WriteOutcome& outcome) {
  for (std::size_t i = 0; i < batch_.completions.size(); ++i) {
    store::Completion& completion = batch_.completions[i];
    PendingCompletion& pending = work_taken_.completions.items()[i];
    if (outcome.completions[i] == store::CompletionOutcome::kRecorded) {
      if (told_) note_end(pending, completion);
      if (!completion.events.empty()) metrics_.durable_events(completion.events.size());
      if (pending.publication) publisher_.fire(*pending.publication, events_, *store_);
      if (completion.next == model::StepState::kComplete && !completion.dependents.empty())
        events_.tasks().put_result(completion.step, std::make_shared<const std::string>(
                                                        std::move(completion.result_json)));
      continue;
    }
    metrics_.completion_refused();
    if (!pending.tell_if_refused) continue;
    Notice notice;
    notice.kind = Notice::Kind::kRefused;
    notice.event_id = pending.event_id;
    dispatcher_.notify(std::move(notice), pending.attachment);
  }
  give_memory_back();
  work_taken_.completions.drop_first(batch_.completions.size());
}

void StoreWriter::deliver_created(const store::WriteOutcome& outcome) {
  auto created = outcome.tasks.begin();
  std::size_t index = 0;
  for (PendingCreate& create : work_taken_.creates) {
    std::vector<store::WriteOutcome::Created> mine;
    for (std::size_t i = 0; i < create.tasks.size(); ++i, ++created, ++index) {
      mine.push_back(*created);
      if (created->duplicate) continue;
      store::NewTask& task = batch_.tasks[index];
      auto header = std::make_shared<store::TaskHeader>();
      header->id = created->id;
      header->uuid = task.uuid;
      header->template_id = task.template_id;
      header->context_json = std::move(task.context_json);
      header->initiator = std::move(task.initiator);
      header->source_system = std::move(task.source_system);
      header->reason = std::move(task.reason);
      header->tags_json = std::move(task.tags_json);
      header->options_json = std::move(task.options_json);
      header->priority = task.priority;
      header->correlation_id = task.correlation_id;
      header->parent_correlation_id = task.parent_correlation_id;
      header->idempotency_key = std::move(task.idempotency_key);
      header->requested_at_us = task.requested_at_us;
      header->created_at_us = batch_.now_us;
      events_.tasks().put_header(std::move(header));
      if (told_) note_created(task, created->id);
    }
    metrics_.tasks_created(mine.size());
    create.on_done(std::move(mine));
  }
  work_taken_.creates.clear();
}

std::string StoreWriter::take_spent_text() {
  if (spent_.empty()) return {};
  std::string text = std::move(spent_.back().text);
  spent_.pop_back();
  return text;
}

void StoreWriter::deliver_claims(const store::WriteOutcome& outcome) {
  std::vector<StepEvent> events;
  events.reserve(std::min(outcome.claims.size(), kDispatchedAtOnce));
  if (!outcome.claims.empty()) dispatcher_.take_spent(spent_);
  std::vector<PendingCompletion> failed;
  for (const store::Claim& claim : outcome.claims) {
    auto event = events_.build(claim, *store_);
    if (event) {
      event->route = route_of(claim.handler);
      event->metrics = &metrics_.of(handler_of(*event));
      make_text_ready(*event, take_spent_text());
      events.push_back(std::move(*event));
      if (events.size() == kDispatchedAtOnce) {
        dispatcher_.dispatch(events, batch_.budget.worker);
        events.clear();
      }
      continue;
    }
    logger_.log(LogLevel::kError, "worker", "a claimed step cannot be dispatched",
                {{"code", base::code_name(event.error().code)},
                 {"error", std::string_view(event.error().message)}});
    PendingCompletion& end = failed.emplace_back();
    end.completion.step = claim.step;
    end.completion.attempt = claim.attempt;
    end.completion.worker = batch_.budget.worker;
    end.completion.next = model::StepState::kError;
    end.completion.started_at_us = claim.claimed_at_us;
    end.completion.error_json = R"({"message":)";
    base::append_json_string(end.completion.error_json, event.error().message);
    end.completion.error_json += R"(,"error_type":"dispatch_error","retryable":false})";
  }
  complete_all(std::move(failed));
  dispatcher_.dispatch(events, batch_.budget.worker);
  if (!told_) return;
  for (const store::Claim& claim : outcome.claims)
    note(Transition::kStepClaimed, claim.step, claim.attempt);
}

void StoreWriter::deliver_finished(const store::WriteOutcome& outcome) {
  metrics_.tasks_finished(outcome.finished.size());
  const bool awaited = !waiters_.empty();
  for (const store::TaskFinished& finished : outcome.finished) {
    if (told_) {
      const Transition kind = finished.state == model::TaskState::kComplete
                                  ? Transition::kTaskCompleted
                                  : Transition::kTaskBlocked;
      if (auto record = record_of(kind, finished.task)) transitions_.note(std::move(*record));
    }
    if (awaited) {
      auto header = events_.tasks().header(finished.task);
      if (!header) {
        if (auto read = store_->load_task_header(finished.task))
          header = std::make_shared<const store::TaskHeader>(std::move(*read));
      }
      if (header) waiters_.task_ended(header->uuid, finished.state);
    }
    if (finished.state == model::TaskState::kComplete) events_.tasks().forget(finished.task);
  }
}

void StoreWriter::commit_failed(const Error& error) {
  if (failures_++ == 0)
    logger_.log(LogLevel::kError, "worker", "the store refuses a commit",
                {{"code", base::code_name(error.code)},
                 {"error", std::string_view(error.message)},
                 {"detail", std::string_view(error.detail)}});
  // Who creates a task can decide for himself; what handlers have done is kept until it can be
  // recorded.
  for (PendingCreate& create : work_taken_.creates) create.on_done(fail(error));
  work_taken_.creates.clear();
  work_taken_.claim = false;
  work_taken_.deliver = false;
  maybe_claimable_ = true;
  deliveries_.not_committed(batch_);
  for (std::size_t i = 0; i < batch_.completions.size(); ++i)
    work_taken_.completions.items()[i].completion = std::move(batch_.completions[i]);
  batch_.completions.clear();
  for (std::size_t i = 0; i < batch_.checkpoints.size(); ++i)
    work_taken_.checkpoints[i].checkpoint = std::move(batch_.checkpoints[i]);
  batch_.checkpoints.clear();
  fail_checkpoints(error);
  if (base::code_retryable(error.code)) return;

  work_taken_.completions.clear();
  work_taken_.releases.clear();
  if (std::exchange(lost_, true)) return;
  if (on_failed_) on_failed_(error);
}

}  // namespace tasker::worker
