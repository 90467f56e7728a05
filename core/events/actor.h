// An object with one thread and a mailbox: what it owns is touched by that thread alone, and
// whoever wants something of it sends a message.
//
//   using Message = std::variant<Deposit, Query>;           // a Query carries a Reply<Balance>
//   class Account : public ActorBehaviour<Message> { … base::Status receive(Message message)
//   override; }; auto actor = Actor<Message>::start(options, [] { return
//   std::make_unique<Account>(); }, clock); actor->send(Deposit{5}); auto balance =
//   actor->request<Balance>([](auto reply) { return Query{std::move(reply)}; }, deadline_us);
//
// A behaviour fails when receive returns an error or throws, or the factory does. The message at
// hand is lost then (its Reply tells the asker), the behaviour is destroyed, and after a pause a
// new one goes on with the next message: the mailbox survives. When it fails too often
// (SupervisionOptions), the actor closes its mailbox, throws away what is inside, which is counted,
// and says so to `on_escalate`.
//
// States: running ─▶ restarting ─▶ running …; running ─▶ draining ─▶ stopped; any ─▶ failed
// (escalated).
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "core/events/channel.h"
#include "core/events/reply.h"
#include "core/events/supervision.h"

namespace tasker::events {

/// Threads: made, called and destroyed on the actor's thread alone.
template <class Message>
class ActorBehaviour {
 public:
  virtual ~ActorBehaviour() = default;

  /// An error or an exception makes it fail.
  virtual base::Status receive(Message message) = 0;

  /// After the last message of an orderly stop, not after a failure.
  virtual void stopping() {}
};

enum class ActorState : std::uint8_t { kRunning, kRestarting, kDraining, kStopped, kFailed };

/// "running", "restarting", "draining", "stopped", "failed".
std::string_view actor_state_name(ActorState state);

struct ActorOptions {
  std::string name = "actor";  ///< for messages
  ChannelOptions mailbox = {};
  SupervisionOptions supervision = {};
  /// The last failure, when it is not restarted again; on the actor's thread, after its mailbox was
  /// closed. May send to other actors; may not stop this one, and does not throw.
  std::function<void(const base::Error&)> on_escalate = {};
};

struct ActorCounters {
  ChannelCounters mailbox;
  std::uint64_t handled = 0;
  std::uint64_t failures = 0;
  std::uint64_t restarts = 0;
};

/// For std::visit over a message.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

/// Threads: any, for all calls, the actor's own thread too except for stop() and the destructor.
template <class Message>
class Actor {
 public:
  using Factory = std::function<std::unique_ptr<ActorBehaviour<Message>>()>;

  /// INVALID_ARGUMENT for options out of range. `make_behaviour` is called on the actor's thread,
  /// again after each failure. `clock` outlives the actor.
  static base::Result<std::unique_ptr<Actor>> start(ActorOptions options, Factory make_behaviour,
                                                    const base::Clock& clock) {
    if (auto checked = check_supervision_options(options.supervision); !checked) {
      return base::fail(checked.error());
    }
    auto mailbox = Channel<Message>::open(options.mailbox, clock);
    if (!mailbox) return base::fail(mailbox.error());
    return std::unique_ptr<Actor>(
        new Actor(std::move(options), std::move(make_behaviour), std::move(*mailbox), clock));
  }

  /// Stops it as stop() does, without a deadline.
  ~Actor() { (void)stop(kNever); }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  /// By the mailbox's policy when it is full; outcomes of Channel::send_until. kClosed once the
  /// actor stops or has failed. An actor that sends to itself should have room for it: a wait for
  /// itself ends by its deadline.
  ChannelStatus send(Message message, std::int64_t deadline_us = kNever,
                     const std::stop_token& stop = {}) {
    return mailbox_->send_until(std::move(message), deadline_us, stop);
  }

  /// Sends what `make_message` makes of a Reply<Answer>, and gives the other side of that reply.
  /// FULL, TIMED_OUT and CLOSED as send().
  template <class Answer, class MakeMessage>
  base::Result<PendingReply<Answer>> ask(MakeMessage make_message, std::int64_t deadline_us) {
    ReplyPair<Answer> pair = make_reply<Answer>(clock_);
    Message message(make_message(std::move(pair.reply)));
    const ChannelStatus status = mailbox_->send_until(std::move(message), deadline_us);
    if (auto sent = to_status(status, options_.name + "'s mailbox"); !sent) {
      return base::fail(sent.error());
    }
    return std::move(pair.pending);
  }

  /// As ask(), and waits for the answer; one deadline for both. CLOSED also when the message was
  /// lost with a failure.
  template <class Answer, class MakeMessage>
  base::Result<Answer> request(MakeMessage make_message, std::int64_t deadline_us) {
    auto pending = ask<Answer>(std::move(make_message), deadline_us);
    if (!pending) return base::fail(pending.error());
    return pending->wait_until(deadline_us);
  }

  /// Takes no more messages, lets the behaviour handle those inside, ends the thread. When the
  /// deadline passes first, the message at hand is its last, the others are thrown away and counted
  /// as returned, and the result is TIMED_OUT. Returns when the thread has ended: a behaviour that
  /// does not return holds it up. Calls from several threads take turns. Success when it is stopped
  /// already.
  base::Status stop(std::int64_t deadline_us) TASKER_EXCLUDES(stop_mutex_) {
    base::Lock lock(stop_mutex_);
    mailbox_->close_sending();
    interrupt_.request_stop();
    ActorState running = ActorState::kRunning;
    state_.compare_exchange_strong(running, ActorState::kDraining);
    const bool in_time = ended_.wait_until(clock_, deadline_us);
    if (!in_time) abandon_mailbox();
    if (thread_.joinable()) thread_.join();
    if (in_time) return {};
    return base::fail(base::ErrorCode::kTIMED_OUT,
                      options_.name + ": the deadline passed before its mailbox was empty");
  }

  ActorState state() const { return state_; }
  const std::string& name() const { return options_.name; }

  ActorCounters counters() const {
    return {.mailbox = mailbox_->counters(),
            .handled = handled_,
            .failures = failures_,
            .restarts = restarts_};
  }

 private:
  using Behaviour = std::unique_ptr<ActorBehaviour<Message>>;

  Actor(ActorOptions options, Factory make_behaviour, std::unique_ptr<Channel<Message>> mailbox,
        const base::Clock& clock)
      : options_(std::move(options)),
        make_behaviour_(std::move(make_behaviour)),
        clock_(clock),
        mailbox_(std::move(mailbox)),
        thread_([this] { run(); }) {}

  void run() {
    Supervision supervision(options_.supervision);
    for (;;) {
      auto failure = run_behaviour();
      if (!failure) break;
      ++failures_;
      const auto pause_us = supervision.pause_us(clock_.monotonic_us());
      if (!pause_us) {
        escalate(*failure);
        break;
      }
      pause(*pause_us);
      ++restarts_;
    }
    ended_.signal();
  }

  /// One behaviour's life; its failure, or nothing when the mailbox is closed and empty.
  std::optional<base::Error> run_behaviour() {
    try {
      const Behaviour behaviour = make_behaviour_();
      if (behaviour == nullptr) {
        return base::Error{base::ErrorCode::kINTERNAL, options_.name + ": there is no behaviour"};
      }
      set_running();
      while (auto message = mailbox_->recv()) {
        if (auto received = behaviour->receive(std::move(*message)); !received) {
          return std::move(received.error());
        }
        ++handled_;
      }
      behaviour->stopping();
      state_ = ActorState::kStopped;
      return std::nullopt;
    } catch (const std::exception& error) {
      return base::Error{base::ErrorCode::kINTERNAL, options_.name + " threw: " + error.what()};
    } catch (...) {
      return base::Error{base::ErrorCode::kINTERNAL,
                         options_.name + " threw something that is no std::exception"};
    }
  }

  void set_running() { state_ = mailbox_->closed() ? ActorState::kDraining : ActorState::kRunning; }

  /// A stop ends the pause: what is inside is handled without delay, and the restarts are still
  /// counted.
  void pause(std::int64_t pause_us) {
    state_ = ActorState::kRestarting;
    Wakeup interrupted;
    const std::stop_callback wake(interrupt_.get_token(), [&] { interrupted.signal(); });
    interrupted.wait_until(clock_, clock_.monotonic_us() + pause_us);
  }

  void escalate(const base::Error& failure) {
    abandon_mailbox();
    state_ = ActorState::kFailed;
    if (options_.on_escalate) options_.on_escalate(failure);
  }

  /// What is inside is destroyed, which tells those who wait for a reply.
  void abandon_mailbox() { mailbox_->close_receiving(); }

  const ActorOptions options_;
  const Factory make_behaviour_;
  const base::Clock& clock_;
  const std::unique_ptr<Channel<Message>> mailbox_;
  std::atomic<ActorState> state_{ActorState::kRunning};
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> restarts_{0};
  std::stop_source interrupt_;
  Wakeup ended_;
  base::Mutex stop_mutex_;
  std::thread thread_ TASKER_GUARDED_BY(stop_mutex_);  // last: it uses all of the above
};

}  // namespace tasker::events
