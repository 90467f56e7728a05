// A bounded queue between threads, and between coroutines (awaiting.h).
//
// Order: items leave in the order in which they were accepted; those of one sender in the order in
// which it sent them. Waiting senders are served first come, first served, and so are waiting
// receivers: whoever has something for a waiter hands it over under the lock, so that nobody can
// overtake it and no wake-up is lost. Hence two invariants: senders wait only at a full channel,
// receivers only at an empty one.
//
// Closing: after close_sending() sends fail and receivers get what is inside, then kClosed. After
// close_receiving() both sides fail; what was inside is returned to the one who closed. An item
// whose send did not end with kOk is still its sender's, untouched. Closing twice is allowed, in
// any order.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/events/batch.h"
#include "core/events/channel_types.h"
#include "core/events/waiter.h"

namespace tasker::events {

/// T moves without throwing. Deadlines are microseconds of the clock's monotonic_us(); kNever is
/// none, one that has passed makes a call that does not wait. A stop request ends a wait, not a
/// call that needs none. Nobody may be inside when the channel is destroyed; what is inside then is
/// too.
///
/// Threads: any, for all calls.
template <class T>
class Channel {
 public:
  /// kINVALID_ARGUMENT as check_channel_options. `clock` outlives the channel. The memory for all
  /// of `capacity` is taken here.
  static base::Result<std::unique_ptr<Channel>> open(const ChannelOptions& options,
                                                     const base::Clock& clock) {
    if (auto checked = check_channel_options(options); !checked) return base::fail(checked.error());
    return std::unique_ptr<Channel>(new Channel(options, clock));
  }

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Hands `item` in, by the policy of the channel when it is full. It is moved from only if the
  /// result is kOk. kClosed; kFull (policy kRefuse); kStopped (policy kWait).
  ChannelStatus send(T&& item, const std::stop_token& stop = {}) {
    return send_until(std::move(item), kNever, stop);
  }

  /// As send; kTimedOut when the deadline passes while it waits.
  ChannelStatus send_until(T&& item, std::int64_t deadline_us, const std::stop_token& stop = {})
      TASKER_EXCLUDES(mutex_) {
    const ChannelStatus status = place_one(item, policy_ == FullPolicy::kRefuse);
    if (status != ChannelStatus::kFull || policy_ != FullPolicy::kWait) return status;
    return wait_to_send({&item, 1}, deadline_us, stop).status;
  }

  /// As send, but never waits: kFull when there is no room (never with the policy kDropOldest).
  ChannelStatus try_send(T&& item) TASKER_EXCLUDES(mutex_) { return place_one(item, true); }

  /// Hands in `items` from the front, in one go as far as there is room, so that many items cost
  /// one lock. Those of other senders may come between two rounds. Stops at the first that can not
  /// be sent, with its status as send_until gives it.
  SentBatch send_batch(std::span<T> items, std::int64_t deadline_us = kNever,
                       const std::stop_token& stop = {}) TASKER_EXCLUDES(mutex_) {
    Batch<T> dropped;
    if (policy_ == FullPolicy::kDropOldest) dropped.reserve(items.size());
    T* next = items.data();
    T* const end = next + items.size();
    ChannelStatus status = ChannelStatus::kOk;
    {
      WakeList wakes;
      base::Lock lock(mutex_);
      status = place(next, end, wakes, [&](T&& item) { dropped.push_back(std::move(item)); });
      if (status == ChannelStatus::kFull && policy_ == FullPolicy::kRefuse) ++refused_;
    }
    const auto sent = static_cast<std::size_t>(next - items.data());
    if (status != ChannelStatus::kFull || policy_ != FullPolicy::kWait) return {status, sent};
    const SentBatch rest = wait_to_send(items.subspan(sent), deadline_us, stop);
    return {rest.status, sent + rest.sent};
  }

  /// The oldest item; waits for one. kClosed, kStopped.
  Received<T> recv(const std::stop_token& stop = {}) { return recv_until(kNever, stop); }

  /// As recv; kTimedOut when the deadline passes first.
  Received<T> recv_until(std::int64_t deadline_us, const std::stop_token& stop = {})
      TASKER_EXCLUDES(mutex_) {
    Received<T> received = try_recv();
    if (received || received.error() != ChannelStatus::kEmpty) return received;
    ReceiveWaiter self;
    const ChannelStatus status = wait_to_receive(self, deadline_us, stop);
    if (status != ChannelStatus::kOk) return tl::unexpected(status);
    return std::move(*self.item);
  }

  /// As recv, but never waits: kEmpty when there is nothing.
  Received<T> try_recv() TASKER_EXCLUDES(mutex_) {
    std::optional<T> item;
    const ChannelStatus status = take_one(item);
    if (status != ChannelStatus::kOk) return tl::unexpected(status);
    return std::move(*item);
  }

  /// Appends the oldest items, 1 to `items_max` of them, to `out`: waits for the first, takes what
  /// else there is by then. An empty `out` that is used again and again makes this an exchange of
  /// two blocks of memory. Outcomes as recv_until.
  ChannelStatus recv_batch(std::size_t items_max, Batch<T>& out, std::int64_t deadline_us = kNever,
                           const std::stop_token& stop = {}) TASKER_EXCLUDES(mutex_) {
    if (items_max == 0) return ChannelStatus::kOk;
    out.reserve(slots());
    ChannelStatus status = take_batch(items_max, out);
    if (status == ChannelStatus::kEmpty) {
      // Falling asleep and being woken costs as much as a hundred sends. Where a sender shares this
      // processor it goes on now, and the next look finds what it left.
      std::this_thread::yield();
      status = take_batch(items_max, out);
    }
    if (status != ChannelStatus::kEmpty) return status;
    ReceiveWaiter self;
    status = wait_to_receive(self, deadline_us, stop);
    if (status != ChannelStatus::kOk) return status;
    out.push_back(std::move(*self.item));
    if (items_max > 1) top_up(items_max - 1, out);
    return ChannelStatus::kOk;
  }

  /// The sending side ends: see the head of this file. Waiting senders get kClosed.
  void close_sending() TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    close_sending_locked(wakes);
  }

  /// The receiving side ends: see the head of this file.
  Batch<T> close_receiving() TASKER_EXCLUDES(mutex_) {
    Batch<T> returned;
    WakeList wakes;
    base::Lock lock(mutex_);
    close_sending_locked(wakes);
    returned_ += items_.size();
    returned.swap(items_);
    return returned;
  }

  bool closed() const TASKER_EXCLUDES(mutex_) {
    base::Lock lock(mutex_);
    return closed_;
  }

  std::size_t capacity() const { return capacity_; }
  FullPolicy full_policy() const { return policy_; }

  ChannelCounters counters() const TASKER_EXCLUDES(mutex_) {
    base::Lock lock(mutex_);
    return {.depth = items_.size(),
            .depth_max = depth_max_,
            .senders_waiting = senders_.size(),
            .receivers_waiting = receivers_.size(),
            .sent = sent_,
            .received = received_,
            .dropped = dropped_,
            .refused = refused_,
            .returned = returned_,
            .send_waits = send_waits_,
            .send_wait_us = send_wait_us_,
            .receive_waits = receive_waits_,
            .receive_wait_us = receive_wait_us_};
  }

 private:
  template <class>
  friend class ReceiveAwaiter;
  template <class>
  friend class SendAwaiter;

  /// What a sender still has to hand in; the receiving side moves `next` on.
  struct SendWaiter : Waiter {
    T* next = nullptr;
    T* end = nullptr;
  };
  struct ReceiveWaiter : Waiter {
    std::optional<T> item;
  };

  /// What a stop token or a timer calls.
  struct GiveUp {
    Channel* channel;
    Waiter* waiter;
    WaiterList Channel::*list;
    ChannelStatus why;
    void operator()() const { channel->give_up(channel->*list, *waiter, why); }
  };
  using StopCallback = std::stop_callback<GiveUp>;

  Channel(const ChannelOptions& options, const base::Clock& clock)
      : capacity_(options.capacity), policy_(options.full), clock_(clock) {
    items_.reserve(slots());
  }

  /// One more than the capacity: see top_up.
  std::size_t slots() const { return capacity_ + 1; }

  /// Moves items in until `next` is `end` or there is no room. `keep_dropped` takes those that had
  /// to go, to destroy them when the lock is free.
  template <class KeepDropped>
  ChannelStatus place(T*& next, T* const end, WakeList& wakes, KeepDropped keep_dropped)
      TASKER_REQUIRES(mutex_) {
    if (closed_) return ChannelStatus::kClosed;
    while (next != end && !receivers_.empty()) hand_over(*next++, wakes);
    push_some(next, end);
    if (next == end) return ChannelStatus::kOk;
    if (policy_ != FullPolicy::kDropOldest) return ChannelStatus::kFull;
    while (next != end) {
      keep_dropped(items_.pop_front());
      ++dropped_;
      push_some(next, next + 1);
    }
    return ChannelStatus::kOk;
  }

  /// As place, for one item.
  ChannelStatus place_one(T& item, bool full_is_refusal) TASKER_EXCLUDES(mutex_) {
    std::optional<T> dropped;
    WakeList wakes;
    base::Lock lock(mutex_);
    if (closed_) return ChannelStatus::kClosed;
    if (!receivers_.empty()) {
      hand_over(item, wakes);
      return ChannelStatus::kOk;
    }
    if (items_.size() == capacity_) {
      if (policy_ != FullPolicy::kDropOldest) {
        if (full_is_refusal) ++refused_;
        return ChannelStatus::kFull;
      }
      dropped.emplace(items_.pop_front());
      ++dropped_;
    }
    items_.push_back(std::move(item));
    note_pushed(1);
    return ChannelStatus::kOk;
  }

  /// As many of the items from `next` on as there is room for.
  void push_some(T*& next, T* end) TASKER_REQUIRES(mutex_) {
    const auto count = std::min(static_cast<std::size_t>(end - next), capacity_ - items_.size());
    items_.push_back_some(next, count);
    next += count;
    note_pushed(count);
  }

  void note_pushed(std::size_t count) TASKER_REQUIRES(mutex_) {
    sent_ += count;
    depth_max_ = std::max(depth_max_, items_.size());
  }

  void hand_over(T& item, WakeList& wakes) TASKER_REQUIRES(mutex_) {
    static_cast<ReceiveWaiter*>(receivers_.front())->item.emplace(std::move(item));
    ++sent_;
    ++received_;
    wakes.settle_front(receivers_, ChannelStatus::kOk);
  }

  /// Gives the room that there is now to waiting senders.
  void refill(WakeList& wakes) TASKER_REQUIRES(mutex_) {
    while (!senders_.empty() && items_.size() < capacity_) {
      auto* const sender = static_cast<SendWaiter*>(senders_.front());
      push_some(sender->next, sender->end);
      if (sender->next == sender->end) wakes.settle_front(senders_, ChannelStatus::kOk);
    }
  }

  ChannelStatus nothing_inside() const TASKER_REQUIRES(mutex_) {
    return closed_ ? ChannelStatus::kClosed : ChannelStatus::kEmpty;
  }

  ChannelStatus take_one_locked(std::optional<T>& out, WakeList& wakes) TASKER_REQUIRES(mutex_) {
    if (items_.empty()) return nothing_inside();
    out.emplace(items_.pop_front());
    ++received_;
    refill(wakes);
    return ChannelStatus::kOk;
  }

  ChannelStatus take_one(std::optional<T>& out) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    return take_one_locked(out, wakes);
  }

  ChannelStatus take_batch(std::size_t items_max, Batch<T>& out) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    if (items_.empty()) return nothing_inside();
    take_some(items_max, out, wakes);
    return ChannelStatus::kOk;
  }

  void take_some(std::size_t items_max, Batch<T>& out, WakeList& wakes) TASKER_REQUIRES(mutex_) {
    if (out.empty() && items_max >= items_.size() && out.room() >= slots()) {
      received_ += items_.size();
      out.swap(items_);
    } else {
      const std::size_t count = std::min(items_max, items_.size());
      received_ += count;
      for (std::size_t i = 0; i < count; ++i) out.push_back(items_.pop_front());
    }
    refill(wakes);
  }

  /// Adds what has come since the first item of `out` was handed over. Putting that item back in
  /// front, where there is always a slot for it, makes it an exchange of two blocks again.
  void top_up(std::size_t items_max, Batch<T>& out) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    if (items_.empty()) return;
    if (out.size() == 1 && items_max >= items_.size()) {
      items_.push_front(out.pop_front());
      --received_;
      ++items_max;
    }
    take_some(items_max, out, wakes);
  }

  void close_sending_locked(WakeList& wakes) TASKER_REQUIRES(mutex_) {
    closed_ = true;
    wakes.settle_all(senders_, ChannelStatus::kClosed);
    wakes.settle_all(receivers_, ChannelStatus::kClosed);
  }

  /// For a waiting sender: what it wanted to send may have found room by now. False when it has not
  /// been queued because it is settled.
  bool enqueue_sender(SendWaiter& self) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    if (self.settled()) return false;
    const ChannelStatus status = place(self.next, self.end, wakes, [](T&&) {});
    if (status == ChannelStatus::kFull) {
      senders_.push_back(self);
      return true;
    }
    self.settle(status);
    return false;
  }

  bool enqueue_receiver(ReceiveWaiter& self) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    if (self.settled()) return false;
    const ChannelStatus status = take_one_locked(self.item, wakes);
    if (status == ChannelStatus::kEmpty) {
      receivers_.push_back(self);
      return true;
    }
    self.settle(status);
    return false;
  }

  /// Settles a waiter that nobody has settled yet, queued or not.
  void give_up(WaiterList& list, Waiter& waiter, ChannelStatus why) TASKER_EXCLUDES(mutex_) {
    WakeList wakes;
    base::Lock lock(mutex_);
    if (waiter.queued()) {
      wakes.settle(list, waiter, why);
    } else if (!waiter.settled()) {
      waiter.settle(why);
    }
  }

  SentBatch wait_to_send(std::span<T> items, std::int64_t deadline_us, const std::stop_token& stop)
      TASKER_EXCLUDES(mutex_) {
    SendWaiter self;
    self.next = items.data();
    self.end = items.data() + items.size();
    if (enqueue_sender(self)) {
      const std::int64_t began_us = clock_.monotonic_us();
      wait_settled(self, &Channel::senders_, deadline_us, stop);
      ++send_waits_;
      send_wait_us_ += clock_.monotonic_us() - began_us;
    }
    return {self.outcome(), static_cast<std::size_t>(self.next - items.data())};
  }

  ChannelStatus wait_to_receive(ReceiveWaiter& self, std::int64_t deadline_us,
                                const std::stop_token& stop) TASKER_EXCLUDES(mutex_) {
    if (enqueue_receiver(self)) {
      const std::int64_t began_us = clock_.monotonic_us();
      wait_settled(self, &Channel::receivers_, deadline_us, stop);
      ++receive_waits_;
      receive_wait_us_ += clock_.monotonic_us() - began_us;
    }
    return self.outcome();
  }

  /// Sleeps until the queued waiter is settled, by this thread at the latest.
  void wait_settled(Waiter& self, WaiterList Channel::*list, std::int64_t deadline_us,
                    const std::stop_token& stop) TASKER_EXCLUDES(mutex_) {
    std::optional<StopCallback> on_stop;
    if (stop.stop_possible()) {
      on_stop.emplace(stop, GiveUp{this, &self, list, ChannelStatus::kStopped});
    }
    if (self.wait_until(clock_, deadline_us)) return;
    give_up(this->*list, self, ChannelStatus::kTimedOut);
    self.wait_until(clock_, kNever);
  }

  const std::size_t capacity_;
  const FullPolicy policy_;
  const base::Clock& clock_;

  mutable base::Mutex mutex_;
  Batch<T> items_ TASKER_GUARDED_BY(mutex_);
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;
  WaiterList senders_ TASKER_GUARDED_BY(mutex_);
  WaiterList receivers_ TASKER_GUARDED_BY(mutex_);
  std::size_t depth_max_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t sent_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t received_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t refused_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t returned_ TASKER_GUARDED_BY(mutex_) = 0;

  // Counted by those who have waited, without the lock.
  std::atomic<std::uint64_t> send_waits_{0};
  std::atomic<std::int64_t> send_wait_us_{0};
  std::atomic<std::uint64_t> receive_waits_{0};
  std::atomic<std::int64_t> receive_wait_us_{0};
};

}  // namespace tasker::events
