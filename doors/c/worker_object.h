// What a tasker_worker* names: a worker of the core, and what its user needs besides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/worker/worker.h"
#include "doors/c/bus_side.h"
#include "doors/c/callback_logger.h"
#include "doors/c/news.h"
#include "doors/c/requests.h"

namespace tasker::c {

class WorkerObject;

/// Step events taken from the core by a call. Those that it has not delivered when it ends, for
/// whatever reason, are kept for the next one.
class TakenEvents {
 public:
  explicit TakenEvents(WorkerObject& object) : object_(object), batch_(1) {}
  ~TakenEvents();
  TakenEvents(const TakenEvents&) = delete;
  TakenEvents& operator=(const TakenEvents&) = delete;

  std::vector<worker::StepEvent>& events() { return batch_.front(); }
  void set_delivered(std::size_t count) { delivered_ = count; }

 private:
  WorkerObject& object_;
  std::list<std::vector<worker::StepEvent>> batch_;  // a node, which moves without allocating
  std::size_t delivered_ = 0;
};

class Use;

/// Threads: any, several at once. Every use goes through Use.
class WorkerObject {
 public:
  /// Opens the store and registers the worker. `log_to` is closed by close(); null: stderr.
  static base::Result<std::shared_ptr<WorkerObject>> open(
      std::string_view config_json, const std::shared_ptr<CallbackLogger>& log_to);
  ~WorkerObject();
  WorkerObject(const WorkerObject&) = delete;
  WorkerObject& operator=(const WorkerObject&) = delete;

  worker::Worker& core() { return *worker_; }
  News& news() { return news_; }
  Requests& requests() { return *requests_; }
  BusSides& buses() { return buses_; }
  base::Clock& clock() { return clock_; }

  /// Appends up to `max` step events, kept ones first; waits up to `timeout_ms` for the first.
  /// DRAINING when none is there and none will come; CLOSED.
  /// @return how many were appended
  base::Result<std::size_t> take_step_events(std::size_t max, std::uint32_t timeout_ms,
                                             std::vector<worker::StepEvent>& out);
  /// Before a drain: waiters need not wait for step events any more.
  void begin_draining();
  bool is_draining() const { return is_draining_; }

  /// Begins a request whose reply comes later: `start` gets the function that takes it, once and
  /// from any thread. When `start` refuses, there is no request.
  using Reply = std::function<void(base::Result<std::string>)>;
  base::Status begin(std::uint64_t* out_request, const std::function<base::Status(Reply)>& start);
  /// Runs `work`, which blocks, on a thread of its own; its reply is the request's. FULL when too
  /// many run.
  base::Status begin_apart(std::uint64_t* out_request,
                           std::function<base::Result<std::string>(worker::Worker&)> work);

  /// Waits until `is_done` holds, which is told by tell_waiters(), or the worker is stopped.
  void wait_until(const std::function<bool()>& is_done);
  void tell_waiters();

  bool inside_callback() const;
  /// Stops the worker and closes its store; returns once nobody uses the object.
  void close();

 private:
  friend class Use;
  friend class TakenEvents;
  friend base::Result<Use> use(const tasker_worker* worker);
  explicit WorkerObject(std::shared_ptr<CallbackLogger> log_to);

  std::size_t take_kept(std::size_t max, std::vector<worker::StepEvent>& out);
  base::Result<std::size_t> wait_for_event(std::uint32_t timeout_ms,
                                           std::vector<worker::StepEvent>& out);
  base::Status no_event() const;
  void leave();

  base::SystemClock clock_;
  const std::shared_ptr<CallbackLogger> log_to_;
  News news_;
  const std::shared_ptr<Requests> requests_;
  std::unique_ptr<worker::Worker> worker_;

  BusSides buses_;

  base::Mutex kept_mutex_;
  std::list<std::vector<worker::StepEvent>> kept_ TASKER_GUARDED_BY(kept_mutex_);
  std::atomic<bool> has_kept_{false};

  struct Apart {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> is_done;
  };
  base::Mutex apart_mutex_;
  std::vector<Apart> apart_ TASKER_GUARDED_BY(apart_mutex_);

  std::atomic<std::uint32_t> users_{0};
  std::atomic<bool> closing_{false};
  std::atomic<bool> is_draining_{false};
  base::Mutex wait_mutex_;
  base::Condition wait_condition_;
  bool stopped_ TASKER_GUARDED_BY(wait_mutex_) = false;
};

/// A worker in use by a call. Nobody else's close returns before the call is through.
class Use {
 public:
  explicit Use(std::shared_ptr<WorkerObject> object) : object_(std::move(object)) {
    object_->users_.fetch_add(1);
  }
  ~Use() {
    if (object_) object_->leave();
  }
  Use(Use&&) noexcept = default;
  Use& operator=(Use&&) = delete;

  WorkerObject& operator*() const { return *object_; }
  WorkerObject* operator->() const { return object_.get(); }
  const std::shared_ptr<WorkerObject>& shared() const { return object_; }

 private:
  std::shared_ptr<WorkerObject> object_;
};

/// The worker that a handle names, in use. INVALID_ARGUMENT, CLOSED, FORKED; INVALID_STATE inside
/// its log callback.
base::Result<Use> use(const tasker_worker* worker);

}  // namespace tasker::c
