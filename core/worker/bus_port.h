// A front end's side of a worker's event bus: its own subscriptions, taken by polling with one
// wake-up for all of them, and publishes that do not wait.
//
// Any number of ports may be open on a bus; each belongs to one user, such as one JavaScript
// thread. Documents cross as JSON text.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/events/actor.h"
#include "core/events/event_bus.h"

namespace tasker::worker {

/// Threads: any, several at once, for all calls; the destructor by the last one.
class BusPort {
 public:
  /// A publish that stands behind so many listeners is refused: see publish_begin.
  static constexpr std::uint32_t kDepthMax = 32;
  /// Publishes of one port that wait for room at once.
  static constexpr std::size_t kWaitingMax = 65'536;

  /// `clock` lives as long as `bus`.
  BusPort(std::shared_ptr<events::EventBus> bus, const base::Clock& clock);
  /// close()
  ~BusPort();
  BusPort(const BusPort&) = delete;
  BusPort& operator=(const BusPort&) = delete;

  /// Makes an event known to all of the bus; `schema_json` empty: any JSON is a payload. The same
  /// again is no error. Errors of EventBus::register_event.
  base::Status register_event(std::string_view name, std::string_view schema_json);
  /// JSON array of `{"name","schema","published","refused","filtered"}`, by name; `schema` may be
  /// null.
  std::string list_events_json() const;

  /// Publishes and waits for queues that are full and whose policy is to wait. Errors of
  /// EventBus::publish; INVALID_JSON.
  base::Status publish(std::string_view name, std::string_view payload_json);
  /// As publish, but never waits: what has to is done on a thread of the port's, in the order of
  /// the calls. `depth` is how many listeners stand behind the publish, the one of the event's own
  /// publisher included: 1 outside of listeners, one more than the event's inside one.
  /// INVALID_STATE when it is over kDepthMax; FULL when too many wait.
  /// @return 0 when all is done; else a number that poll() tells the end of
  base::Result<std::uint64_t> publish_begin(std::string_view name, std::string_view payload_json,
                                            std::uint32_t depth);

  /// Subscribes a queue. `options_json`: empty or
  /// `{"capacity":1..1048576,"policy":"wait|refuse|drop_oldest","wait_ms":0..3600000}`, each
  /// optional: 1024, wait, 30000.
  /// @return its number, never used twice in a port
  base::Result<std::uint64_t> subscribe(std::string_view pattern, std::string_view options_json);
  /// Its events that were not polled are lost. NOT_FOUND.
  base::Status unsubscribe(std::uint64_t subscription);
  /// JSON object: `pattern`, `capacity`, `policy`, `depth`, `depth_max`, `delivered`, `lost`.
  /// NOT_FOUND.
  base::Result<std::string> subscription_json(std::uint64_t subscription) const;

  /// Appends a JSON array of up to `max` elements to `out`, or nothing when none waits: events,
  /// `{"subscription","event","payload"}` with `depth` when that is over 1, those of one
  /// subscription in the order in which they were published; and ends of publishes that had to
  /// wait, `{"published":number}` with `error` when it failed. Fewer where they would be more than
  /// some megabytes. A payload that is not JSON, as C++ may publish it, comes as `payload_text`.
  /// Where memory runs out, what is not in `out` stays.
  /// @param subscription 0, or the one whose events are wanted, such as one whose listener is free;
  ///                     ends of publishes are given by either
  /// @return whether there were any
  bool poll(std::size_t max, std::uint64_t subscription, std::string& out);

  /// Called when something waits; coalesced: after a call the next comes only once a poll was
  /// begun. From any thread, must return quickly and may not call back. Called at once when
  /// something waits already. Replaces the last one, which is not called any more after return.
  void set_wakeup(std::function<void()> on_wakeup);
  /// Whether a poll would find something, or the wake-up was called and no poll has been begun
  /// since. The call may come after the poll that took what it is about, so this may be true with
  /// nothing there.
  bool has_news() const;

  /// Ends all subscriptions; publishes that wait end at once. Idempotent. Not inside the wake-up.
  void close();

 private:
  /// What outlives the port: the wake-up, called by publishers.
  class Doorbell {
   public:
    void ring();
    void set(std::function<void()> on_wakeup);
    void quiet() { rung_ = false; }
    bool rung() const { return rung_; }

   private:
    std::atomic<bool> rung_{false};
    base::Mutex mutex_;
    std::function<void()> on_wakeup_ TASKER_GUARDED_BY(mutex_);
  };
  struct WaitingPublish {
    std::string name;
    std::string payload;
    std::uint32_t depth = 1;
  };
  struct Job {
    std::uint64_t request = 0;
    std::variant<WaitingPublish, std::vector<events::PendingSend>> what;
  };
  struct Subscribed {
    std::string pattern;
    events::QueueOptions options;
    events::Subscription subscription;
    std::optional<events::QueuedEvent> in_hand = {};  // taken, and not written for want of memory
  };
  class Publisher;
  using Subscriptions = std::map<std::uint64_t, Subscribed>;

  base::Status check_publish(std::string_view name, std::string_view payload_json) const;
  base::Result<std::uint64_t> hand_over(Job job) TASKER_EXCLUDES(mutex_);
  void run(Job job) TASKER_EXCLUDES(mutex_);
  std::size_t take_ends(std::size_t max, std::string& out) TASKER_REQUIRES(mutex_);
  std::size_t take_events(Subscribed& from, std::uint64_t id, std::size_t max, std::string& out)
      TASKER_REQUIRES(mutex_);
  base::Status missing(std::uint64_t subscription) const;

  const std::shared_ptr<events::EventBus> bus_;
  const base::Clock& clock_;
  const std::shared_ptr<Doorbell> doorbell_ = std::make_shared<Doorbell>();
  std::stop_source closing_;

  // Held by publish_begin from its look at what waits until the publish is through, so that
  // publishes of several threads keep their order. Before mutex_.
  base::Mutex publish_mutex_;

  mutable base::Mutex mutex_;
  Subscriptions subscriptions_ TASKER_GUARDED_BY(mutex_);
  std::uint64_t last_id_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t polled_last_ TASKER_GUARDED_BY(mutex_) = 0;
  std::size_t publishes_waiting_ TASKER_GUARDED_BY(mutex_) = 0;
  std::deque<std::string> ends_ TASKER_GUARDED_BY(mutex_);
  bool closed_ TASKER_GUARDED_BY(mutex_) = false;

  base::Mutex publisher_mutex_;
  std::unique_ptr<events::Actor<Job>> publisher_ TASKER_GUARDED_BY(publisher_mutex_);
};

}  // namespace tasker::worker
