// What one JavaScript environment (the main thread, or one worker thread) has of this addon. No
// statics: the addon may be loaded by several environments of one process at once.
#pragma once

#include <node_api.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/worker/attachment.h"
#include "core/worker/worker.h"

namespace tasker::node {

/// Threads: the environment's own, but for `post`.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  using Job = std::function<void(napi_env)>;

  /// Null, with an exception pending or the environment going down.
  static std::shared_ptr<Environment> create(napi_env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Runs `job` on the environment's thread soon. From any thread; after the environment's end the
  /// job is dropped. One wake-up serves all jobs that wait.
  void post(Job job);

  /// The event loop stays alive while somebody holds it.
  void hold();
  void let_go();

  /// Runs `work` on a thread of its own and settles the returned promise with what it gives: a
  /// value maker, or an error. For calls that block longer than a JavaScript thread may.
  using Settle = std::function<napi_value(napi_env)>;
  napi_value run_apart(std::function<base::Result<Settle>()> work);

  /// A promise that `resolve` settles, from any thread, once.
  struct Promise {
    napi_value promise = nullptr;
    std::function<void(base::Result<Settle>)> settle;
  };
  Promise make_promise();

  /// Workers are stopped when the environment ends.
  void add(const std::shared_ptr<worker::Worker>& worker) { workers_.insert(worker); }
  void remove(const std::shared_ptr<worker::Worker>& worker) { workers_.erase(worker); }

  /// Attachments are detached when the environment ends.
  void add(const std::shared_ptr<worker::Attachment>& one) { attachments_.insert(one); }
  void remove(const std::shared_ptr<worker::Attachment>& one) { attachments_.erase(one); }

  /// Ports of the event bus are closed when the environment ends.
  void add(const std::shared_ptr<worker::BusPort>& port) { ports_.insert(port); }
  void remove(const std::shared_ptr<worker::BusPort>& port) { ports_.erase(port); }

  base::Logger& logger() { return *logger_; }

 private:
  explicit Environment(napi_env env);
  static void run_jobs(napi_env env, napi_value callback, void* context, void* data);
  static void clean_up(void* data);
  void run_jobs_now();
  void end();

  const napi_env env_;
  const std::shared_ptr<base::Logger> logger_;
  int holds_ = 0;
  std::unordered_set<std::shared_ptr<worker::Worker>> workers_;
  std::unordered_set<std::shared_ptr<worker::Attachment>> attachments_;
  std::unordered_set<std::shared_ptr<worker::BusPort>> ports_;
  struct Apart {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::vector<Apart> apart_;

  base::Mutex mutex_;
  std::deque<Job> jobs_ TASKER_GUARDED_BY(mutex_);
  bool woken_ TASKER_GUARDED_BY(mutex_) = false;
  // Null once the environment is going down: the function may then not even be released.
  napi_threadsafe_function wakeup_ TASKER_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tasker::node
