#include "doors/c/worker_object.h"

#include <fmt/format.h>

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

namespace {

// Drains and stops; nobody has a use for more at once.
constexpr std::size_t kApartMax = 16;

}  // namespace

WorkerObject::WorkerObject(std::shared_ptr<CallbackLogger> log_to)
    : StepsObject("worker"), log_to_(std::move(log_to)) {}

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
  object->worker_->set_wakeup([news = &object->news()] { news->announce(); });
  return object;
}

Status WorkerObject::complete_step_event(const base::Uuid& event_id, base::JsonText json) {
  return worker_->complete_step_event(event_id, json);
}

void WorkerObject::checkpoint_step_event(const base::Uuid& event_id, std::string_view json,
                                         std::function<void(Result<base::Uuid>)> on_stored) {
  worker_->checkpoint_step_event(event_id, json, std::move(on_stored));
}

Result<std::uint32_t> WorkerObject::hand_back(std::span<const base::Uuid> event_ids) {
  return worker_->hand_back(event_ids);
}

Result<std::vector<worker::Notice>> WorkerObject::poll_notices(std::size_t max) {
  return worker_->poll_notices(max);
}

Result<std::size_t> WorkerObject::poll_core(worker::Executor executor, std::size_t max,
                                            std::vector<StepEvent>& out) {
  return worker_->poll_step_events(max, out, executor);
}

Result<std::size_t> WorkerObject::wait_core(worker::Executor executor, std::int64_t timeout_ms,
                                            std::vector<StepEvent>& out) {
  return worker_->wait_step_events(1, timeout_ms, out, executor);
}

void WorkerObject::give_back(std::vector<StepEvent>& events) noexcept {
  worker_->give_back(events);
}

bool WorkerObject::has_core_news() const { return worker_->has_news(); }

worker::WorkerState WorkerObject::worker_state() const { return worker_->state(); }

bool WorkerObject::is_over() const { return is_draining_ || StepsObject::is_over(); }

void WorkerObject::begin_draining() {
  is_draining_ = true;
  (void)core().begin_drain();  // a refusal comes again from drain()
  news().poke();
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

bool WorkerObject::inside_callback() const {
  return news().inside_callback() || buses_.inside_callback() ||
         (log_to_ && log_to_->inside_callback());
}

void WorkerObject::close() {
  if (!worker_ || !begin_close()) return;
  news().shut();
  requests().close();
  buses_.shut();
  try {
    (void)worker_->stop();
  } catch (const std::bad_alloc&) {
    // What the stop has not got to, the destructor does: it commits what was taken.
  }
  await_calls();
  news().close();
  buses_.close();
  std::vector<Apart> apart;
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
  return Use::of(std::move(*object));
}

}  // namespace tasker::c
