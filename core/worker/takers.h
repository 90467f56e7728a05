// Who takes a worker's steps besides the worker's own front end: attachments, and whom a step
// wakes.
//
// A taker is idle once a poll of its has found its channel empty, or it has said how it is to be
// woken: it will not look again by itself. A step that arrives takes one idle taker of its channel
// off that list and wakes it: the one that holds the fewest steps, of those the one that was idle
// first. A taker that is woken and ends, or wants no wake-up any more, before it has polled passes
// its wake-up on. So an idle taker beside a step that waits was idle before the step came and was
// not needed for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/worker/executor.h"
#include "core/worker/notice.h"
#include "core/worker/wakeup_call.h"

namespace tasker::worker {

/// An attachment as the dispatcher sees it. Threads: constant members and `wakeup` any, the others
/// under the dispatcher's mutex.
struct Taker {
  Taker(AttachmentId taker_id, Executor takes, std::string called)
      : id(taker_id), executor(takes), name(std::move(called)) {}

  const AttachmentId id;
  const Executor executor;
  const std::string name;
  WakeupCall wakeup;

  bool ended = false;      ///< takes and settles nothing any more
  std::uint32_t held = 0;  ///< events that it took and that are not gone
  bool has_wakeup = false;
  std::uint32_t waiting = 0;  ///< calls that wait for a step
  bool idle = false;          ///< in its channel's list of the idle
  bool woken = false;         ///< for steps, and no poll has followed
  std::deque<Notice> notices;
  bool notices_announced = false;
  base::Condition arrived;  ///< told when it is woken, and when it ends
};

using TakerPtr = std::shared_ptr<Taker>;  // the attachment's and the dispatcher's
/// Takers to wake, once no lock is held.
using ToWake = std::vector<TakerPtr>;

inline void wake_all(const ToWake& takers) {
  for (const TakerPtr& taker : takers) taker->wakeup.call();
}

/// The takers of a worker. Threads: under the dispatcher's mutex.
class Takers {
 public:
  TakerPtr add(Executor executor, std::string name);
  /// Null when there is none (any more).
  Taker* find(AttachmentId id) const;
  TakerPtr pointer(const Taker& taker) const { return takers_.at(taker.id); }
  TakerPtr remove(AttachmentId id);
  /// Whether steps of `executor` are theirs: somebody is attached to it and has not ended.
  bool serve(Executor executor) const { return live_[index_of(executor)] > 0; }

  /// The taker has looked, and will not look again by itself: one that can be woken is idle.
  void becomes_idle(Taker& taker);
  /// The taker has looked, or looks no more.
  void stops_being_idle(Taker& taker);
  /// Wakes up to `count` idle takers of `executor`.
  void wake(Executor executor, std::size_t count, ToWake& to_wake);
  /// Ends a taker; whether a wake-up was on its way to it.
  bool end(Taker& taker);

  const std::map<AttachmentId, TakerPtr>& all() const { return takers_; }

 private:
  std::map<AttachmentId, TakerPtr> takers_;
  std::array<std::deque<Taker*>, kExecutorCount> idle_;  // the longest idle in front
  std::array<std::uint32_t, kExecutorCount> live_{};
  AttachmentId last_id_ = kWorkerItself;
};

}  // namespace tasker::worker
