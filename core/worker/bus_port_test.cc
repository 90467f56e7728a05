#include "core/worker/bus_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/base/logger.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using events::Event;
using testing::HasSubstr;

class BusPortTest : public testing::Test {
 protected:
  std::string polled(BusPort& port, std::size_t max = 100, std::uint64_t subscription = 0) {
    std::string out;
    port.poll(max, subscription, out);
    return out;
  }
  std::uint64_t subscribe(BusPort& port, std::string_view pattern, std::string_view options = "") {
    const auto id = port.subscribe(pattern, options);
    EXPECT_TRUE(id) << id.error().message;
    return id ? *id : 0;
  }
  void expect_refused(const base::Status& status, ErrorCode code, std::string_view message) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, code);
    EXPECT_THAT(status.error().message, HasSubstr(std::string(message)));
  }
  template <class T>
  void expect_refused(const base::Result<T>& result, ErrorCode code, std::string_view message) {
    ASSERT_FALSE(result);
    expect_refused(base::Status(base::fail(result.error())), code, message);
  }

  base::SystemClock clock_;
  std::shared_ptr<events::EventBus> bus_ = std::make_shared<events::EventBus>(
      events::EventBusOptions{}, clock_, base::make_null_logger());
  BusPort port_{bus_, clock_};
  BusPort other_{bus_, clock_};
};

TEST_F(BusPortTest, APublishReachesEveryPortAndEveryListenerOfCpp) {
  ASSERT_TRUE(port_.register_event("page.printed", R"({"type":"object"})"));
  const std::uint64_t here = subscribe(port_, "page.*");
  const std::uint64_t there = subscribe(other_, "*");
  std::string heard;
  auto listener =
      bus_->subscribe("page.printed", [&](const Event& event) { heard = event.payload; });
  ASSERT_TRUE(listener);
  ASSERT_EQ(port_.publish_begin("page.printed", R"({"sheets":2})", 1), 0U);
  EXPECT_EQ(heard, R"({"sheets":2})");
  const std::string tail = R"(,"event":"page.printed","payload":{"sheets":2}}])";
  EXPECT_EQ(polled(port_), R"([{"subscription":)" + std::to_string(here) + tail);
  EXPECT_EQ(polled(other_), R"([{"subscription":)" + std::to_string(there) + tail);
  EXPECT_EQ(polled(port_), "");
}

TEST_F(BusPortTest, WhatCppPublishesIsPolledWhetherItIsJsonOrNot) {
  ASSERT_TRUE(bus_->register_event("note"));
  subscribe(port_, "note");
  ASSERT_TRUE(bus_->publish("note", "[1]"));
  ASSERT_TRUE(bus_->publish("note", "no \"JSON\""));
  const std::string all = polled(port_);
  EXPECT_THAT(all, HasSubstr(R"("payload":[1])"));
  EXPECT_THAT(all, HasSubstr(R"("payload_text":"no \"JSON\"")"));
}

TEST_F(BusPortTest, AWrongPublishIsRefusedWithThePathOfTheField) {
  ASSERT_TRUE(port_.register_event(
      "page.printed", R"({"type":"object","properties":{"sheets":{"type":"integer"}}})"));
  expect_refused(port_.publish_begin("page.printed", R"({"sheets":"two"})", 1),
                 ErrorCode::kINVALID_ARGUMENT, "sheets");
  expect_refused(port_.publish_begin("page.printed", "{", 1), ErrorCode::kINVALID_JSON, "payload");
  expect_refused(port_.publish_begin("page.pritned", "{}", 1), ErrorCode::kNOT_FOUND,
                 "did you mean page.printed");
  expect_refused(port_.publish("page.printed", ""), ErrorCode::kINVALID_JSON, "payload");
  expect_refused(port_.register_event("page.printed", "{}"), ErrorCode::kINVALID_STATE, "another");
  EXPECT_THAT(port_.list_events_json(),
              HasSubstr(R"("name":"page.printed","schema":{"type":"object")"));
}

TEST_F(BusPortTest, OptionsAreCheckedWithTheirPath) {
  ASSERT_TRUE(port_.register_event("note", ""));
  expect_refused(port_.subscribe("note", R"({"capacity":0})"), ErrorCode::kINVALID_ARGUMENT,
                 "options.capacity");
  expect_refused(port_.subscribe("note", R"({"capacity":1048577})"), ErrorCode::kINVALID_ARGUMENT,
                 "options.capacity");
  expect_refused(port_.subscribe("note", R"({"policy":"drop"})"), ErrorCode::kINVALID_ARGUMENT,
                 "drop_oldest");
  expect_refused(port_.subscribe("note", R"({"wait_ms":-1})"), ErrorCode::kINVALID_ARGUMENT,
                 "options.wait_ms");
  expect_refused(port_.subscribe("note", R"({"polciy":"wait"})"), ErrorCode::kINVALID_ARGUMENT,
                 "policy");
  expect_refused(port_.subscribe("nope", ""), ErrorCode::kNOT_FOUND, "nope");
  expect_refused(port_.subscribe("no..te", ""), ErrorCode::kINVALID_ARGUMENT, "pattern");
}

TEST_F(BusPortTest, LossesAreCountedByPolicy) {
  ASSERT_TRUE(port_.register_event("note", ""));
  const auto oldest = subscribe(port_, "note", R"({"capacity":2,"policy":"drop_oldest"})");
  const auto refused = subscribe(other_, "note", R"({"capacity":2,"policy":"refuse"})");
  for (int i = 0; i < 5; ++i) ASSERT_EQ(port_.publish_begin("note", std::to_string(i), 1), 0U);
  EXPECT_THAT(*port_.subscription_json(oldest), HasSubstr(R"("delivered":0,"lost":3)"));
  EXPECT_THAT(*other_.subscription_json(refused), HasSubstr(R"("delivered":0,"lost":3)"));
  EXPECT_THAT(polled(port_),
              testing::AllOf(HasSubstr(R"("payload":3)"), HasSubstr(R"("payload":4)")));
  EXPECT_THAT(polled(other_),
              testing::AllOf(HasSubstr(R"("payload":0)"), HasSubstr(R"("payload":1)")));
}

TEST_F(BusPortTest, AnEventBehindTooManyListenersIsRefused) {
  ASSERT_TRUE(port_.register_event("note", ""));
  subscribe(port_, "note");
  ASSERT_EQ(port_.publish_begin("note", "1", BusPort::kDepthMax), 0U);
  EXPECT_THAT(polled(port_), HasSubstr(R"("depth":32)"));
  expect_refused(port_.publish_begin("note", "1", BusPort::kDepthMax + 1),
                 ErrorCode::kINVALID_STATE, "in a circle");
  expect_refused(port_.publish_begin("note", "1", 0), ErrorCode::kINVALID_STATE, "");
}

TEST_F(BusPortTest, ASubscriptionThatIsGoneIsNotFoundAndGetsNothing) {
  ASSERT_TRUE(port_.register_event("note", ""));
  const auto id = subscribe(port_, "note");
  ASSERT_EQ(port_.publish_begin("note", "1", 1), 0U);
  ASSERT_TRUE(port_.unsubscribe(id));
  EXPECT_EQ(polled(port_), "");
  expect_refused(port_.unsubscribe(id), ErrorCode::kNOT_FOUND, std::to_string(id));
  expect_refused(port_.subscription_json(id), ErrorCode::kNOT_FOUND, std::to_string(id));
}

TEST_F(BusPortTest, TheWakeupIsCoalescedUntilTheNextPoll) {
  ASSERT_TRUE(port_.register_event("note", ""));
  subscribe(port_, "note");
  int calls = 0;
  ASSERT_EQ(port_.publish_begin("note", "1", 1), 0U);
  port_.set_wakeup([&] { ++calls; });
  EXPECT_EQ(calls, 1) << "what waited before has to be told of";
  ASSERT_EQ(port_.publish_begin("note", "2", 1), 0U);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(port_.has_news());
  polled(port_);
  EXPECT_FALSE(port_.has_news());
  ASSERT_EQ(port_.publish_begin("note", "3", 1), 0U);
  EXPECT_EQ(calls, 2);
  port_.set_wakeup({});
  ASSERT_EQ(port_.publish_begin("note", "4", 1), 0U);
  EXPECT_EQ(calls, 2);
}

TEST_F(BusPortTest, ABusySubscriptionDoesNotStarveAnother) {
  ASSERT_TRUE(port_.register_event("busy", ""));
  ASSERT_TRUE(port_.register_event("rare", ""));
  subscribe(port_, "busy");
  subscribe(port_, "rare");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(port_.publish_begin("busy", "1", 1), 0U);
  ASSERT_EQ(port_.publish_begin("rare", "1", 1), 0U);
  EXPECT_THAT(polled(port_, 2), HasSubstr("busy"));
  EXPECT_THAT(polled(port_, 2), HasSubstr("rare"));
}

TEST_F(BusPortTest, TheEventsOfOneSubscriptionCanBeTakenAlone) {
  ASSERT_TRUE(port_.register_event("note", ""));
  const auto first = subscribe(port_, "note");
  const auto second = subscribe(port_, "*");
  ASSERT_EQ(port_.publish_begin("note", "1", 1), 0U);
  const std::string mine = R"([{"subscription":)" + std::to_string(second);
  EXPECT_THAT(polled(port_, 10, second), testing::StartsWith(mine));
  EXPECT_EQ(polled(port_, 10, second), "");
  EXPECT_EQ(polled(port_, 10, 4'711), "");
  EXPECT_THAT(polled(port_, 10, first), HasSubstr("note"));
}

TEST_F(BusPortTest, AClosedPortRefuses) {
  ASSERT_TRUE(port_.register_event("note", ""));
  subscribe(port_, "note");
  port_.close();
  port_.close();
  EXPECT_EQ(polled(port_), "");
  expect_refused(port_.publish_begin("note", "1", 1), ErrorCode::kCLOSED, "closed");
  expect_refused(port_.subscribe("note", ""), ErrorCode::kCLOSED, "closed");
  ASSERT_TRUE(bus_->close(events::kNever));
  expect_refused(other_.publish_begin("note", "1", 1), ErrorCode::kCLOSED, "closed");
}

}  // namespace
}  // namespace tasker::worker
