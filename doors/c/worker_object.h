// What a tasker_worker* names: a worker of the core, and what its user needs besides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/worker/worker.h"
#include "doors/c/bus_side.h"
#include "doors/c/callback_logger.h"
#include "doors/c/steps_object.h"

namespace tasker::c {

/// Threads: any, several at once. Every use goes through Use.
class WorkerObject final : public StepsObject {
 public:
  /// Opens the store and registers the worker. `log_to` is closed by close(); null: stderr.
  static base::Result<std::shared_ptr<WorkerObject>> open(
      std::string_view config_json, const std::shared_ptr<CallbackLogger>& log_to);
  ~WorkerObject() override;

  worker::Worker& core() { return *worker_; }
  BusSides& buses() { return buses_; }

  base::Status complete_step_event(const base::Uuid& event_id, base::JsonText json) override;
  void checkpoint_step_event(const base::Uuid& event_id, std::string_view json,
                             std::function<void(base::Result<base::Uuid>)> on_stored) override;
  base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids) override;
  base::Result<std::vector<worker::Notice>> poll_notices(std::size_t max) override;

  /// Before a drain: waiters need not wait for step events any more.
  void begin_draining();

  /// Runs `work`, which blocks, on a thread of its own; its reply is the request's. FULL when too
  /// many run.
  base::Status begin_apart(std::uint64_t* out_request,
                           std::function<base::Result<std::string>(worker::Worker&)> work);

  bool inside_callback() const;
  /// Stops the worker and closes its store; returns once nobody uses the object.
  void close();

 private:
  friend base::Result<UseOf<WorkerObject>> use(const tasker_worker* worker);
  explicit WorkerObject(std::shared_ptr<CallbackLogger> log_to);

  base::Result<std::size_t> poll_core(worker::Executor executor, std::size_t max,
                                      std::vector<worker::StepEvent>& out) override;
  base::Result<std::size_t> wait_core(worker::Executor executor, std::int64_t timeout_ms,
                                      std::vector<worker::StepEvent>& out) override;
  void give_back(std::vector<worker::StepEvent>& events) noexcept override;
  bool has_core_news() const override;
  worker::WorkerState worker_state() const override;
  bool is_over() const override;

  const std::shared_ptr<CallbackLogger> log_to_;
  std::unique_ptr<worker::Worker> worker_;

  BusSides buses_;

  struct Apart {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> is_done;
  };
  base::Mutex apart_mutex_;
  std::vector<Apart> apart_ TASKER_GUARDED_BY(apart_mutex_);

  std::atomic<bool> is_draining_{false};
};

using Use = UseOf<WorkerObject>;

/// The worker that a handle names, in use. INVALID_ARGUMENT, CLOSED, FORKED; INVALID_STATE inside
/// its log callback.
base::Result<Use> use(const tasker_worker* worker);

}  // namespace tasker::c
