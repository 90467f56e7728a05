// What a tasker_worker* and a tasker_attachment* name alike: steps are taken and settled through
// it, it has news and replies of its own, and calls that are in it are counted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/base/uuid.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/step_event.h"
#include "core/worker/worker.h"
#include "doors/c/news.h"
#include "doors/c/requests.h"

namespace tasker::c {

class StepsObject;

/// Step events taken from the core by a call. Those that it has not delivered when it ends, for
/// whatever reason, are kept for the next one.
class TakenEvents {
 public:
  TakenEvents(StepsObject& object, worker::Executor executor)
      : object_(object), executor_(executor), batch_(1) {}
  ~TakenEvents();
  TakenEvents(const TakenEvents&) = delete;
  TakenEvents& operator=(const TakenEvents&) = delete;

  std::vector<worker::StepEvent>& events() { return batch_.front(); }
  void set_delivered(std::size_t count) { delivered_ = count; }

 private:
  StepsObject& object_;
  const worker::Executor executor_;
  std::list<std::vector<worker::StepEvent>> batch_;  // a node, which moves without allocating
  std::size_t delivered_ = 0;
};

/// Threads: any, several at once. Every use goes through Use.
class StepsObject {
 public:
  virtual ~StepsObject() = default;
  StepsObject(const StepsObject&) = delete;
  StepsObject& operator=(const StepsObject&) = delete;

  News& news() { return news_; }
  const News& news() const { return news_; }
  Requests& requests() { return *requests_; }

  /// Appends up to `max` step events, kept ones first; waits up to `timeout_ms` for the first.
  /// DRAINING when none is there and none will come; CLOSED.
  /// @return how many were appended
  base::Result<std::size_t> take_step_events(worker::Executor executor, std::size_t max,
                                             std::uint32_t timeout_ms,
                                             std::vector<worker::StepEvent>& out);

  // As in worker::Worker and worker::Attachment.
  virtual base::Status complete_step_event(const base::Uuid& event_id, base::JsonText json) = 0;
  virtual void checkpoint_step_event(const base::Uuid& event_id, std::string_view json,
                                     std::function<void(base::Result<base::Uuid>)> on_stored) = 0;
  virtual base::Result<std::uint32_t> hand_back(std::span<const base::Uuid> event_ids) = 0;
  virtual base::Result<std::vector<worker::Notice>> poll_notices(std::size_t max) = 0;

  /// Begins a request whose reply comes later: `start` gets the function that takes it, once and
  /// from any thread. When `start` refuses, there is no request.
  using Reply = std::function<void(base::Result<std::string>)>;
  base::Status begin(std::uint64_t* out_request, const std::function<base::Status(Reply)>& start);

  /// Waits until `is_done` holds, which is told by tell_waiters(), or the object is at its end.
  void wait_until(const std::function<bool()>& is_done);
  void tell_waiters();

  /// Before news are waited for: from now on they come.
  virtual base::Status listen() { return {}; }
  /// TIMED_OUT, DRAINING, CLOSED.
  base::Status wait_for_news(std::uint32_t timeout_ms);

 protected:
  /// what: `worker` or `attachment`.
  explicit StepsObject(const char* what);

  virtual base::Result<std::size_t> poll_core(worker::Executor executor, std::size_t max,
                                              std::vector<worker::StepEvent>& out) = 0;
  /// Waits for one event.
  virtual base::Result<std::size_t> wait_core(worker::Executor executor, std::int64_t timeout_ms,
                                              std::vector<worker::StepEvent>& out) = 0;
  virtual void give_back(std::vector<worker::StepEvent>& events) noexcept = 0;
  virtual bool has_core_news() const = 0;
  virtual worker::WorkerState worker_state() const = 0;
  /// Whether no more step events will come.
  virtual bool is_over() const;

  /// False when it was closed before. From here on no call begins.
  bool begin_close();
  /// Calls that wait return; waits until no call is in it.
  void await_calls();
  tl::unexpected<base::Error> closed() const;

 private:
  template <class Object>
  friend class UseOf;
  friend class TakenEvents;

  std::size_t take_kept(worker::Executor executor, std::size_t max,
                        std::vector<worker::StepEvent>& out);
  base::Result<std::size_t> wait_for_event(worker::Executor executor, std::uint32_t timeout_ms,
                                           std::vector<worker::StepEvent>& out);
  base::Status no_event() const;
  bool has_kept() const;
  void leave();

  const char* const what_;
  base::SystemClock clock_;
  News news_;
  const std::shared_ptr<Requests> requests_;

  base::Mutex kept_mutex_;
  std::array<std::list<std::vector<worker::StepEvent>>, worker::kExecutorCount> kept_
      TASKER_GUARDED_BY(kept_mutex_);
  std::array<std::atomic<bool>, worker::kExecutorCount> has_kept_{};

  std::atomic<std::uint32_t> users_{0};
  std::atomic<bool> closing_{false};
  base::Mutex wait_mutex_;
  base::Condition wait_condition_;
  bool stopped_ TASKER_GUARDED_BY(wait_mutex_) = false;
};

/// An object in use by a call. Nobody else's close returns before the call is through.
template <class Object>
class UseOf {
 public:
  /// CLOSED.
  static base::Result<UseOf> of(std::shared_ptr<Object> object) {
    UseOf used(std::move(object));
    if (used->closing_) return used->closed();
    return used;
  }
  ~UseOf() {
    if (object_) object_->leave();
  }
  UseOf(UseOf&&) noexcept = default;
  UseOf& operator=(UseOf&&) = delete;

  Object& operator*() const { return *object_; }
  Object* operator->() const { return object_.get(); }
  const std::shared_ptr<Object>& shared() const { return object_; }

 private:
  explicit UseOf(std::shared_ptr<Object> object) : object_(std::move(object)) {
    object_->users_.fetch_add(1);
  }

  std::shared_ptr<Object> object_;
};

}  // namespace tasker::c
