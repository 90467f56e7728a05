// News of a worker: how its user learns that a poll will find something, without polling.
//
// One level, "news may wait", raised by each announcement and lowered once a poll has found its own
// queue empty and no other queue is announced. Four ways to hear of it: wait(), a descriptor that
// is readable while the level is raised, a callback on a thread kept for it, and the polls
// themselves. The descriptor and the thread exist only once they are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "doors/c/user_data.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// What is told of news, and the pointer that it gets.
struct Wakeup {
  tasker_wakeup_callback on_wakeup = nullptr;
  UserData data;
};

/// Threads: any, several at once.
class News {
 public:
  /// still_waits: whether anything is announced that no poll has answered yet; asked under the lock
  /// that announcements take, so that none slips through between.
  /// what: of what the news is, for messages.
  News(const char* what, std::function<bool()> still_waits)
      : what_(what), still_waits_(std::move(still_waits)) {}
  ~News() { close(); }
  News(const News&) = delete;
  News& operator=(const News&) = delete;

  /// Something waits that was not announced yet. From a core thread: returns soon, calls nobody.
  void announce();
  /// A poll has found its queue empty.
  void settle();
  /// The waiters look again at what `over` says.
  void poke();

  enum class Waited : std::uint8_t { kNews, kTimedOut, kOver, kClosed };
  /// Waits until news may wait, or `over` holds and none does.
  Waited wait(std::int64_t timeout_ms, const std::function<bool()>& over);

  /// The eventfd, made on first use.
  base::Result<int> descriptor();

  /// INVALID_STATE inside the callback; CLOSED. `wakeup` then still holds its data. On success it
  /// holds the replaced one's, which is not called any more.
  base::Status set_wakeup(Wakeup& wakeup);
  /// Whether the calling thread is the one that runs the callback.
  bool inside_callback() const;

  /// Waiters return, no callback begins any more.
  void shut();
  /// After shut(): waits for a callback under way, lets go of its data, closes the descriptor.
  /// Idempotent.
  void close();

 private:
  void run();
  void raise() TASKER_REQUIRES(mutex_);

  tl::unexpected<base::Error> closed() const;

  const char* const what_;
  const std::function<bool()> still_waits_;

  // Held while the callback is exchanged, so that two exchanges do not cross. Before mutex_.
  base::Mutex exchange_mutex_;

  mutable base::Mutex mutex_;
  base::Condition changed_;   // for wait()
  base::Condition callback_;  // for the thread and for those who wait for a call to end
  bool raised_ TASKER_GUARDED_BY(mutex_) = false;
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;
  int descriptor_ TASKER_GUARDED_BY(mutex_) = -1;
  bool readable_ TASKER_GUARDED_BY(mutex_) = false;
  Wakeup wakeup_ TASKER_GUARDED_BY(mutex_);
  bool call_due_ TASKER_GUARDED_BY(mutex_) = false;
  bool calling_ TASKER_GUARDED_BY(mutex_) = false;
  std::thread::id caller_ TASKER_GUARDED_BY(mutex_);
  std::thread thread_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::c
