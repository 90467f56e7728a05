#include "core/worker/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/worker/metrics.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kSpentMax = 512;
constexpr std::size_t kSpentTextBytesMax = 8U << 10;
constexpr std::size_t kFreeNodesMax = 1'024;

}  // namespace

std::string_view handler_of(const Dispatched& dispatched) {
  return dispatched.compiled->stored.body.steps[dispatched.claim.template_step].handler.callable;
}

Dispatcher::Dispatcher(const Rooms& rooms, std::uint32_t handler_timeout_ms,
                       const base::Clock& clock)
    : handler_timeout_ms_(handler_timeout_ms), clock_(clock) {
  for (std::size_t i = 0; i < kExecutorCount; ++i) places_[i] = rooms[i];
  // What is put there later must not fail.
  free_nodes_.reserve(kFreeNodesMax);
  spent_.reserve(kSpentMax);
}

void Dispatcher::set_room(Executor executor, std::uint32_t places) {
  places_[index_of(executor)] = places;
}

void Dispatcher::fill_budget(std::span<const std::uint32_t> limits,
                             store::ClaimBudget& budget) const {
  budget.room.assign(kExecutorCount, 0);
  budget.limit_room.assign(limits.begin(), limits.end());
  Lock lock(mutex_);
  if (closed_) return;
  for (std::size_t i = 0; i < kExecutorCount; ++i) {
    const std::uint32_t places = places_[i];
    const std::uint32_t held = channels_[i].held;
    budget.room[i] = places > held ? places - held : 0;
  }
  const std::size_t counted = std::min(limits.size(), held_by_registration_.size());
  for (std::size_t i = 0; i < counted; ++i) {
    std::uint32_t& left = budget.limit_room[i];
    left -= std::min(left, held_by_registration_[i]);
  }
}

void Dispatcher::hold(const Dispatched& dispatched) {
  ++channel(dispatched.route.executor).held;
  if (dispatched.route.registration < 0) return;
  const auto registration = static_cast<std::size_t>(dispatched.route.registration);
  if (held_by_registration_.size() <= registration) held_by_registration_.resize(registration + 1);
  ++held_by_registration_[registration];
}

void Dispatcher::let_go(const Dispatched& dispatched) {
  --channel(dispatched.route.executor).held;
  if (dispatched.route.registration >= 0)
    --held_by_registration_[static_cast<std::size_t>(dispatched.route.registration)];
  if (dispatched.taker == kWorkerItself) return;
  if (Taker* const taker = takers_.find(dispatched.taker)) --taker->held;
}

bool Dispatcher::announce(Executor executor, std::size_t count, ToWake& to_wake) {
  if (waiting_ > 0) arrived_.notify_all();
  if (!takers_.serve(executor)) return !std::exchange(channel(executor).announced, true);
  takers_.wake(executor, count, to_wake);
  return false;
}

void Dispatcher::dispatch(std::span<StepEvent> events, model::WorkerId worker) {
  if (events.empty()) return;
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    std::array<std::size_t, kExecutorCount> came{};
    for (StepEvent& event : events) {
      const model::StepTemplate& step =
          event.compiled->stored.body.steps[event.claim.template_step];
      Dispatched dispatched;
      dispatched.claim = event.claim;
      dispatched.worker = worker;
      dispatched.compiled = event.compiled;
      dispatched.metrics = event.metrics;
      dispatched.task_uuid = event.task->uuid;
      dispatched.correlation_id = event.correlation_id;
      dispatched.checkpoint_json = event.checkpoint_json;
      dispatched.route = event.route;
      if (step.timeout_seconds)
        dispatched.timeout_us = std::int64_t{*step.timeout_seconds} * 1'000'000;
      else
        dispatched.timeout_us =
            1'000 * std::int64_t{event.route.deadline_ms > 0 ? event.route.deadline_ms
                                                             : handler_timeout_ms_};
      hold(dispatched);
      ++came[index_of(event.route.executor)];
      Dispatched* const held = insert(event.event_id, std::move(dispatched));
      channel(event.route.executor).queue.push_back({std::move(event), held});
    }
    for (const Executor executor : kExecutors)
      if (came[index_of(executor)] > 0)
        call |= announce(executor, came[index_of(executor)], to_wake);
  }
  if (call) wake();
  wake_all(to_wake);
}

std::size_t Dispatcher::take_from(Channel& from, AttachmentId taker, std::size_t max,
                                  std::vector<StepEvent>& out, bool& earlier) {
  if (from.queue.empty()) {
    from.announced = false;
    return 0;
  }
  const std::int64_t now_us = clock_.monotonic_us();
  const std::int64_t wall_us = clock_.wall_us();
  std::size_t taken = 0;
  for (; taken < max && !from.queue.empty(); ++taken) {
    StepEvent& event = from.queue.front().event;
    Dispatched& dispatched = *from.queue.front().dispatched;
    dispatched.taker = taker;
    dispatched.started_us = now_us;
    if (dispatched.started_wall_us == 0) dispatched.started_wall_us = wall_us;
    dispatched.deadline_us = now_us + dispatched.timeout_us;
    if (earliest_deadline_us_ == 0 || dispatched.deadline_us < earliest_deadline_us_) {
      earliest_deadline_us_ = dispatched.deadline_us;
      earlier = true;
    }
    // The attempt of a continuation has started before.
    if (!event.is_continuation) event.metrics->started(wall_us - event.claim.claimed_at_us);
    out.push_back(std::move(event));
    from.queue.drop_front();
  }
  if (from.queue.empty()) from.announced = false;
  return taken;
}

std::size_t Dispatcher::poll(Executor executor, std::size_t max, std::vector<StepEvent>& out) {
  std::size_t taken = 0;
  bool earlier = false;
  {
    Lock lock(mutex_);
    taken = take_from(channel(executor), kWorkerItself, max, out, earlier);
  }
  if (earlier && on_earlier_deadline_) on_earlier_deadline_();
  return taken;
}

void Dispatcher::give_back(std::vector<StepEvent>& events) noexcept {
  {
    Lock lock(mutex_);
    for (StepEvent& event : events)
      if (spent_.size() < kSpentMax && event.text.capacity() <= kSpentTextBytesMax)
        spent_.push_back(std::move(event));
  }
  events.clear();
}

void Dispatcher::take_spent(std::vector<StepEvent>& into) {
  into.clear();
  into.reserve(kSpentMax);
  Lock lock(mutex_);
  spent_.swap(into);
}

bool Dispatcher::wait(Executor executor, std::int64_t timeout_us) {
  Lock lock(mutex_);
  const auto& queue = channel(executor).queue;
  ++waiting_;
  arrived_.wait_for(mutex_, timeout_us,
                    [&]() TASKER_REQUIRES(mutex_) { return !queue.empty() || over_; });
  --waiting_;
  return !queue.empty();
}

void Dispatcher::set_wakeup(std::function<void()> on_wakeup) {
  const bool set = static_cast<bool>(on_wakeup);
  wakeup_.set(std::move(on_wakeup));
  bool call = false;
  {
    // What came before the wake-up was set has to be announced to it too.
    Lock lock(mutex_);
    for (const Executor executor : kExecutors) {
      Channel& of = channel(executor);
      of.announced = set && !of.queue.empty() && !takers_.serve(executor);
      call |= of.announced;
    }
    notices_announced_ = set && !notices_.empty();
    call |= notices_announced_;
  }
  if (call) wake();
}

bool Dispatcher::announced() const {
  Lock lock(mutex_);
  return notices_announced_ || std::any_of(channels_.begin(), channels_.end(),
                                           [](const Channel& one) { return one.announced; });
}

void Dispatcher::set_on_earlier_deadline(std::function<void()> callback) {
  on_earlier_deadline_ = std::move(callback);
}

Dispatched* Dispatcher::insert(const base::Uuid& event_id, Dispatched dispatched) {
  if (free_nodes_.empty()) return &events_.emplace(event_id, std::move(dispatched)).first->second;
  Events::node_type node = std::move(free_nodes_.back());
  free_nodes_.pop_back();
  node.key() = event_id;
  node.mapped() = std::move(dispatched);
  return &events_.insert(std::move(node)).position->second;
}

void Dispatcher::remove(Events::iterator found) {
  let_go(found->second);
  Events::node_type node = events_.extract(found);
  node.mapped() = {};
  // Nodes are made on the writer's thread and used up on others: kept, they cost both no malloc.
  if (free_nodes_.size() < kFreeNodesMax) free_nodes_.push_back(std::move(node));
  if (events_.empty()) idle_.notify_all();
}

Status Dispatcher::refuse(const base::Uuid& event_id, Events::iterator found, const Taker* by) {
  if (by && by->ended)
    return fail(ErrorCode::kCLOSED, fmt::format("attachment {} has ended", by->id));
  if (found == events_.end() || found->second.started_us == 0 || found->second.paused ||
      (by && found->second.taker != by->id))
    return fail(ErrorCode::kUNKNOWN_EVENT,
                fmt::format("no running step event has id {}", event_id.text()), "event_id");
  if (found->second.settled) {
    remove(found);
    return fail(ErrorCode::kFENCED,
                fmt::format("event {}: the attempt is over (timed out, cancelled or lost)",
                            event_id.text()),
                "event_id");
  }
  return {};
}

Status Dispatcher::check(const base::Uuid& event_id) {
  Lock lock(mutex_);
  return refuse(event_id, events_.find(event_id), nullptr);
}

Result<Dispatched> Dispatcher::take(const base::Uuid& event_id, const Taker* by) {
  Lock lock(mutex_);
  const auto found = events_.find(event_id);
  if (auto status = refuse(event_id, found, by); !status) return fail(status.error());
  // Who holds it and where, which remove() looks at, is still there in what was moved from.
  Dispatched dispatched = std::move(found->second);
  remove(found);
  return dispatched;
}

void Dispatcher::put_back(const base::Uuid& event_id, Dispatched& dispatched) noexcept {
  try {
    Lock lock(mutex_);
    Taker* const taker = takers_.find(dispatched.taker);
    if (taker)
      ++taker->held;
    else
      dispatched.taker = kWorkerItself;  // ended for good meanwhile
    hold(dispatched);
    events_.emplace(event_id, std::move(dispatched));
  } catch (const std::bad_alloc&) {
    // Still no memory: the attempt ends with its lease.
  }
}

Result<Dispatched> Dispatcher::pause(const base::Uuid& event_id, const base::Uuid& step_uuid,
                                     const Taker* by) {
  Lock lock(mutex_);
  const auto found = events_.find(event_id);
  if (auto status = refuse(event_id, found, by); !status) return fail(status.error());
  Dispatched& dispatched = found->second;
  const base::Uuid own = base::derive_uuid(dispatched.task_uuid, dispatched.claim.step.index);
  if (step_uuid != own)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("step_uuid is {}; event {} is of step {}", step_uuid.text(),
                            event_id.text(), own.text()),
                "step_uuid");
  Dispatched copy = dispatched;
  copy.paused = dispatched.paused = true;
  return copy;
}

void Dispatcher::unpause(const base::Uuid& event_id) {
  Lock lock(mutex_);
  if (const auto found = events_.find(event_id); found != events_.end())
    found->second.paused = false;
}

Resumed Dispatcher::resume(const base::Uuid& event_id, StepEvent continuation) {
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    const auto found = events_.find(event_id);
    if (found->second.settled) {
      remove(found);
      return Resumed::kSettled;
    }
    if (closed_) return Resumed::kClosed;
    let_go(found->second);
    Dispatched dispatched = std::move(found->second);
    events_.erase(found);
    dispatched.taker = kWorkerItself;
    dispatched.claim = continuation.claim;
    dispatched.checkpoint_json = continuation.checkpoint_json;
    dispatched.paused = false;
    dispatched.starvation_logged = false;
    dispatched.started_us = 0;
    dispatched.deadline_us = 0;
    hold(dispatched);
    const Executor executor = dispatched.route.executor;
    Dispatched* const held = insert(continuation.event_id, std::move(dispatched));
    channel(executor).queue.push_back({std::move(continuation), held});
    call = announce(executor, 1, to_wake);
  }
  if (call) wake();
  wake_all(to_wake);
  return Resumed::kQueued;
}

void Dispatcher::leave(const base::Uuid& event_id) {
  Lock lock(mutex_);
  remove(events_.find(event_id));
}

}  // namespace tasker::worker
