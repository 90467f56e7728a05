// The attachments' side of the dispatch channels: how they take, are woken, and end.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/worker/dispatcher.h"

namespace tasker::worker {

using base::ErrorCode;
using base::fail;
using base::Lock;
using base::Result;
using base::Status;

namespace {

tl::unexpected<base::Error> has_ended(const Taker& taker) {
  return fail(ErrorCode::kCLOSED, fmt::format("attachment {} has ended", taker.id));
}

}  // namespace

TakerPtr Dispatcher::attach(Executor executor, std::string name) {
  Lock lock(mutex_);
  return takers_.add(executor, std::move(name));
}

Result<std::size_t> Dispatcher::poll(Taker& taker, std::size_t max, std::vector<StepEvent>& out) {
  std::size_t taken = 0;
  bool earlier = false;
  {
    Lock lock(mutex_);
    if (taker.ended) return has_ended(taker);
    taken = take_from(channel(taker.executor), taker.id, max, out, earlier);
    taker.held += static_cast<std::uint32_t>(taken);
    if (taken < max)
      takers_.becomes_idle(taker);
    else
      takers_.stops_being_idle(taker);
  }
  if (earlier && on_earlier_deadline_) on_earlier_deadline_();
  return taken;
}

Status Dispatcher::wait(Taker& taker, std::int64_t timeout_us) {
  Lock lock(mutex_);
  if (taker.ended) return has_ended(taker);
  const auto& queue = channel(taker.executor).queue;
  ++taker.waiting;
  if (queue.empty() && !taker.woken) takers_.becomes_idle(taker);
  taker.arrived.wait_for(mutex_, timeout_us, [&]() TASKER_REQUIRES(mutex_) {
    return taker.woken || taker.ended || over_ || !queue.empty();
  });
  // A wake-up that it has been given is answered by its caller's poll.
  if (--taker.waiting == 0 && !taker.has_wakeup && !taker.woken) takers_.stops_being_idle(taker);
  return taker.ended ? Status(has_ended(taker)) : Status();
}

Result<std::vector<Notice>> Dispatcher::poll_notices(Taker& taker, std::size_t max) {
  Lock lock(mutex_);
  if (taker.ended) return has_ended(taker);
  std::vector<Notice> taken;
  for (; taken.size() < max && !taker.notices.empty(); taker.notices.pop_front())
    taken.push_back(std::move(taker.notices.front()));
  if (taker.notices.empty()) taker.notices_announced = false;
  return taken;
}

Status Dispatcher::set_wakeup(Taker& taker, std::function<void()> on_wakeup) {
  const bool set = static_cast<bool>(on_wakeup);
  taker.wakeup.set(std::move(on_wakeup));
  bool call = false;
  bool ended = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    ended = taker.ended;
    if (!ended) {
      taker.has_wakeup = set;
      const bool waits = !channel(taker.executor).queue.empty();
      const bool was_woken = taker.woken;
      takers_.stops_being_idle(taker);
      if (set && waits) taker.woken = true;
      if (!waits) takers_.becomes_idle(taker);
      if (!set && waits && was_woken) takers_.wake(taker.executor, 1, to_wake);
      taker.notices_announced = set && !taker.notices.empty();
      call = taker.woken || taker.notices_announced;
    }
  }
  if (ended) {
    taker.wakeup.set({});
    return has_ended(taker);
  }
  if (call) taker.wakeup.call();
  wake_all(to_wake);
  return {};
}

bool Dispatcher::announced(const Taker& taker) const {
  Lock lock(mutex_);
  // Once no more will come, a wake-up for a step that was taken back has nothing behind it.
  const bool for_steps =
      taker.woken && !(over_ && channels_[index_of(taker.executor)].queue.empty());
  return !taker.ended && (for_steps || taker.notices_announced);
}

bool Dispatcher::end(Taker& taker, ToWake& to_wake) {
  const bool was_woken = takers_.end(taker);
  Channel& of = channel(taker.executor);
  if (of.queue.empty()) return false;
  if (!takers_.serve(taker.executor)) return !std::exchange(of.announced, true);
  if (was_woken) takers_.wake(taker.executor, 1, to_wake);
  return false;
}

void Dispatcher::detach(Taker& taker) {
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    if (taker.ended) return;
    call = end(taker, to_wake);
    std::uint32_t held = 0;
    for (auto& [id, dispatched] : events_) {
      if (dispatched.taker != taker.id) continue;
      if (dispatched.paused)
        dispatched.taker = kWorkerItself;  // it goes on with whoever takes its continuation
      else
        ++held;
    }
    if (held > 0) {
      Notice notice;
      notice.kind = Notice::Kind::kDetached;
      notice.attachment = taker.id;
      notice.held = taker.held = held;
      call |= put_notice(std::move(notice));
    } else {
      takers_.remove(taker.id);
    }
  }
  taker.wakeup.set({});
  if (call) wake();
  wake_all(to_wake);
}

Dispatcher::Ended Dispatcher::end_attachment(AttachmentId id) {
  bool call = false;
  ToWake to_wake;
  TakerPtr taker;
  Ended ended;
  {
    Lock lock(mutex_);
    taker = takers_.remove(id);
    if (!taker) return ended;
    if (!taker->ended) call = end(*taker, to_wake);
    for (auto it = events_.begin(); it != events_.end();) {
      const auto next = std::next(it);
      if (it->second.taker == id) {
        it->second.taker = kWorkerItself;
        if (it->second.settled && !it->second.paused) {
          remove(it);
          ++ended.freed;
        } else if (!it->second.paused) {
          ended.held.push_back(it->first);
        }
      }
      it = next;
    }
  }
  taker->wakeup.set({});
  if (call) wake();
  wake_all(to_wake);
  return ended;
}

void Dispatcher::silence_attachments() {
  ToWake all;
  {
    Lock lock(mutex_);
    for (const auto& [id, taker] : takers_.all()) all.push_back(taker);
  }
  for (const TakerPtr& taker : all) taker->wakeup.set({});
}

Result<std::vector<Dispatched>> Dispatcher::hand_back(std::span<const base::Uuid> event_ids,
                                                      const Taker* by) {
  std::vector<Dispatched> handed_back;
  Lock lock(mutex_);
  if (by && by->ended) return has_ended(*by);
  for (const base::Uuid& id : event_ids) {
    const auto found = events_.find(id);
    if (found == events_.end()) continue;
    const Dispatched& dispatched = found->second;
    if (dispatched.started_us == 0 || dispatched.paused) continue;
    if (by && dispatched.taker != by->id) continue;
    if (!dispatched.settled) handed_back.push_back(dispatched);
    remove(found);
  }
  return handed_back;
}

}  // namespace tasker::worker
