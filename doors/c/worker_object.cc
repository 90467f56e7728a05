#include "doors/c/worker_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "core/config/config.h"
#include "core/worker/configured_worker.h"
#include "doors/c/handle_table.h"

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;
using worker::StepEvent;
using worker::WorkerState;

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;
// Drains and stops; nobody has a use for more at once.
constexpr std::size_t kApartMax = 16;

}  // namespace

TakenEvents::~TakenEvents() {
  std::vector<StepEvent>& left = batch_.front();
  if (delivered_ == left.size()) {
    object_.worker_->give_back(left);
    return;
  }
  left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(delivered_));
  {
    Lock lock(object_.kept_mutex_);
    object_.kept_.splice(object_.kept_.begin(), batch_);
    object_.has_kept_ = true;
  }
  object_.news_.announce();
}

WorkerObject::WorkerObject(std::shared_ptr<CallbackLogger> log_to)
    : log_to_(std::move(log_to)),
      news_([this] { return worker_->has_news() || requests_->has_replies() || has_kept_; }),
      requests_(std::make_shared<Requests>([this] { news_.announce(); })) {}

WorkerObject::~WorkerObject() { close(); }

Result<std::shared_ptr<WorkerObject>> WorkerObject::open(
    std::string_view config_json, const std::shared_ptr<CallbackLogger>& log_to) {
  auto config = config::load_config(config_json, config::system_environment());
  if (!config) return fail(config.error());
  if (log_to) log_to->set_level(config->log_level);
  std::shared_ptr<base::Logger> logger = log_to;
  if (!logger) logger = base::make_stderr_logger(config->log_level, config->log_json);
  const std::shared_ptr<WorkerObject> object(new WorkerObject(log_to));
  auto opened = worker::open_configured_worker(std::move(*config), std::move(logger));
  if (!opened) return fail(opened.error());
  object->worker_ = std::move(*opened);
  object->worker_->set_wakeup([news = &object->news_] { news->announce(); });
  return object;
}

std::size_t WorkerObject::take_kept(std::size_t max, std::vector<StepEvent>& out) {
  if (!has_kept_) return 0;
  Lock lock(kept_mutex_);
  std::size_t taken = 0;
  while (taken < max && !kept_.empty()) {
    std::vector<StepEvent>& batch = kept_.front();
    const std::size_t count = std::min(max - taken, batch.size());
    out.reserve(out.size() + count);
    const auto end = batch.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(batch.begin(), end, std::back_inserter(out));
    batch.erase(batch.begin(), end);
    if (batch.empty()) kept_.pop_front();
    taken += count;
  }
  has_kept_ = !kept_.empty();
  return taken;
}

Status WorkerObject::no_event() const {
  switch (worker_->state()) {
    case WorkerState::kDraining:
      return fail(ErrorCode::kDRAINING, "the worker drains: no more step events will come");
    case WorkerState::kStopped:
    case WorkerState::kFailed:
      return fail(ErrorCode::kCLOSED,
                  fmt::format("the worker is {}", worker_state_name(worker_->state())));
    case WorkerState::kCreated:
    case WorkerState::kRunning:
      break;
  }
  return {};
}

Result<std::size_t> WorkerObject::wait_for_event(std::uint32_t timeout_ms,
                                                 std::vector<StepEvent>& out) {
  const std::int64_t deadline_us = clock_.monotonic_us() + std::int64_t{timeout_ms} * kMicrosPerMs;
  std::int64_t left_ms = timeout_ms;
  // Again when another thread was quicker.
  while (left_ms > 0) {
    if (closing_) return fail(ErrorCode::kCLOSED, "the worker is closed");
    auto taken = worker_->wait_step_events(1, left_ms, out);
    if (!taken || *taken > 0) return taken;
    if (auto status = no_event(); !status) return fail(status.error());
    left_ms = (deadline_us - clock_.monotonic_us() + kMicrosPerMs - 1) / kMicrosPerMs;
  }
  return std::size_t{0};
}

Result<std::size_t> WorkerObject::take_step_events(std::size_t max, std::uint32_t timeout_ms,
                                                   std::vector<StepEvent>& out) {
  // Before an event leaves the core, so that none is lost for want of memory.
  out.reserve(out.size() + max);
  std::size_t taken = take_kept(max, out);
  if (taken < max) taken += worker_->poll_step_events(max - taken, out);
  if (taken > 0) return taken;
  if (auto status = no_event(); !status) return fail(status.error());
  if (timeout_ms == 0) return std::size_t{0};
  auto waited = wait_for_event(timeout_ms, out);
  if (!waited || *waited == 0 || max == 1) return waited;
  return *waited + worker_->poll_step_events(max - 1, out);
}

void WorkerObject::begin_draining() {
  is_draining_ = true;
  (void)core().begin_drain();  // a refusal comes again from drain()
  news_.poke();
}

Status WorkerObject::begin(std::uint64_t* out_request, const std::function<Status(Reply)>& start) {
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

Status WorkerObject::begin_apart(std::uint64_t* out_request,
                                 std::function<Result<std::string>(worker::Worker&)> work) {
  Lock lock(apart_mutex_);
  std::erase_if(apart_, [](Apart& apart) {
    if (!*apart.is_done) return false;
    apart.thread.join();
    return true;
  });
  if (apart_.size() >= kApartMax)
    return fail(ErrorCode::kFULL, fmt::format("{} requests of this kind run", apart_.size()));
  apart_.reserve(apart_.size() + 1);
  return begin(out_request, [&](const Reply& reply) TASKER_REQUIRES(apart_mutex_) -> Status {
    auto is_done = std::make_shared<std::atomic<bool>>(false);
    std::thread thread([this, work = std::move(work), reply, is_done] {
      Result<std::string> result;
      try {
        result = work(*worker_);
      } catch (const std::exception& exception) {
        result = fail(ErrorCode::kINTERNAL, exception.what());
      }
      reply(result);
      *is_done = true;
    });
    apart_.push_back({std::move(thread), std::move(is_done)});
    return {};
  });
}

void WorkerObject::wait_until(const std::function<bool()>& is_done) {
  Lock lock(wait_mutex_);
  wait_condition_.wait(wait_mutex_,
                       [&]() TASKER_REQUIRES(wait_mutex_) { return stopped_ || is_done(); });
}

void WorkerObject::tell_waiters() {
  Lock lock(wait_mutex_);
  wait_condition_.notify_all();
}

bool WorkerObject::inside_callback() const {
  return news_.inside_callback() || buses_.inside_callback() ||
         (log_to_ && log_to_->inside_callback());
}

void WorkerObject::leave() {
  if (users_.fetch_sub(1) == 1 && closing_) tell_waiters();
}

void WorkerObject::close() {
  if (!worker_ || closing_.exchange(true)) return;
  news_.shut();
  requests_->close();
  buses_.shut();
  try {
    (void)worker_->stop();
  } catch (const std::bad_alloc&) {
    // What the stop has not got to, the destructor does: it commits what was taken.
  }
  std::vector<Apart> apart;
  {
    Lock lock(wait_mutex_);
    stopped_ = true;
    wait_condition_.notify_all();
    wait_condition_.wait(wait_mutex_, [this] { return users_ == 0; });
  }
  news_.close();
  buses_.close();
  {
    Lock lock(apart_mutex_);
    std::swap(apart, apart_);
  }
  for (Apart& one : apart) one.thread.join();
  worker_.reset();
  if (log_to_) log_to_->close();
}

Result<Use> use(const tasker_worker* worker) {
  auto object = HandleTable::here().find(worker);
  if (!object) return fail(object.error());
  if ((*object)->log_to_ && (*object)->log_to_->inside_callback())
    return fail(ErrorCode::kINVALID_STATE,
                "a log callback may not use the worker that it logs for");
  Use used(std::move(*object));
  if (used->closing_) return fail(ErrorCode::kCLOSED, "the worker is closed");
  return used;
}

}  // namespace tasker::c
