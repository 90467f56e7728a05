#include "core/events/event_bus.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/events/events_test_support.h"
#include "core/events/middleware.h"

namespace tasker::events {
namespace {

using base::ErrorCode;

constexpr const char* kStepSchema = R"({
  "type": "object",
  "required": ["step", "attempt"],
  "properties": {"step": {"type": "string"}, "attempt": {"type": "integer", "minimum": 1}}
})";

class EventBusTest : public testing::Test {
 protected:
  EventType& event(std::string_view name, std::string_view schema = {}) {
    auto type = bus_.register_event(name, schema);
    EXPECT_TRUE(type) << type.error().message;
    return **type;
  }

  /// Notes `mark` and the payload of each event.
  Subscription note(std::string_view pattern, const std::string& mark) {
    auto subscription = bus_.subscribe(pattern, [this, mark](const Event& event) {
      noted_.push_back(mark + ":" + std::string(event.name) + std::string(event.payload));
    });
    EXPECT_TRUE(subscription) << subscription.error().message;
    return std::move(*subscription);
  }

  void expect_noted(const std::vector<std::string>& expected) {
    EXPECT_EQ(noted_, expected);
    noted_.clear();
  }

  EventBus bus_{EventBusOptions{}, system_clock(), base::make_null_logger()};
  std::vector<std::string> noted_;
};

TEST_F(EventBusTest, ReachesSubscribersOfNameAndPatternInTheOrderOfSubscription) {
  EventType& started = event("step.started");
  EventType& done = event("task.done");
  const auto all = note("*", "all");
  const auto exact = note("step.started", "exact");
  const auto steps = note("step.*", "steps");
  EXPECT_TRUE(bus_.publish(started, "1"));
  expect_noted({"all:step.started1", "exact:step.started1", "steps:step.started1"});
  EXPECT_TRUE(bus_.publish("task.done", "2"));
  expect_noted({"all:task.done2"});
  EXPECT_EQ(done.counters().published, 1U);
}

TEST_F(EventBusTest, APatternAlsoChoosesEventsThatAreRegisteredLater) {
  const auto steps = note("step.*", "steps");
  EXPECT_TRUE(bus_.publish(event("step.later"), ""));
  expect_noted({"steps:step.later"});
}

TEST_F(EventBusTest, RefusesNamesThatAreNotRegistered) {
  event("step.completed");
  const auto published = bus_.publish("step.complete", "{}");
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kNOT_FOUND);
  EXPECT_NE(published.error().message.find("did you mean step.completed?"), std::string::npos)
      << published.error().message;
  const auto subscribed = bus_.subscribe("step.complete", [](const Event&) {});
  ASSERT_FALSE(subscribed);
  EXPECT_EQ(subscribed.error().code, ErrorCode::kNOT_FOUND);
  EXPECT_EQ(bus_.subscribe("step..x", [](const Event&) {}).error().code,
            ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(bus_.add_middleware("nothing", sample_events(1)).error().code, ErrorCode::kNOT_FOUND);
}

TEST_F(EventBusTest, RegisteringAgainGivesTheSameUnlessTheSchemaDiffers) {
  EventType& first = event("a", kStepSchema);
  EXPECT_EQ(&event("a", kStepSchema), &first);
  const auto other = bus_.register_event("a", "{}");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kINVALID_STATE);
  EXPECT_EQ(bus_.register_event("A b").error().code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(bus_.register_event("b", "{").error().code, ErrorCode::kINVALID_JSON);
  EXPECT_EQ(bus_.register_event("b", R"({"type": 3})").error().code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(bus_.find_event("a").value(), &first);
  EXPECT_EQ(bus_.list_events(), std::vector<const EventType*>{&first});
}

TEST_F(EventBusTest, APayloadThatDoesNotFitIsRefusedWithThePathOfTheField) {
  EventType& type = event("step.started", kStepSchema);
  const auto subscription = note("*", "all");
  EXPECT_TRUE(bus_.publish(type, R"({"step":"a","attempt":1})"));
  noted_.clear();
  const auto refused = bus_.publish(type, R"({"step":"a","attempt":0})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(refused.error().field, "attempt");
  EXPECT_EQ(bus_.publish(type, "no json").error().code, ErrorCode::kINVALID_ARGUMENT);
  expect_noted({});
  EXPECT_EQ(type.counters().refused, 2U);
  EXPECT_EQ(type.counters().published, 3U);
}

TEST_F(EventBusTest, APayloadOverTheLimitIsRefused) {
  EventBus bus({.payload_bytes_max = 4}, system_clock(), base::make_null_logger());
  EXPECT_TRUE(bus.register_event("a"));
  EXPECT_TRUE(bus.publish("a", "1234"));
  EXPECT_EQ(bus.publish("a", "12345").error().code, ErrorCode::kTOO_LARGE);
}

TEST_F(EventBusTest, EveryKindOfRegistrationIsBounded) {
  EventBus bus({.limits = {.events_max = 1, .subscribers_max = 1, .middleware_max = 1}},
               system_clock(), base::make_null_logger());
  EXPECT_TRUE(bus.register_event("a"));
  EXPECT_EQ(bus.register_event("b").error().code, ErrorCode::kFULL);
  auto first = bus.subscribe("a", [](const Event&) {});
  EXPECT_EQ(bus.subscribe("a", [](const Event&) {}).error().code, ErrorCode::kFULL);
  first->cancel();
  EXPECT_TRUE(bus.subscribe("a", [](const Event&) {}));
  EXPECT_TRUE(bus.add_middleware("*", sample_events(1)));
  EXPECT_EQ(bus.add_middleware("*", sample_events(1)).error().code, ErrorCode::kFULL);
}

TEST_F(EventBusTest, AListenerThatThrowsHarmsNobodyElse) {
  EventType& type = event("a");
  auto thrower = bus_.subscribe("a", [](const Event&) { throw std::runtime_error("no"); });
  auto stranger = bus_.subscribe("a", [](const Event&) { throw 5; });
  const auto after = note("a", "after");
  EXPECT_TRUE(bus_.publish(type, ""));
  EXPECT_TRUE(bus_.publish(type, ""));
  expect_noted({"after:a", "after:a"});
  EXPECT_EQ(thrower->counters().failures, 2U);
  EXPECT_EQ(stranger->counters().failures, 2U);
}

TEST_F(EventBusTest, ACancelledSubscriptionHearsNothingMore) {
  EventType& type = event("a");
  auto first = note("a", "first");
  {
    const auto scoped = note("a", "scoped");
    EXPECT_TRUE(bus_.publish(type, ""));
    expect_noted({"first:a", "scoped:a"});
  }
  EXPECT_TRUE(bus_.publish(type, ""));
  expect_noted({"first:a"});
  EXPECT_TRUE(first.cancel_and_wait(0));
  first.cancel();
  EXPECT_TRUE(bus_.publish(type, ""));
  expect_noted({});
}

TEST_F(EventBusTest, AListenerThatCancelsItselfIsCalledOnce) {
  EventType& type = event("a");
  Subscription own;
  int calls = 0;
  own = std::move(*bus_.subscribe("a", [&](const Event&) {
    ++calls;
    EXPECT_EQ(own.cancel_and_wait(kNever).error().code, ErrorCode::kINVALID_STATE);
  }));
  EXPECT_TRUE(bus_.publish(type, ""));
  EXPECT_TRUE(bus_.publish(type, ""));
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(own.cancel_and_wait(0)) << "outside of the publish it has ended";
}

TEST_F(EventBusTest, AListenerThatCancelsALaterOneKeepsItFromThisEvent) {
  EventType& type = event("a");
  Subscription later;
  const auto canceller = bus_.subscribe("a", [&](const Event&) { later.cancel(); });
  later = note("a", "later");
  EXPECT_TRUE(bus_.publish(type, ""));
  expect_noted({});
}

TEST_F(EventBusTest, OneWhoSubscribesDuringAPublishGetsTheNextEvent) {
  EventType& type = event("a");
  std::vector<Subscription> added;
  const auto adder = bus_.subscribe("a", [&](const Event&) {
    if (added.size() < 2) added.push_back(note("*", "added"));
  });
  EXPECT_TRUE(bus_.publish(type, "1"));
  expect_noted({});
  EXPECT_TRUE(bus_.publish(type, "2"));
  expect_noted({"added:a2"});
  EXPECT_TRUE(bus_.publish(type, "3"));
  expect_noted({"added:a3", "added:a3"});
}

TEST_F(EventBusTest, PublishingInACircleEndsWithAnError) {
  EventType& ping = event("ping");
  EventType& pong = event("pong");
  int calls = 0;
  base::Status innermost;
  const auto pinged = bus_.subscribe("ping", [&](const Event&) {
    ++calls;
    if (auto status = bus_.publish(pong, ""); !status && innermost) innermost = status;
  });
  const auto ponged = bus_.subscribe("pong", [&](const Event&) {
    ++calls;
    if (auto status = bus_.publish(ping, ""); !status && innermost) innermost = status;
  });
  EXPECT_TRUE(bus_.publish(ping, "")) << "the outermost has done its part";
  EXPECT_EQ(calls, 8);
  ASSERT_FALSE(innermost);
  EXPECT_EQ(innermost.error().code, ErrorCode::kINVALID_STATE);
  EXPECT_NE(innermost.error().message.find("in a circle"), std::string::npos);
  EXPECT_EQ(ping.counters().refused + pong.counters().refused, 1U);
  calls = 0;
  EXPECT_TRUE(bus_.publish(pong, "")) << "the depth is counted anew";
  EXPECT_EQ(calls, 8);
}

TEST_F(EventBusTest, OneBusInsideAnotherIsNoCircle) {
  EventBus other({.publish_depth_max = 1}, system_clock(), base::make_null_logger());
  EventType& mine = event("a");
  EventType& theirs = **other.register_event("a");
  base::Status inner = base::fail(ErrorCode::kINTERNAL, "not called");
  const auto subscription =
      bus_.subscribe("a", [&](const Event&) { inner = other.publish(theirs, ""); });
  EXPECT_TRUE(bus_.publish(mine, ""));
  EXPECT_TRUE(inner);
}

TEST_F(EventBusTest, MiddlewareStandsAroundInTheOrderInWhichItWasAdded) {
  EventType& type = event("a");
  const auto mark = [this](const char* name) {
    return [this, name](Publication&, const Next& next) -> base::Status {
      noted_.push_back(std::string(name) + " in");
      auto status = next();
      noted_.push_back(std::string(name) + " out");
      return status;
    };
  };
  EXPECT_TRUE(bus_.add_middleware("*", mark("outer")));
  EXPECT_TRUE(bus_.add_middleware("a", mark("inner")));
  EXPECT_TRUE(bus_.add_middleware("b.*", mark("other")));
  const auto subscription = note("a", "listener");
  EXPECT_TRUE(bus_.publish(type, ""));
  expect_noted({"outer in", "inner in", "listener:a", "inner out", "outer out"});
}

TEST_F(EventBusTest, AFilterKeepsAnEventFromAllAndIsNoFailure) {
  EventType& type = event("a");
  EXPECT_TRUE(
      bus_.add_middleware("a", filter_events([](const Event& e) { return e.payload != "no"; })));
  const auto subscription = note("a", "");
  EXPECT_TRUE(bus_.publish(type, "no"));
  EXPECT_TRUE(bus_.publish(type, "yes"));
  expect_noted({":ayes"});
  EXPECT_EQ(type.counters().filtered, 1U);
  EXPECT_EQ(type.counters().refused, 0U);
}

TEST_F(EventBusTest, EnrichedPayloadsAreCheckedAgain) {
  EventType& type = event("step.started", kStepSchema);
  std::string replacement = R"({"step":"b","attempt":2})";
  EXPECT_TRUE(bus_.add_middleware(
      "*", enrich_events([&](const Event&) -> base::Result<std::string> { return replacement; })));
  const auto subscription = note("*", "");
  const std::string_view good = R"({"step":"a","attempt":1})";
  EXPECT_TRUE(bus_.publish(type, good));
  expect_noted({R"(:step.started{"step":"b","attempt":2})"});
  replacement = R"({"step":"b","attempt":"two"})";
  const auto refused = bus_.publish(type, good);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "attempt");
  expect_noted({});
  EXPECT_EQ(type.counters().refused, 1U);
}

TEST_F(EventBusTest, AFailureOfMiddlewareIsThePublishers) {
  EventType& type = event("a");
  int turn = 0;
  EXPECT_TRUE(bus_.add_middleware("a", [&](Publication&, const Next& next) -> base::Status {
    switch (++turn) {
      case 1:
        return base::fail(ErrorCode::kFULL, "later");
      case 2:
        throw std::runtime_error("no");
      case 3:
        throw 7;
      case 4:
        if (auto first = next(); !first) return first;
        return next();
      default:
        return next();
    }
  }));
  const auto subscription = note("a", "");
  const std::pair<ErrorCode, std::size_t> expected[] = {{ErrorCode::kFULL, 0},
                                                        {ErrorCode::kINTERNAL, 0},
                                                        {ErrorCode::kINTERNAL, 0},
                                                        {ErrorCode::kINVALID_STATE, 1}};
  for (const auto& [code, delivered] : expected) {
    noted_.clear();
    EXPECT_EQ(bus_.publish(type, "").error().code, code) << turn;
    EXPECT_EQ(noted_.size(), delivered) << turn;
  }
  EXPECT_TRUE(bus_.publish(type, ""));
  EXPECT_EQ(type.counters().refused, 4U);
}

TEST_F(EventBusTest, TimingAndSamplingSeeEveryEvent) {
  ManualClock clock;
  EventType& type = event("a");
  std::vector<std::int64_t> durations_us;
  EXPECT_TRUE(bus_.add_middleware(
      "a", time_events(clock, [&](const Event&, std::int64_t us) { durations_us.push_back(us); })));
  EXPECT_TRUE(bus_.add_middleware("a", sample_events(3)));
  const auto subscription = bus_.subscribe("a", [&](const Event&) { clock.advance(40); });
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(bus_.publish(type, ""));
  EXPECT_EQ(durations_us, (std::vector<std::int64_t>{40, 0, 0, 40, 0, 0, 40}));
  EXPECT_EQ(type.counters().filtered, 4U);
}

TEST_F(EventBusTest, AQueueHoldsEventsForWhoeverTakesThem) {
  EventType& type = event("a");
  auto subscription = bus_.open_queue("a", {.queue = {.capacity = 2, .full = FullPolicy::kRefuse}});
  for (const char* payload : {"1", "2", "3"}) EXPECT_TRUE(bus_.publish(type, payload));
  const auto first = subscription->queue()->recv();
  EXPECT_EQ(first->view().name, "a");
  EXPECT_EQ(first->view().payload, "1");
  EXPECT_EQ(subscription->counters().lost, 1U);
  EXPECT_EQ(subscription->counters().delivered, 1U);
  subscription->cancel();
  EXPECT_EQ(subscription->counters().lost, 2U) << "what was inside counts too";
  EXPECT_TRUE(bus_.publish(type, "4"));
  EXPECT_EQ(subscription->counters().lost, 2U);
  EXPECT_TRUE(subscription->cancel_and_wait(0));
}

TEST_F(EventBusTest, AQueueThatDropsKeepsTheNewestAndCountsTheRest) {
  EventType& type = event("a");
  auto subscription =
      bus_.open_queue("a", {.queue = {.capacity = 2, .full = FullPolicy::kDropOldest}});
  for (const char* payload : {"1", "2", "3", "4"}) EXPECT_TRUE(bus_.publish(type, payload));
  EXPECT_EQ(subscription->queue()->recv()->view().payload, "3");
  EXPECT_EQ(subscription->counters().lost, 2U);
}

TEST_F(EventBusTest, APublishWaitsForAFullQueueOnlyAsLongAsItMay) {
  EventType& type = event("a");
  auto subscription = bus_.open_queue("a", {.queue = {.capacity = 1}, .wait_us_max = 0});
  const auto other = note("a", "other");
  EXPECT_TRUE(bus_.publish(type, "1"));
  EXPECT_TRUE(bus_.publish(type, "2")) << "a loss of one subscriber is no failure of the publish";
  EXPECT_EQ(subscription->counters().lost, 1U);
  expect_noted({"other:a1", "other:a2"});
}

TEST_F(EventBusTest, RefusesQueueOptionsOutOfRange) {
  event("a");
  EXPECT_EQ(bus_.open_queue("a", {.queue = {.capacity = 0}}).error().field, "capacity");
  EXPECT_EQ(bus_.open_queue("a", {.wait_us_max = -1}).error().field, "wait_us_max");
  EXPECT_EQ(bus_.subscribe_queued("a", {.wait_us_max = -1}, [](const Event&) {}).error().field,
            "wait_us_max");
}

TEST_F(EventBusTest, AClosedBusTakesNothing) {
  EventType& type = event("a");
  auto queue = bus_.open_queue("a", {});
  EXPECT_TRUE(bus_.publish(type, "1"));
  EXPECT_TRUE(bus_.close(0));
  EXPECT_TRUE(bus_.close(0));
  EXPECT_EQ(bus_.publish(type, "2").error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(bus_.subscribe("a", [](const Event&) {}).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(bus_.add_middleware("a", sample_events(1)).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(queue->queue()->recv()->view().payload, "1") << "what is inside can be taken";
  EXPECT_EQ(queue->queue()->recv().status(), ChannelStatus::kClosed);
}

TEST(EventBusLifetime, ASubscriptionMayOutliveTheBus) {
  Subscription subscription;
  auto listener_state = std::make_shared<Counted>(1);
  {
    EventBus bus({}, system_clock(), base::make_null_logger());
    EXPECT_TRUE(bus.register_event("a"));
    subscription = std::move(*bus.subscribe("a", [listener_state](const Event&) {}));
    listener_state.reset();
    EXPECT_EQ(Counted::live(), 1);
  }
  EXPECT_EQ(Counted::live(), 0) << "listeners go with the bus";
  EXPECT_EQ(subscription.counters().failures, 0U);
  EXPECT_TRUE(subscription.cancel_and_wait(0));
  EXPECT_TRUE(Subscription().cancel_and_wait(0));
  EXPECT_EQ(Subscription().queue(), nullptr);
}

/// Keeps what was logged.
class ListLogger final : public base::Logger {
 public:
  bool enabled(base::LogLevel) const override { return true; }
  void write(base::LogLevel, std::string_view component, std::string_view message,
             std::span<const base::LogField>) override {
    lines.push_back(std::string(component) + ": " + std::string(message));
  }
  std::vector<std::string> lines;
};

TEST(EventBusLogging, TellsOfFailuresAndLossesAtPowersOfTwo) {
  auto logger = std::make_shared<ListLogger>();
  EventBus bus({}, system_clock(), logger);
  EventType& type = **bus.register_event("a");
  const auto thrower = bus.subscribe("a", [](const Event&) { throw std::runtime_error("no"); });
  const auto queue =
      bus.open_queue("a", {.queue = {.capacity = 1, .full = FullPolicy::kDropOldest}});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(bus.publish(type, ""));
  EXPECT_EQ(std::ranges::count(logger->lines, "events: a listener threw"), 3) << "1, 2, 4";
  EXPECT_EQ(std::ranges::count(logger->lines, "events: events were lost to a full queue"), 3)
      << "1, 2, 4 of 5";
}

}  // namespace
}  // namespace tasker::events
