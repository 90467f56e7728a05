// Mutex, lock and condition with Clang's thread-safety annotations; std's own are unknown to that
// analysis.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define TASKER_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TASKER_THREAD_ANNOTATION(x)
#endif

#define TASKER_GUARDED_BY(x) TASKER_THREAD_ANNOTATION(guarded_by(x))
#define TASKER_REQUIRES(...) TASKER_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define TASKER_EXCLUDES(...) TASKER_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace tasker::base {

class TASKER_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() TASKER_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() TASKER_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

class TASKER_THREAD_ANNOTATION(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) TASKER_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() TASKER_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits are by predicate, so that a spurious or early wake-up is never mistaken for news.
class Condition {
 public:
  template <class Predicate>
  void wait(Mutex& mutex, Predicate predicate) TASKER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock, predicate);
    lock.release();
  }

  /// Returns the predicate's value when it turned true or `timeout_us` microseconds passed.
  template <class Predicate>
  bool wait_for(Mutex& mutex, std::int64_t timeout_us, Predicate predicate) TASKER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool met = condition_.wait_for(lock, std::chrono::microseconds(timeout_us), predicate);
    lock.release();
    return met;
  }

  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace tasker::base
