#include "core/events/event_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "core/events/publish_frame.h"

namespace tasker::events {
namespace {

using base::ErrorCode;
using base::fail;
using base::LogLevel;

constexpr std::string_view kComponent = "events";

/// A number of losses or failures that is worth a line.
bool is_news(std::uint64_t count) { return std::has_single_bit(count); }

void report_failure(base::Logger& logger, const SubscriptionState& state, const Event& event,
                    std::uint64_t count, std::string_view what) {
  if (!is_news(count)) return;
  logger.log(LogLevel::kWarn, kComponent, "a listener threw",
             {{"event", event.name},
              {"pattern", std::string_view(state.pattern)},
              {"failures", static_cast<std::int64_t>(count)},
              {"error", what}});
}

/// Whatever the listener throws ends here.
void call_listener(const Listener& listener, const Event& event, SubscriptionState& state,
                   base::Logger& logger) {
  try {
    listener(event);
  } catch (const std::exception& error) {
    report_failure(logger, state, event, ++state.failures, error.what());
  } catch (...) {
    report_failure(logger, state, event, ++state.failures, "no std::exception");
  }
}

}  // namespace

/// One publish on its way to the subscribers.
class EventBus::Delivery {
 public:
  Delivery(EventBus& bus, const EventPlan& plan, const Event& event, const PublishOptions& options)
      : bus_(bus), plan_(plan), event_(event), options_(options) {}

  void run() {
    for (const auto& subscriber : plan_.subscribers) {
      SubscriptionState& state = *subscriber->state;
      if (state.cancelled.load()) continue;
      if (subscriber->owner != nullptr) {
        call_listener(subscriber->owner->listener(), event_, state, *bus_.logger_);
      } else {
        enqueue(*subscriber);
      }
    }
    for (const Subscriber* subscriber : full_) {
      PendingSend pending{subscriber->state, *stored_, subscriber->wait_us_max};
      if (options_.left != nullptr) {
        options_.left->push_back(std::move(pending));
      } else {
        bus_.wait_for_room(pending, options_.stop);
      }
    }
  }

 private:
  void enqueue(const Subscriber& subscriber) {
    SubscriptionState& state = *subscriber.state;
    if (!stored_) stored_.emplace(event_);
    const ChannelStatus status = state.queue->try_send(QueuedEvent(*stored_));
    if (status == ChannelStatus::kFull && state.queue->full_policy() == FullPolicy::kWait) {
      full_.push_back(&subscriber);
    } else {
      bus_.note_sent(status, state, event_.name);
    }
  }

  EventBus& bus_;
  const EventPlan& plan_;
  const Event event_;
  const PublishOptions& options_;
  std::optional<QueuedEvent> stored_;
  std::vector<const Subscriber*> full_;
};

EventBus::EventBus(const EventBusOptions& options, const base::Clock& clock,
                   std::shared_ptr<base::Logger> logger)
    : options_(options),
      clock_(clock),
      logger_(std::move(logger)),
      registry_(std::make_shared<EventRegistry>(options.limits)) {}

EventBus::~EventBus() {
  (void)close(kNever);
  join_runners();
}

void EventBus::wait_for_room(const PendingSend& pending, const std::stop_token& stop) {
  SubscriptionState& state = *pending.state;
  // The one thread that could make room would wait for itself.
  const bool own_queue = state.delivering_thread.load() == std::this_thread::get_id();
  const std::int64_t now_us = clock_.monotonic_us();
  const std::int64_t deadline_us =
      pending.wait_us_max > kNever - now_us ? kNever : now_us + pending.wait_us_max;
  const ChannelStatus status =
      state.queue->send_until(QueuedEvent(pending.event), own_queue ? now_us : deadline_us, stop);
  note_sent(status, state, pending.event.view().name);
}

void EventBus::finish(const std::vector<PendingSend>& left, const std::stop_token& stop) {
  for (const PendingSend& pending : left) wait_for_room(pending, stop);
}

void EventBus::note_sent(ChannelStatus status, SubscriptionState& state, std::string_view event) {
  if (status == ChannelStatus::kOk && state.on_arrival) state.on_arrival();
  // A refusal and what was dropped are counted by the queue; what a cancelled one misses is no
  // loss.
  if (status == ChannelStatus::kTimedOut || status == ChannelStatus::kStopped ||
      (status == ChannelStatus::kClosed && !state.cancelled.load())) {
    ++state.missed;
  } else if (status == ChannelStatus::kOk &&
             state.queue->full_policy() != FullPolicy::kDropOldest) {
    return;
  }
  const std::uint64_t lost = state.counters().lost;
  if (lost == 0 || !is_news(lost)) return;
  logger_->log(LogLevel::kWarn, kComponent, "events were lost to a full queue",
               {{"event", event},
                {"pattern", std::string_view(state.pattern)},
                {"lost", static_cast<std::int64_t>(lost)}});
}

base::Status EventBus::publish(EventType& type, std::string_view payload,
                               const PublishOptions& options) {
  if (closed_.load()) return refuse_closed();
  const PublishFrame frame(registry_.get());
  const auto plan = type.begin_publish();
  if (frame.depth() > options_.publish_depth_max) {
    type.count_refused();
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("event {} is published inside {} other publishes of this thread; "
                            "expected at most {}: do its listeners publish in a circle?",
                            type.name(), frame.depth() - 1, options_.publish_depth_max - 1));
  }
  if (auto checked = check_payload(type, payload); !checked) {
    type.count_refused();
    return checked;
  }
  if (!plan->middleware.empty()) return publish_through(*plan, type, payload, options);
  Delivery(*this, *plan, {type.name(), payload, options.depth}, options).run();
  return {};
}

base::Status EventBus::check_payload(const EventType& type, std::string_view payload) const {
  if (payload.size() <= options_.payload_bytes_max) return type.check_payload(payload);
  return fail(ErrorCode::kTOO_LARGE,
              fmt::format("payload of {}: {} bytes; expected at most {}", type.name(),
                          payload.size(), options_.payload_bytes_max));
}

base::Status EventBus::publish(std::string_view name, std::string_view payload,
                               const PublishOptions& options) {
  auto type = registry_->find_event(name);
  if (!type) return fail(std::move(type.error()));
  return publish(**type, payload, options);
}

base::Status EventBus::publish_through(const EventPlan& plan, EventType& type,
                                       std::string_view payload, const PublishOptions& options) {
  struct Context {
    EventBus& bus;
    const EventPlan& plan;
    EventType& type;
    const PublishOptions& options;
  } context{*this, plan, type, options};
  const Next::Deliver deliver = [](void* opaque, Publication& publication) -> base::Status {
    auto& [bus, own_plan, own_type, own_options] = *static_cast<Context*>(opaque);
    if (std::exchange(publication.delivered, true)) {
      return fail(ErrorCode::kINVALID_STATE,
                  fmt::format("middleware of {} called next twice", own_type.name()));
    }
    if (publication.changed()) {
      auto checked = bus.check_payload(own_type, publication.payload());
      if (!checked) return checked;
    }
    Delivery(bus, own_plan, {own_type.name(), publication.payload(), own_options.depth},
             own_options)
        .run();
    return {};
  };
  Publication publication(type.name(), payload);
  const auto* const first = plan.middleware.data();
  base::Status status;
  try {
    status = Next(first, first + plan.middleware.size(), publication, deliver, &context)();
  } catch (const std::exception& error) {
    status = fail(ErrorCode::kINTERNAL,
                  fmt::format("middleware of {} threw: {}", type.name(), error.what()));
  } catch (...) {
    status = fail(ErrorCode::kINTERNAL,
                  fmt::format("middleware of {} threw no std::exception", type.name()));
  }
  if (!status) {
    type.count_refused();
  } else if (!publication.delivered) {
    type.count_filtered();
  }
  return status;
}

base::Result<Subscription> EventBus::subscribe(std::string_view pattern, Listener listener) {
  auto state = std::make_shared<SubscriptionState>(std::string(pattern), nullptr);
  auto owner = std::make_shared<ListenerOwner>(std::move(listener), state);
  return add_subscriber({.state = std::move(state), .owner = std::move(owner)});
}

base::Result<Subscription> EventBus::subscribe_queued(std::string_view pattern,
                                                      const QueueOptions& options,
                                                      Listener listener) {
  auto state = make_queue(pattern, options);
  if (!state) return fail(std::move(state.error()));
  auto subscription =
      add_subscriber({.state = *state, .owner = nullptr, .wait_us_max = options.wait_us_max});
  if (subscription) start_runner(std::move(*state), std::move(listener));
  return subscription;
}

base::Result<Subscription> EventBus::open_queue(std::string_view pattern,
                                                const QueueOptions& options) {
  auto state = make_queue(pattern, options);
  if (!state) return fail(std::move(state.error()));
  (*state)->mark_ended();
  return add_subscriber(
      {.state = std::move(*state), .owner = nullptr, .wait_us_max = options.wait_us_max});
}

base::Status EventBus::add_middleware(std::string_view pattern, Middleware middleware) {
  if (closed_.load()) return refuse_closed();
  return registry_->add_middleware(pattern, std::move(middleware));
}

base::Result<std::shared_ptr<SubscriptionState>> EventBus::make_queue(
    std::string_view pattern, const QueueOptions& options) const {
  if (options.wait_us_max < 0) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("wait_us_max: {}; expected 0 µs or more", options.wait_us_max),
                "wait_us_max");
  }
  auto queue = Channel<QueuedEvent>::open(options.queue, clock_);
  if (!queue) return fail(std::move(queue.error()));
  return std::make_shared<SubscriptionState>(std::string(pattern), std::move(*queue),
                                             options.on_arrival);
}

base::Result<Subscription> EventBus::add_subscriber(Subscriber subscriber) {
  if (closed_.load()) return fail(refuse_closed().error());
  auto state = subscriber.state;
  if (auto added =
          registry_->add_subscriber(std::make_shared<const Subscriber>(std::move(subscriber)));
      !added) {
    return fail(std::move(added.error()));
  }
  return Subscription(std::move(state), registry_, clock_);
}

void EventBus::start_runner(std::shared_ptr<SubscriptionState> state, Listener listener) {
  std::vector<Runner> over;
  {
    base::Lock lock(mutex_);
    const auto first_over =
        std::partition(runners_.begin(), runners_.end(),
                       [](const Runner& runner) { return !runner.state->ended(); });
    std::move(first_over, runners_.end(), std::back_inserter(over));
    runners_.erase(first_over, runners_.end());
    // close() has looked at the runners before, so this one has to end by itself.
    if (closed_.load()) state->queue->close_sending();
    std::thread thread([this, state, listener = std::move(listener)]() mutable {
      run_queue(state, std::move(listener));
    });
    runners_.push_back({std::move(state), std::move(thread)});
  }
  for (Runner& runner : over) runner.thread.join();
}

void EventBus::run_queue(const std::shared_ptr<SubscriptionState>& state, Listener listener) {
  const ListenerOwner owner(std::move(listener), state);
  state->delivering_thread = std::this_thread::get_id();
  while (auto event = state->queue->recv()) {
    call_listener(owner.listener(), event->view(), *state, *logger_);
  }
  state->delivering_thread = std::thread::id{};
}

base::Status EventBus::close(std::int64_t deadline_us) {
  closed_ = true;
  std::vector<std::shared_ptr<SubscriptionState>> running;
  {
    base::Lock lock(mutex_);
    for (const Runner& runner : runners_) {
      if (runner.thread.get_id() == std::this_thread::get_id()) {
        return fail(ErrorCode::kINVALID_STATE, "a queued listener can not close its own bus");
      }
      running.push_back(runner.state);
    }
  }
  for (const auto& state : running) state->queue->close_sending();
  for (const auto& subscriber : registry_->list_subscribers()) {
    if (subscriber->state->queue != nullptr) subscriber->state->queue->close_sending();
  }
  std::string late;
  for (const auto& state : running) {
    if (state->wait_ended(clock_, deadline_us)) continue;
    state->queue->close_receiving();
    late += (late.empty() ? "" : ", ") + state->pattern;
  }
  if (!late.empty()) {
    return fail(ErrorCode::kTIMED_OUT,
                fmt::format("listeners were still busy at the deadline: {}", late));
  }
  join_runners();
  return {};
}

void EventBus::join_runners() {
  std::vector<Runner> all;
  {
    base::Lock lock(mutex_);
    all.swap(runners_);
  }
  for (Runner& runner : all) runner.thread.join();
}

base::Status EventBus::refuse_closed() const {
  return fail(ErrorCode::kCLOSED, "the event bus is closed");
}

}  // namespace tasker::events
