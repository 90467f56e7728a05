// What the worker's tests share: a store file that goes away, a template, a thread that runs
// handlers.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// A folder of its own for a test, removed at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tasker-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<store::Store> open_store(const std::string& path) {
  store::sqlite::Options options;
  options.path = path;
  options.durability = store::sqlite::Durability::kNormal;
  auto store = store::sqlite::open(options, base::make_null_logger());
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

inline std::unique_ptr<Worker> open_worker(const std::string& path, config::Config config = {}) {
  config.store_path = path;
  auto worker = Worker::open(std::move(config), open_store(path), base::make_null_logger(),
                             std::make_shared<base::SystemClock>());
  EXPECT_TRUE(worker) << worker.error().message;
  return std::move(*worker);
}

/// A chain of steps s0, s1, … of handler `work`, each depending on the one before.
inline model::TaskTemplate chain_template(std::uint32_t steps) {
  model::TaskTemplate body;
  body.namespace_name = "test";
  body.name = "chain";
  body.version = "1.0.0";
  for (std::uint32_t i = 0; i < steps; ++i) {
    model::StepTemplate step;
    step.name = "s" + std::to_string(i);
    step.handler.callable = "work";
    step.retry.backoff = model::Backoff::kNone;
    if (i > 0) step.dependencies.push_back("s" + std::to_string(i - 1));
    body.steps.push_back(std::move(step));
  }
  return body;
}

inline TaskRequest chain_request() {
  TaskRequest request;
  request.namespace_name = "test";
  request.name = "chain";
  request.version = "1.0.0";
  return request;
}

inline std::vector<base::Result<CreatedTask>> create_and_wait(Worker& worker,
                                                              std::vector<TaskRequest> requests) {
  std::promise<std::vector<base::Result<CreatedTask>>> done;
  worker.create_tasks(std::move(requests),
                      [&](auto created) { done.set_value(std::move(created)); });
  return done.get_future().get();
}

inline base::Uuid create_one(Worker& worker) {
  auto created = create_and_wait(worker, {chain_request()});
  EXPECT_TRUE(created[0]) << created[0].error().message;
  return created[0]->uuid;
}

inline base::Result<model::TaskState> await_end(Worker& worker, const base::Uuid& task,
                                                std::int64_t timeout_ms = 20'000) {
  std::promise<base::Result<model::TaskState>> ended;
  worker.wait_task(task, timeout_ms, [&](auto state) { ended.set_value(std::move(state)); });
  return ended.get_future().get();
}

/// The next event, or a failed expectation after 10 s.
inline StepEvent next_event(Worker& worker) {
  std::vector<StepEvent> events;
  auto taken = worker.wait_step_events(1, 10'000, events);
  EXPECT_TRUE(taken && *taken == 1) << (taken ? "no event came" : taken.error().message);
  return events.empty() ? StepEvent{} : std::move(events[0]);
}

/// The next notice, or a failed expectation after 10 s. Wake-ups may come without news: only what
/// is polled counts.
inline Notice await_notice(Worker& worker) {
  base::Mutex mutex;
  base::Condition condition;
  bool woken = true;
  worker.set_wakeup([&] {
    base::Lock lock(mutex);
    woken = true;
    condition.notify_one();
  });
  std::vector<Notice> notices;
  bool waiting = true;
  while (waiting && (notices = worker.poll_notices(1)).empty()) {
    base::Lock lock(mutex);
    waiting = condition.wait_for(mutex, 10'000'000, [&] { return std::exchange(woken, false); });
  }
  worker.set_wakeup({});
  EXPECT_FALSE(notices.empty()) << "no notice came";
  return notices.empty() ? Notice{} : notices[0];
}

/// Runs `handler` for every event on a thread of its own until destroyed.
class HandlerThread {
 public:
  using Handler = std::function<void(Worker&, const StepEvent&)>;

  HandlerThread(Worker& worker, Handler handler)
      : worker_(worker), handler_(std::move(handler)), thread_([this] { run(); }) {}
  ~HandlerThread() {
    stopping_ = true;
    thread_.join();
  }
  HandlerThread(const HandlerThread&) = delete;
  HandlerThread& operator=(const HandlerThread&) = delete;

  static void succeed(Worker& worker, const StepEvent& event) {
    EXPECT_TRUE(worker.complete_success(event.event_id, R"({"ok":true})"));
  }

 private:
  void run() {
    std::vector<StepEvent> events;
    while (!stopping_) {
      events.clear();
      if (!worker_.wait_step_events(64, 20, events)) return;
      for (const StepEvent& event : events) handler_(worker_, event);
    }
  }

  Worker& worker_;
  const Handler handler_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tasker::worker
