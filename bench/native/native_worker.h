// A worker with one native no-op handler, driven by one loop: it creates tasks, runs their steps
// and sees them finish, all on the calling thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bench/native/timing_store.h"
#include "core/worker/worker.h"

namespace tasker::bench {

struct NativeWorkerOptions {
  std::string store_path;  ///< new file
  std::string template_path;
  std::uint32_t concurrency = 10;
  std::shared_ptr<ClaimStamp> claim_stamp;  ///< set: the store notes its claiming commits there
};

/// Threads: one. Every failure ends the program.
class NativeWorker {
 public:
  explicit NativeWorker(const NativeWorkerOptions& options);
  ~NativeWorker();
  NativeWorker(const NativeWorker&) = delete;
  NativeWorker& operator=(const NativeWorker&) = delete;

  /// Asks for tasks numbered `first` to `first + count - 1`; returns before they are durable.
  void create_tasks(std::uint64_t first, std::uint64_t count);
  /// Creates one task and runs its steps until it has ended.
  void run_task(std::uint64_t seq);

  /// Asks for one task whose end await_end() is to see.
  void create_awaited_task(std::uint64_t seq);
  /// Runs what is ready until the awaited task has ended.
  void await_end();

  /// Runs the steps that are ready; sleeps until there is something to do.
  void turn();
  /// Waits for the end of the task whose step ran last. Completions are recorded in their order, so
  /// every step that ran before is recorded then.
  void await_last_handled();

  std::uint64_t steps() const { return steps_; }
  std::uint64_t checksum() const { return checksum_; }
  std::size_t steps_of_task() const { return steps_of_task_; }

  /// Tasks that the store holds as complete.
  std::uint64_t count_complete_tasks();

  worker::Worker& worker() { return *worker_; }
  /// What a handler of the benchmarks does: adds the task's number to the checksum.
  void handle(const worker::StepEvent& event);

 private:
  worker::TaskRequest request(std::uint64_t seq) const;
  bool run_ready();
  /// Until the wake-up, at most 30 s.
  void sleep();
  void wake();
  void await_task(const base::Uuid& uuid);

  std::unique_ptr<worker::Worker> worker_;
  std::string template_name_;
  std::size_t steps_of_task_ = 0;
  std::vector<worker::StepEvent> events_;
  base::Uuid last_handled_;
  std::atomic<bool> ended_ = false;
  std::uint64_t steps_ = 0;
  std::uint64_t checksum_ = 0;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool signalled_ = false;  // guarded by mutex_
};

}  // namespace tasker::bench
