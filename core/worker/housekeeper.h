// The thread that keeps time for a worker: lease, deadlines, back-off, and the store's change
// watch. It does no I/O on the store itself: each duty posts to the store writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/store.h"

namespace tasker::worker {

/// What is done when; all called on the housekeeper's thread.
struct Duties {
  std::function<void()> renew_lease;
  std::function<void()> store_changed;
  /// Settles what is overdue; returns the next deadline (monotonic, microseconds), 0 for none.
  std::function<std::int64_t()> deadlines;
  std::function<void()> back_off_due;
  /// Looks after callers that wait for tasks; returns whether there are any left.
  std::function<bool()> check_waiters;
};

/// Threads: any.
class Housekeeper {
 public:
  /// `watch` may be null: then changes of other processes are found at each lease renewal only.
  Housekeeper(Duties duties, std::unique_ptr<store::ChangeWatch> watch, std::int64_t renew_every_us,
              const base::Clock& clock);
  ~Housekeeper();
  /// Starts the thread, once. Duties may be called from now on: their owner has to be whole.
  void start();
  /// Ends the thread; no duty is called after that. Idempotent.
  void stop();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// A deadline may be earlier than those known: look again.
  void deadline_changed();
  /// The earliest back-off ends at `due_wall_us`.
  void set_next_due(std::int64_t due_wall_us);
  /// Somebody waits for a task.
  void waiters_changed();

 private:
  void run();
  /// Milliseconds until the next duty, rounded up; -1 for none.
  int pause_ms();
  void wake();

  const Duties duties_;
  const std::unique_ptr<store::ChangeWatch> watch_;
  const std::int64_t renew_every_us_;
  const base::Clock& clock_;
  const int wake_fd_;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> look_at_deadlines_{true};
  std::atomic<bool> look_at_waiters_{false};
  std::atomic<std::int64_t> next_due_wall_us_{0};

  // The thread's own.
  std::int64_t next_renewal_us_ = 0;
  std::int64_t next_deadline_us_ = 0;
  std::int64_t next_waiters_us_ = 0;

  base::Mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace tasker::worker
