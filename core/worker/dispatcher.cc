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

// Far more than a front end that polls at all ever leaves; the oldest is dropped past it.
constexpr std::size_t kNoticesMax = 65'536;
constexpr std::size_t kSpentMax = 512;
constexpr std::size_t kSpentTextBytesMax = 8U << 10;
constexpr std::size_t kFreeNodesMax = 1'024;

}  // namespace

std::string_view handler_of(const Dispatched& dispatched) {
  return dispatched.compiled->stored.body.steps[dispatched.claim.template_step].handler.callable;
}

Dispatcher::Dispatcher(std::uint32_t capacity, std::uint32_t handler_timeout_ms,
                       const base::Clock& clock)
    : capacity_(capacity), handler_timeout_ms_(handler_timeout_ms), clock_(clock) {
  // What is put there later must not fail.
  free_nodes_.reserve(kFreeNodesMax);
  spent_.reserve(kSpentMax);
}

std::uint32_t Dispatcher::room() const {
  Lock lock(mutex_);
  if (closed_ || events_.size() >= capacity_) return 0;
  return capacity_ - static_cast<std::uint32_t>(events_.size());
}

void Dispatcher::wake() {
  Lock lock(wakeup_mutex_);
  if (on_wakeup_) on_wakeup_();
}

void Dispatcher::dispatch(std::vector<StepEvent> events, model::WorkerId worker) {
  if (events.empty()) return;
  bool call = false;
  std::uint32_t waiters = 0;
  {
    Lock lock(mutex_);
    for (StepEvent& event : events) {
      Dispatched dispatched;
      dispatched.claim = event.claim;
      dispatched.worker = worker;
      dispatched.compiled = event.compiled;
      dispatched.metrics = event.metrics;
      dispatched.task_uuid = event.task->uuid;
      dispatched.correlation_id = event.correlation_id;
      dispatched.checkpoint_json = event.checkpoint_json;
      insert(event.event_id, std::move(dispatched));
      queue_.push_back(std::move(event));
    }
    call = !std::exchange(events_announced_, true);
    waiters = waiting_;
  }
  if (waiters > 0) arrived_.notify_all();
  if (call) wake();
}

void Dispatcher::notify(Notice notice) {
  bool call = false;
  {
    Lock lock(mutex_);
    if (notices_.size() >= kNoticesMax) notices_.pop_front();
    notices_.push_back(std::move(notice));
    call = !std::exchange(notices_announced_, true);
  }
  if (call) wake();
}

std::size_t Dispatcher::poll(std::size_t max, std::vector<StepEvent>& out) {
  std::size_t taken = 0;
  bool earlier = false;
  {
    Lock lock(mutex_);
    taken = take_from_queue(max, out, earlier);
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

std::size_t Dispatcher::take_from_queue(std::size_t max, std::vector<StepEvent>& out,
                                        bool& earlier) {
  if (queue_.empty()) {
    events_announced_ = false;
    return 0;
  }
  const std::int64_t now_us = clock_.monotonic_us();
  const std::int64_t wall_us = clock_.wall_us();
  std::size_t taken = 0;
  for (; taken < max && !queue_.empty(); ++taken) {
    StepEvent event = std::move(queue_.front());
    queue_.pop_front();
    Dispatched& dispatched = events_.at(event.event_id);
    const model::StepTemplate& step = event.compiled->stored.body.steps[event.claim.template_step];
    const std::int64_t timeout_us = step.timeout_seconds
                                        ? std::int64_t{*step.timeout_seconds} * 1'000'000
                                        : std::int64_t{handler_timeout_ms_} * 1'000;
    dispatched.started_us = now_us;
    if (dispatched.started_wall_us == 0) dispatched.started_wall_us = wall_us;
    dispatched.deadline_us = now_us + timeout_us;
    if (earliest_deadline_us_ == 0 || dispatched.deadline_us < earliest_deadline_us_) {
      earliest_deadline_us_ = dispatched.deadline_us;
      earlier = true;
    }
    // The attempt of a continuation has started before.
    if (!event.is_continuation) event.metrics->started(wall_us - event.claim.claimed_at_us);
    out.push_back(std::move(event));
  }
  if (queue_.empty()) events_announced_ = false;
  return taken;
}

bool Dispatcher::wait(std::int64_t timeout_us) {
  Lock lock(mutex_);
  ++waiting_;
  arrived_.wait_for(mutex_, timeout_us,
                    [this]() TASKER_REQUIRES(mutex_) { return !queue_.empty() || closed_; });
  --waiting_;
  return !queue_.empty();
}

std::vector<Notice> Dispatcher::poll_notices(std::size_t max) {
  Lock lock(mutex_);
  std::vector<Notice> taken;
  while (taken.size() < max && !notices_.empty()) {
    taken.push_back(std::move(notices_.front()));
    notices_.pop_front();
  }
  if (notices_.empty()) notices_announced_ = false;
  return taken;
}

void Dispatcher::set_wakeup(std::function<void()> on_wakeup) {
  const bool set = static_cast<bool>(on_wakeup);
  {
    Lock lock(wakeup_mutex_);
    on_wakeup_ = std::move(on_wakeup);
  }
  bool call = false;
  {
    // What came before the wake-up was set has to be announced to it too.
    Lock lock(mutex_);
    events_announced_ = set && !queue_.empty();
    notices_announced_ = set && !notices_.empty();
    call = events_announced_ || notices_announced_;
  }
  if (call) wake();
}

bool Dispatcher::announced() const {
  Lock lock(mutex_);
  return events_announced_ || notices_announced_;
}

void Dispatcher::set_on_earlier_deadline(std::function<void()> callback) {
  on_earlier_deadline_ = std::move(callback);
}

void Dispatcher::insert(const base::Uuid& event_id, Dispatched dispatched) {
  if (free_nodes_.empty()) {
    events_.emplace(event_id, std::move(dispatched));
    return;
  }
  Events::node_type node = std::move(free_nodes_.back());
  free_nodes_.pop_back();
  node.key() = event_id;
  node.mapped() = std::move(dispatched);
  events_.insert(std::move(node));
}

void Dispatcher::remove(Events::iterator found) {
  Events::node_type node = events_.extract(found);
  node.mapped() = {};
  // Nodes are made on the writer's thread and used up on others: kept, they cost both no malloc.
  if (free_nodes_.size() < kFreeNodesMax) free_nodes_.push_back(std::move(node));
  if (events_.empty()) idle_.notify_all();
}

Status Dispatcher::refuse(const base::Uuid& event_id, Events::iterator found) {
  if (found == events_.end() || found->second.started_us == 0 || found->second.paused)
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
  return refuse(event_id, events_.find(event_id));
}

Result<Dispatched> Dispatcher::take(const base::Uuid& event_id) {
  Lock lock(mutex_);
  const auto found = events_.find(event_id);
  if (auto status = refuse(event_id, found); !status) return fail(status.error());
  Dispatched dispatched = std::move(found->second);
  remove(found);
  return dispatched;
}

Result<Dispatched> Dispatcher::pause(const base::Uuid& event_id, const base::Uuid& step_uuid) {
  Lock lock(mutex_);
  const auto found = events_.find(event_id);
  if (auto status = refuse(event_id, found); !status) return fail(status.error());
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

void Dispatcher::put_back(const base::Uuid& event_id, Dispatched& dispatched) noexcept {
  try {
    Lock lock(mutex_);
    events_.emplace(event_id, std::move(dispatched));
  } catch (const std::bad_alloc&) {
    // Still no memory: the attempt ends with its lease.
  }
}

void Dispatcher::unpause(const base::Uuid& event_id) {
  Lock lock(mutex_);
  if (const auto found = events_.find(event_id); found != events_.end())
    found->second.paused = false;
}

Resumed Dispatcher::resume(const base::Uuid& event_id, StepEvent continuation) {
  bool call = false;
  std::uint32_t waiters = 0;
  {
    Lock lock(mutex_);
    const auto found = events_.find(event_id);
    if (found->second.settled) {
      remove(found);
      return Resumed::kSettled;
    }
    if (closed_) return Resumed::kClosed;
    Dispatched dispatched = std::move(found->second);
    events_.erase(found);
    dispatched.claim = continuation.claim;
    dispatched.checkpoint_json = continuation.checkpoint_json;
    dispatched.paused = false;
    dispatched.starvation_logged = false;
    dispatched.started_us = 0;
    dispatched.deadline_us = 0;
    insert(continuation.event_id, std::move(dispatched));
    queue_.push_back(std::move(continuation));
    call = !std::exchange(events_announced_, true);
    waiters = waiting_;
  }
  if (waiters > 0) arrived_.notify_all();
  if (call) wake();
  return Resumed::kQueued;
}

void Dispatcher::leave(const base::Uuid& event_id) {
  Lock lock(mutex_);
  remove(events_.find(event_id));
}

std::vector<Dispatched> Dispatcher::settle(AbortReason reason,
                                           const std::function<bool(const Dispatched&)>& which) {
  std::vector<Dispatched> settled;
  bool call = false;
  {
    Lock lock(mutex_);
    for (auto& [id, dispatched] : events_) {
      if (dispatched.settled || dispatched.started_us == 0 || !which(dispatched)) continue;
      dispatched.settled = true;
      settled.push_back(dispatched);
      if (dispatched.paused) continue;
      Notice notice;
      notice.kind = Notice::Kind::kAbort;
      notice.event_id = id;
      notice.reason = reason;
      notices_.push_back(std::move(notice));
    }
    call = !notices_.empty() && !std::exchange(notices_announced_, true);
  }
  if (call) wake();
  return settled;
}

std::vector<Dispatched> Dispatcher::settle_overdue(std::int64_t& next_us) {
  const std::int64_t now_us = clock_.monotonic_us();
  auto overdue = settle(AbortReason::kTimeout, [now_us](const Dispatched& dispatched) {
    return !dispatched.paused && dispatched.deadline_us <= now_us;
  });
  Lock lock(mutex_);
  earliest_deadline_us_ = 0;
  for (const auto& [id, dispatched] : events_) {
    if (dispatched.settled || dispatched.paused || dispatched.started_us == 0) continue;
    if (earliest_deadline_us_ == 0 || dispatched.deadline_us < earliest_deadline_us_)
      earliest_deadline_us_ = dispatched.deadline_us;
  }
  next_us = earliest_deadline_us_;
  return overdue;
}

std::int64_t Dispatcher::next_deadline_us() const {
  Lock lock(mutex_);
  return earliest_deadline_us_;
}

std::vector<Dispatched> Dispatcher::take_queued() {
  Lock lock(mutex_);
  std::vector<Dispatched> taken;
  for (const StepEvent& event : queue_) {
    const auto found = events_.find(event.event_id);
    taken.push_back(std::move(found->second));
    remove(found);
  }
  queue_.clear();
  return taken;
}

void Dispatcher::drop_queued(const std::function<bool(const Dispatched&)>& which) {
  Lock lock(mutex_);
  std::erase_if(queue_, [&](const StepEvent& event) TASKER_REQUIRES(mutex_) {
    const auto found = events_.find(event.event_id);
    if (!which(found->second)) return false;
    remove(found);
    return true;
  });
}

std::vector<Dispatched> Dispatcher::unsettled() const {
  Lock lock(mutex_);
  std::vector<Dispatched> held;
  for (const auto& [id, dispatched] : events_)
    if (!dispatched.settled) held.push_back(dispatched);
  return held;
}

bool Dispatcher::wait_idle(std::int64_t timeout_us) {
  Lock lock(mutex_);
  idle_.wait_for(mutex_, timeout_us,
                 [this]() TASKER_REQUIRES(mutex_) { return events_.empty() || abandoned_; });
  return events_.empty();
}

void Dispatcher::abandon() {
  {
    Lock lock(mutex_);
    abandoned_ = true;
  }
  idle_.notify_all();
}

void Dispatcher::open() {
  Lock lock(mutex_);
  closed_ = false;
}

void Dispatcher::close() {
  {
    Lock lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
}

bool Dispatcher::closed() const {
  Lock lock(mutex_);
  return closed_;
}

DispatchCounts Dispatcher::counts(std::int64_t starvation_us) const {
  const std::int64_t now_us = clock_.monotonic_us();
  Lock lock(mutex_);
  DispatchCounts counts;
  counts.queued = queue_.size();
  for (const auto& [id, dispatched] : events_) {
    if (dispatched.started_us == 0 || dispatched.paused) continue;
    ++counts.running;
    const std::int64_t age_us = now_us - dispatched.started_us;
    if (age_us > starvation_us) ++counts.starving;
    if (!counts.oldest_age_us || age_us > *counts.oldest_age_us) {
      counts.oldest_age_us = age_us;
      counts.oldest_event = id;
    }
    if (!counts.newest_age_us || age_us < *counts.newest_age_us) counts.newest_age_us = age_us;
  }
  return counts;
}

std::vector<Dispatched> Dispatcher::newly_starving(std::int64_t starvation_us) {
  const std::int64_t now_us = clock_.monotonic_us();
  Lock lock(mutex_);
  std::vector<Dispatched> starving;
  for (auto& [id, dispatched] : events_) {
    if (dispatched.started_us == 0 || dispatched.paused || dispatched.starvation_logged) continue;
    if (now_us - dispatched.started_us <= starvation_us) continue;
    dispatched.starvation_logged = true;
    starving.push_back(dispatched);
  }
  return starving;
}

}  // namespace tasker::worker
