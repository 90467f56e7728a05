// How dispatched steps end by the core's own doing: settled, handed back, dropped; and what is told
// of it.
#include <algorithm>
#include <utility>

#include "core/worker/dispatcher.h"

namespace tasker::worker {

using base::Lock;

namespace {

// Far more than a front end that polls at all ever leaves; the oldest is dropped past it.
constexpr std::size_t kNoticesMax = 65'536;

}  // namespace

bool Dispatcher::put_notice(Notice notice) {
  if (notices_.size() >= kNoticesMax) notices_.pop_front();
  notices_.push_back(std::move(notice));
  return !std::exchange(notices_announced_, true);
}

void Dispatcher::put_notice(AttachmentId attachment, const Notice& notice, ToWake& to_wake) {
  if (attachment == kWorkerItself) return;
  Taker* const taker = takers_.find(attachment);
  if (!taker || taker->ended) return;
  if (taker->notices.size() >= kNoticesMax) taker->notices.pop_front();
  taker->notices.push_back(notice);
  if (!std::exchange(taker->notices_announced, true)) to_wake.push_back(takers_.pointer(*taker));
}

void Dispatcher::notify(Notice notice, AttachmentId attachment) {
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    put_notice(attachment, notice, to_wake);
    call = put_notice(std::move(notice));
  }
  if (call) wake();
  wake_all(to_wake);
}

void Dispatcher::notify_all(const Notice& notice) {
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    for (const auto& [id, taker] : takers_.all()) put_notice(id, notice, to_wake);
    call = put_notice(notice);
  }
  if (call) wake();
  wake_all(to_wake);
}

std::vector<Notice> Dispatcher::poll_notices(std::size_t max) {
  Lock lock(mutex_);
  std::vector<Notice> taken;
  while (taken.size() < max && !notices_.empty()) {
    taken.push_back(std::move(notices_.front()));
    notices_.pop_front();
  }
  if (notices_.empty()) notices_announced_ = false;
  return taken;
}

std::vector<Dispatched> Dispatcher::settle(AbortReason reason,
                                           const std::function<bool(const Dispatched&)>& which) {
  std::vector<Dispatched> settled;
  bool call = false;
  ToWake to_wake;
  {
    Lock lock(mutex_);
    for (auto& [id, dispatched] : events_) {
      if (dispatched.settled || dispatched.started_us == 0 || !which(dispatched)) continue;
      dispatched.settled = true;
      settled.push_back(dispatched);
      if (dispatched.paused) continue;
      Notice notice;
      notice.kind = Notice::Kind::kAbort;
      notice.event_id = id;
      notice.reason = reason;
      put_notice(dispatched.taker, notice, to_wake);
      call |= put_notice(std::move(notice));
    }
  }
  if (call) wake();
  wake_all(to_wake);
  return settled;
}

std::vector<Dispatched> Dispatcher::settle_overdue(std::int64_t& next_us) {
  const std::int64_t now_us = clock_.monotonic_us();
  auto overdue = settle(AbortReason::kTimeout, [now_us](const Dispatched& dispatched) {
    return !dispatched.paused && dispatched.deadline_us <= now_us;
  });
  Lock lock(mutex_);
  earliest_deadline_us_ = 0;
  for (const auto& [id, dispatched] : events_) {
    if (dispatched.settled || dispatched.paused || dispatched.started_us == 0) continue;
    if (earliest_deadline_us_ == 0 || dispatched.deadline_us < earliest_deadline_us_)
      earliest_deadline_us_ = dispatched.deadline_us;
  }
  next_us = earliest_deadline_us_;
  return overdue;
}

std::int64_t Dispatcher::next_deadline_us() const {
  Lock lock(mutex_);
  return earliest_deadline_us_;
}

std::vector<Dispatched> Dispatcher::take_queued() {
  Lock lock(mutex_);
  std::vector<Dispatched> taken;
  for (Channel& one : channels_) {
    for (const Queued& queued : one.queue) {
      taken.push_back(*queued.dispatched);
      remove(events_.find(queued.event.event_id));
    }
    one.queue.clear();
  }
  return taken;
}

void Dispatcher::drop_queued(const std::function<bool(const Dispatched&)>& which) {
  Lock lock(mutex_);
  for (Channel& one : channels_) {
    for (std::size_t left = one.queue.size(); left > 0; --left) {
      Queued queued = one.queue.pop_front();
      if (which(*queued.dispatched))
        remove(events_.find(queued.event.event_id));
      else
        one.queue.push_back(std::move(queued));
    }
  }
}

std::vector<Dispatched> Dispatcher::unsettled() const {
  Lock lock(mutex_);
  std::vector<Dispatched> held;
  for (const auto& [id, dispatched] : events_)
    if (!dispatched.settled) held.push_back(dispatched);
  return held;
}

bool Dispatcher::wait_idle(std::int64_t timeout_us) {
  Lock lock(mutex_);
  idle_.wait_for(mutex_, timeout_us,
                 [this]() TASKER_REQUIRES(mutex_) { return events_.empty() || abandoned_; });
  return events_.empty();
}

void Dispatcher::abandon() {
  {
    Lock lock(mutex_);
    abandoned_ = true;
  }
  idle_.notify_all();
}

void Dispatcher::open() {
  Lock lock(mutex_);
  closed_ = over_;
}

void Dispatcher::close() {
  ToWake all;
  {
    Lock lock(mutex_);
    closed_ = over_ = true;
    for (const auto& [id, taker] : takers_.all()) {
      taker->arrived.notify_all();
      all.push_back(taker);
    }
  }
  arrived_.notify_all();
  // Who waits to be woken learns that no more will come.
  wake_all(all);
}

bool Dispatcher::closed() const {
  Lock lock(mutex_);
  return closed_;
}

}  // namespace tasker::worker
