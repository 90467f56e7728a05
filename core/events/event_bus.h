// Events inside one process: fleeting, fast, and typed by registered names and schemas.
//
// A publish goes through: check of the payload against the event's schema; middleware, in the order
// in which it was added; synchronous listeners and queues, in the order of subscription; last the
// queues that were full and whose policy is to wait. So nobody but the publisher waits for a slow
// subscriber, and a publisher only for those that asked for it.
//
// Changes during a publish: it keeps to who was there when it began. One who subscribes gets the
// next event; one whose subscription is cancelled is not called any more (see
// Subscription::cancel).
//
// A listener may publish, subscribe, cancel itself and others. Publishes inside publishes of one
// bus and thread are refused beyond a depth, which ends loops of events with an error to the
// innermost publisher.
//
// Order: the events of one publisher reach a subscriber in the order in which they were published;
// a queued listener is called by one thread of its own and never beside itself, a synchronous one
// by all publishers at once.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/mutex.h"
#include "core/events/event.h"
#include "core/events/event_registry.h"
#include "core/events/subscription.h"

namespace tasker::events {

struct EventBusOptions {
  EventLimits limits = {};
  std::uint32_t publish_depth_max = 8;  ///< publishes inside each other, 1 or more
  std::size_t payload_bytes_max = std::size_t{1} << 20;
};

struct PublishOptions {
  /// How many listeners stand behind this publish: 1 for one that no listener made, one more than
  /// Event::depth inside a listener that does not run inside its publish. The bus hands it on; who
  /// gives it bounds it.
  std::uint32_t depth = 1;
  /// Where it is given, the publish does not wait for queues that are full: they are added here, to
  /// be given to finish(). Else they are waited for.
  std::vector<PendingSend>* left = nullptr;
  /// Ends the waits for queues that are full; what is then not in them is lost, and counted there.
  std::stop_token stop = {};
};

/// Threads: any, for all calls; the destructor by the last one.
class EventBus {
 public:
  /// `clock` outlives the bus and its subscriptions. `logger` hears of listeners that throw and of
  /// losses, at their 1st, 2nd, 4th, 8th … of each subscriber.
  EventBus(const EventBusOptions& options, const base::Clock& clock,
           std::shared_ptr<base::Logger> logger);
  /// close() without a deadline.
  ~EventBus();
  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;

  /// Makes `name` known; see event_pattern.h for names. `schema`: JSON Schema of its payloads as
  /// text; empty: any text is a payload. The result lives as long as the bus and is a faster way to
  /// publish. The same name and schema again give the same. INVALID_ARGUMENT and INVALID_JSON for
  /// name and schema, INVALID_STATE when the name has another schema, FULL.
  base::Result<EventType*> register_event(std::string_view name, std::string_view schema = {}) {
    return registry_->add_event(name, schema);
  }
  /// As register_event, for a schema that is known to be one: it costs nothing until a payload is
  /// first checked.
  base::Result<EventType*> register_own_event(std::string_view name, std::string_view schema) {
    return registry_->add_event(name, schema, SchemaUse::kCompileWhenUsed);
  }

  /// NOT_FOUND; the message names the registered event that was probably meant.
  base::Result<EventType*> find_event(std::string_view name) const {
    return registry_->find_event(name);
  }

  /// By name.
  std::vector<const EventType*> list_events() const { return registry_->list_events(); }

  /// Returns when all synchronous listeners have been called and all queues have it, or lost it,
  /// which is counted there. Success also when middleware filtered it out. INVALID_ARGUMENT with
  /// the path in the payload as field; TOO_LARGE; INVALID_STATE when it is nested too deep; CLOSED;
  /// what middleware returned.
  base::Status publish(EventType& type, std::string_view payload,
                       const PublishOptions& options = {});
  /// As above; NOT_FOUND.
  base::Status publish(std::string_view name, std::string_view payload,
                       const PublishOptions& options = {});
  /// Waits for the queues that a publish left, as that would have done.
  void finish(const std::vector<PendingSend>& left, const std::stop_token& stop = {});

  /// What publish() says of a payload before anybody gets it: INVALID_ARGUMENT, TOO_LARGE.
  base::Status check_payload(const EventType& type, std::string_view payload) const;

  /// Calls `listener` inside each publish of what `pattern` chooses, also of events that are
  /// registered later. INVALID_ARGUMENT for the pattern; NOT_FOUND for a name that is not
  /// registered; FULL; CLOSED.
  base::Result<Subscription> subscribe(std::string_view pattern, Listener listener);

  /// As subscribe; `listener` is called on a thread of its own, with what its queue holds.
  /// INVALID_ARGUMENT also for the options.
  base::Result<Subscription> subscribe_queued(std::string_view pattern, const QueueOptions& options,
                                              Listener listener);

  /// As subscribe_queued, but the caller takes the events out of Subscription::queue() itself.
  base::Result<Subscription> open_queue(std::string_view pattern, const QueueOptions& options);

  /// Puts `middleware` around the publishes of what `pattern` chooses, inside that which was added
  /// before. Outcomes as subscribe.
  base::Status add_middleware(std::string_view pattern, Middleware middleware);

  /// Takes no more publishes and subscribers; queued listeners handle what is inside, then their
  /// threads end. TIMED_OUT when the deadline passes first: what is inside is thrown away then and
  /// counted as lost, and the threads end with the calls that they are in, for which the destructor
  /// waits. INVALID_STATE inside a queued listener. Success when it is closed already.
  base::Status close(std::int64_t deadline_us) TASKER_EXCLUDES(mutex_);

 private:
  struct Runner {
    std::shared_ptr<SubscriptionState> state;
    std::thread thread;
  };
  class Delivery;

  base::Result<Subscription> add_subscriber(Subscriber subscriber);
  base::Result<std::shared_ptr<SubscriptionState>> make_queue(std::string_view pattern,
                                                              const QueueOptions& options) const;
  base::Status publish_through(const EventPlan& plan, EventType& type, std::string_view payload,
                               const PublishOptions& options);
  void wait_for_room(const PendingSend& pending, const std::stop_token& stop);
  void note_sent(ChannelStatus status, SubscriptionState& state, std::string_view event);
  void run_queue(const std::shared_ptr<SubscriptionState>& state, Listener listener);
  void start_runner(std::shared_ptr<SubscriptionState> state, Listener listener)
      TASKER_EXCLUDES(mutex_);
  void join_runners() TASKER_EXCLUDES(mutex_);
  base::Status refuse_closed() const;

  const EventBusOptions options_;
  const base::Clock& clock_;
  const std::shared_ptr<base::Logger> logger_;
  // Shared with subscriptions, which may outlive the bus.
  const std::shared_ptr<EventRegistry> registry_;
  std::atomic<bool> closed_{false};

  base::Mutex mutex_;
  std::vector<Runner> runners_ TASKER_GUARDED_BY(mutex_);
};

}  // namespace tasker::events
