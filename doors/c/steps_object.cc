#include "doors/c/steps_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;
using worker::Executor;
using worker::index_of;
using worker::StepEvent;
using worker::WorkerState;

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;

tl::unexpected<base::Error> draining() {
  return fail(ErrorCode::kDRAINING, "the worker drains: no more step events will come");
}

}  // namespace

TakenEvents::~TakenEvents() {
  std::vector<StepEvent>& left = batch_.front();
  if (delivered_ == left.size()) {
    object_.give_back(left);
    return;
  }
  left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(delivered_));
  {
    Lock lock(object_.kept_mutex_);
    auto& kept = object_.kept_[index_of(executor_)];
    kept.splice(kept.begin(), batch_);
    object_.has_kept_[index_of(executor_)] = true;
  }
  object_.news_.announce();
}

StepsObject::StepsObject(const char* what)
    : what_(what),
      news_(what, [this] { return has_core_news() || requests_->has_replies() || has_kept(); }),
      requests_(std::make_shared<Requests>([this] { news_.announce(); })) {}

tl::unexpected<base::Error> StepsObject::closed() const {
  return fail(ErrorCode::kCLOSED, fmt::format("the {} is closed", what_));
}

bool StepsObject::has_kept() const {
  return std::ranges::any_of(has_kept_, [](const auto& has) { return has.load(); });
}

std::size_t StepsObject::take_kept(Executor executor, std::size_t max,
                                   std::vector<StepEvent>& out) {
  std::atomic<bool>& has = has_kept_[index_of(executor)];
  if (!has) return 0;
  Lock lock(kept_mutex_);
  auto& kept = kept_[index_of(executor)];
  std::size_t taken = 0;
  while (taken < max && !kept.empty()) {
    std::vector<StepEvent>& batch = kept.front();
    const std::size_t count = std::min(max - taken, batch.size());
    out.reserve(out.size() + count);
    const auto end = batch.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(batch.begin(), end, std::back_inserter(out));
    batch.erase(batch.begin(), end);
    if (batch.empty()) kept.pop_front();
    taken += count;
  }
  has = !kept.empty();
  return taken;
}

bool StepsObject::is_over() const {
  const WorkerState state = worker_state();
  return state != WorkerState::kCreated && state != WorkerState::kRunning;
}

Status StepsObject::no_event() const {
  switch (const WorkerState state = worker_state()) {
    case WorkerState::kDraining:
      return draining();
    case WorkerState::kStopped:
    case WorkerState::kFailed:
      return fail(ErrorCode::kCLOSED, fmt::format("the worker is {}", worker_state_name(state)));
    case WorkerState::kCreated:
    case WorkerState::kRunning:
      break;
  }
  return {};
}

Result<std::size_t> StepsObject::wait_for_event(Executor executor, std::uint32_t timeout_ms,
                                                std::vector<StepEvent>& out) {
  const std::int64_t deadline_us = clock_.monotonic_us() + std::int64_t{timeout_ms} * kMicrosPerMs;
  std::int64_t left_ms = timeout_ms;
  // Again when another thread was quicker.
  while (left_ms > 0) {
    if (closing_) return closed();
    auto taken = wait_core(executor, left_ms, out);
    if (!taken || *taken > 0) return taken;
    if (auto status = no_event(); !status) return fail(status.error());
    left_ms = (deadline_us - clock_.monotonic_us() + kMicrosPerMs - 1) / kMicrosPerMs;
  }
  return std::size_t{0};
}

Result<std::size_t> StepsObject::take_step_events(Executor executor, std::size_t max,
                                                  std::uint32_t timeout_ms,
                                                  std::vector<StepEvent>& out) {
  // Before an event leaves the core, so that none is lost for want of memory.
  out.reserve(out.size() + max);
  std::size_t taken = take_kept(executor, max, out);
  const auto poll = [&](std::size_t wanted) -> Status {
    const auto polled = poll_core(executor, wanted, out);
    if (!polled) return fail(polled.error());
    taken += *polled;
    return {};
  };
  if (taken < max)
    if (auto polled = poll(max - taken); !polled && taken == 0) return fail(polled.error());
  if (taken > 0) return taken;
  if (auto status = no_event(); !status) return fail(status.error());
  if (timeout_ms == 0) return std::size_t{0};
  const auto waited = wait_for_event(executor, timeout_ms, out);
  if (!waited || *waited == 0 || max == 1) return waited;
  taken = *waited;
  (void)poll(max - taken);  // what is there is given, whatever has happened meanwhile
  return taken;
}

Status StepsObject::begin(std::uint64_t* out_request, const std::function<Status(Reply)>& start) {
  const auto request = requests_->begin();
  if (!request) return fail(request.error());
  // Whether nobody has ended the request yet: the core by its reply, or this call by its failure,
  // after which a reply may still come.
  std::shared_ptr<std::atomic<bool>> is_open;
  const auto forget = [&] {
    if (is_open && !is_open->exchange(false)) return false;
    requests_->forget();
    return true;
  };
  Status started;
  try {
    is_open = std::make_shared<std::atomic<bool>>(true);
    started =
        start([requests = requests_, id = *request, is_open](const Result<std::string>& result) {
          std::string text = Requests::reply_text(id, result);
          if (is_open->exchange(false)) requests->reply(std::move(text));
        });
  } catch (...) {
    if (forget()) throw;
  }
  if (!started && forget()) return started;
  *out_request = *request;
  return {};
}

void StepsObject::wait_until(const std::function<bool()>& is_done) {
  Lock lock(wait_mutex_);
  wait_condition_.wait(wait_mutex_,
                       [&]() TASKER_REQUIRES(wait_mutex_) { return stopped_ || is_done(); });
}

void StepsObject::tell_waiters() {
  Lock lock(wait_mutex_);
  wait_condition_.notify_all();
}

Status StepsObject::wait_for_news(std::uint32_t timeout_ms) {
  // Replies still come while the worker drains.
  switch (news_.wait(timeout_ms, [this] { return is_over() && !requests_->has_open(); })) {
    case News::Waited::kNews:
      break;
    case News::Waited::kTimedOut:
      return fail(ErrorCode::kTIMED_OUT, fmt::format("no news came within {} ms", timeout_ms));
    case News::Waited::kOver:
      if (auto status = no_event(); !status) return status;
      return draining();
    case News::Waited::kClosed:
      return closed();
  }
  return {};
}

void StepsObject::leave() {
  if (users_.fetch_sub(1) == 1 && closing_) tell_waiters();
}

bool StepsObject::begin_close() { return !closing_.exchange(true); }

void StepsObject::await_calls() {
  Lock lock(wait_mutex_);
  stopped_ = true;
  wait_condition_.notify_all();
  wait_condition_.wait(wait_mutex_, [this] { return users_ == 0; });
}

}  // namespace tasker::c
