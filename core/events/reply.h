// A request's answer: one side answers once, the other waits for it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/events/channel.h"

namespace tasker::events {

/// The answering side; travels inside a message. Destroyed without an answer it tells the asker so,
/// with CLOSED. Threads: one at a time.
template <class Answer>
class Reply {
 public:
  using Slot = Channel<base::Result<Answer>>;

  explicit Reply(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept {
    abandon();
    slot_ = std::move(other.slot_);
    return *this;
  }
  ~Reply() { abandon(); }

  /// The first answer counts, others are passed over. Never blocks.
  void answer(base::Result<Answer> result) {
    if (slot_ == nullptr) return;
    // The asker may have given up, and nobody else can send; either way there is nobody to tell.
    (void)slot_->try_send(std::move(result));
    abandon();
  }

 private:
  void abandon() {
    if (slot_ != nullptr) slot_->close_sending();
    slot_.reset();
  }

  // Shared with the asker: either may be gone first.
  std::shared_ptr<Slot> slot_;
};

/// The asking side. Threads: one at a time.
template <class Answer>
class PendingReply {
 public:
  using Slot = typename Reply<Answer>::Slot;

  explicit PendingReply(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}

  /// The answer, once. TIMED_OUT when the deadline passes first (it can be waited for again);
  /// CLOSED when there will be none, was taken before, or a stop was requested.
  base::Result<Answer> wait_until(std::int64_t deadline_us, const std::stop_token& stop = {}) {
    Received<base::Result<Answer>> received = slot_->recv_until(deadline_us, stop);
    if (received) return std::move(*received);
    return base::fail(to_status(received.error(), "the reply").error());
  }

  /// To wait for with `co_await Awaiting<…>(reply.slot()).recv()`; outlived by this object.
  Slot& slot() { return *slot_; }

 private:
  std::shared_ptr<Slot> slot_;
};

/// Both sides of one request.
template <class Answer>
struct ReplyPair {
  Reply<Answer> reply;
  PendingReply<Answer> pending;
};

/// `clock` outlives both sides; the deadlines are its.
template <class Answer>
ReplyPair<Answer> make_reply(const base::Clock& clock) {
  using Slot = typename Reply<Answer>::Slot;
  // A capacity of 1 is in range.
  std::shared_ptr<Slot> slot = std::move(*Slot::open({.capacity = 1}, clock));
  return {Reply<Answer>(slot), PendingReply<Answer>(slot)};
}

}  // namespace tasker::events
