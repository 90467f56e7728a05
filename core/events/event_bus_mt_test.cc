#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/events/event_bus.h"
#include "core/events/events_test_support.h"

namespace tasker::events {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kPublishers = 8;
constexpr std::uint64_t kEach = scaled(1'000'000) / kPublishers;

std::unique_ptr<EventBus> open_bus() {
  return std::make_unique<EventBus>(EventBusOptions{}, system_clock(), base::make_null_logger());
}

EventType& event(EventBus& bus, std::string_view name) {
  auto type = bus.register_event(name);
  EXPECT_TRUE(type) << type.error().message;
  return **type;
}

/// Runs `publish` on as many threads, each with its own number.
template <class Publish>
void publish_from_all(Publish publish) {
  std::vector<std::thread> publishers;
  for (std::uint64_t i = 0; i < kPublishers; ++i) publishers.emplace_back([&, i] { publish(i); });
  for (auto& thread : publishers) thread.join();
}

TEST(EventBusThreads, AMillionEventsFromEightThreadsReachEverySubscriberInOrder) {
  auto bus = open_bus();
  EventType& type = event(*bus, "step.completed");
  std::atomic<std::uint64_t> synchronous{0};
  NumberBooks waiting(false);
  NumberBooks dropping(true);
  auto first = bus->subscribe("step.*", [&](const Event&) { ++synchronous; });
  auto second = bus->subscribe_queued("*", {.queue = {.capacity = 1'000}, .wait_us_max = kNever},
                                      [&](const Event& e) { waiting.add(e.payload); });
  auto third = bus->subscribe_queued("step.completed",
                                     {.queue = {.capacity = 16, .full = FullPolicy::kDropOldest}},
                                     [&](const Event& e) { dropping.add(e.payload); });
  publish_from_all([&](std::uint64_t publisher) {
    for (std::uint64_t number = 1; number <= kEach; ++number) {
      ASSERT_TRUE(bus->publish(type, numbered(publisher, number)));
    }
  });
  EXPECT_TRUE(bus->close(kNever));
  EXPECT_EQ(synchronous, kEach * kPublishers);
  EXPECT_EQ(waiting.count(), kEach * kPublishers);
  EXPECT_TRUE(waiting.in_order());
  EXPECT_EQ(second->counters().lost, 0U);
  EXPECT_LE(second->counters().queue.depth_max, 1'000U);
  EXPECT_TRUE(dropping.in_order());
  EXPECT_EQ(dropping.count() + third->counters().lost, kEach * kPublishers);
  EXPECT_LE(third->counters().queue.depth_max, 16U);
  EXPECT_EQ(type.counters().published, kEach * kPublishers);
}

TEST(EventBusThreads, ASlowSubscriberLosesByItsPolicyAndHarmsNobody) {
  constexpr std::uint64_t kEvents = scaled(200'000);
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  std::atomic<bool> go_on{false};
  const auto blocked = [&](const Event&) {
    while (!go_on) std::this_thread::yield();
  };
  std::atomic<std::uint64_t> quick{0};
  auto refusing =
      bus->subscribe_queued("a", {.queue = {.capacity = 10, .full = FullPolicy::kRefuse}}, blocked);
  auto dropping = bus->subscribe_queued(
      "a", {.queue = {.capacity = 10, .full = FullPolicy::kDropOldest}}, blocked);
  auto other = bus->subscribe_queued("a", {.queue = {.capacity = 100}, .wait_us_max = kNever},
                                     [&](const Event&) { ++quick; });
  for (std::uint64_t i = 0; i < kEvents; ++i) ASSERT_TRUE(bus->publish(type, "{}"));
  ASSERT_TRUE(eventually([&] { return quick == kEvents; }));
  for (auto* slow : {&*refusing, &*dropping}) {
    const SubscriptionCounters counters = slow->counters();
    EXPECT_LE(counters.queue.depth_max, 10U);
    EXPECT_EQ(counters.lost + counters.queue.depth + counters.delivered, kEvents);
    EXPECT_GE(counters.lost, kEvents - 11);
  }
  EXPECT_EQ(other->counters().lost, 0U);
  go_on = true;
  EXPECT_TRUE(bus->close(kNever));
}

TEST(EventBusThreads, ASynchronousListenerThatDoesNotReturnHoldsUpItsPublisherAlone) {
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  std::atomic<bool> entered{false};
  std::atomic<bool> go_on{false};
  std::atomic<std::uint64_t> others{0};
  auto stuck = bus->subscribe("a", [&](const Event& e) {
    if (e.payload != "stuck") return;
    entered = true;
    while (!go_on) std::this_thread::yield();
  });
  auto after = bus->subscribe("a", [&](const Event&) { ++others; });
  std::thread publisher([&] { EXPECT_TRUE(bus->publish(type, "stuck")); });
  ASSERT_TRUE(eventually([&] { return entered.load(); }));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(bus->publish(type, ""));
  EXPECT_EQ(others, 100U);
  const auto waited = stuck->cancel_and_wait(system_clock().monotonic_us() + 1'000);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kTIMED_OUT);
  go_on = true;
  publisher.join();
  EXPECT_TRUE(stuck->cancel_and_wait(kNever));
  EXPECT_EQ(others, 101U);
}

TEST(EventBusThreads, AQueuedListenerThatDoesNotReturnLetsACloseTimeOut) {
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  std::atomic<bool> entered{false};
  std::atomic<bool> go_on{false};
  std::atomic<std::uint64_t> others{0};
  auto stuck = bus->subscribe_queued("a", {.queue = {.capacity = 10}}, [&](const Event&) {
    entered = true;
    while (!go_on) std::this_thread::yield();
  });
  auto other = bus->subscribe_queued("*", {}, [&](const Event&) { ++others; });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bus->publish(type, ""));
  ASSERT_TRUE(eventually([&] { return entered && others == 5; }));
  const auto closed = bus->close(system_clock().monotonic_us() + 1'000);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, ErrorCode::kTIMED_OUT);
  EXPECT_NE(closed.error().message.find(": a"), std::string::npos) << closed.error().message;
  EXPECT_EQ(stuck->counters().lost, 4U);
  go_on = true;
  EXPECT_TRUE(bus->close(kNever));
  EXPECT_EQ(stuck->counters().delivered, 1U);
}

TEST(EventBusThreads, AQueuedListenerThatThrowsGoesOnWithTheNextEvent) {
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  std::atomic<int> calls{0};
  auto subscription = bus->subscribe_queued("a", {}, [&](const Event&) {
    if (++calls % 2 == 1) throw std::runtime_error("no");
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bus->publish(type, ""));
  EXPECT_TRUE(bus->close(kNever));
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(subscription->counters().failures, 5U);
}

TEST(EventBusThreads, AQueuedListenerThatPublishesToItsOwnFullQueueDoesNotWaitForItself) {
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  std::atomic<std::uint64_t> calls{0};
  auto subscription = bus->subscribe_queued("a", {.queue = {.capacity = 1}, .wait_us_max = kNever},
                                            [&](const Event& e) {
                                              ++calls;
                                              if (e.payload != "first") return;
                                              for (int i = 0; i < 3; ++i)
                                                EXPECT_TRUE(bus->publish(type, ""));
                                            });
  EXPECT_TRUE(bus->publish(type, "first"));
  ASSERT_TRUE(eventually([&] { return calls + subscription->counters().lost == 4; }));
  EXPECT_EQ(subscription->counters().lost, 2U);
}

TEST(EventBusThreads, AQueuedListenerMayNotCloseItsBusNorWaitForItsEnd) {
  auto bus = open_bus();
  EventType& type = event(*bus, "a");
  Subscription subscription;
  std::atomic<bool> subscribed{false};
  std::atomic<bool> called{false};
  subscription = std::move(*bus->subscribe_queued("a", {}, [&](const Event&) {
    while (!subscribed) std::this_thread::yield();
    EXPECT_EQ(bus->close(kNever).error().code, ErrorCode::kINVALID_STATE);
    EXPECT_EQ(subscription.cancel_and_wait(kNever).error().code, ErrorCode::kINVALID_STATE);
    called = true;
  }));
  subscribed = true;
  EXPECT_TRUE(bus->publish(type, ""));
  ASSERT_TRUE(eventually([&] { return called.load(); }));
}

/// What a listener uses and its owner destroys after cancel_and_wait: a sanitizer hears of a late
/// call.
TEST(EventBusThreads, AfterCancelAndWaitTheListenerIsGone) {
  base::Random random(test_seed());
  auto bus = open_bus();
  EventType& type = event(*bus, "step.completed");
  std::atomic<bool> over{false};
  std::vector<std::thread> publishers;
  for (int i = 0; i < 2; ++i) {
    publishers.emplace_back([&] {
      while (!over) {
        EXPECT_TRUE(bus->publish(type, "{}"));
        std::this_thread::yield();
      }
    });
  }
  const std::array<const char*, 3> patterns{"step.completed", "step.*", "*"};
  for (std::uint64_t trial = 0; trial < scaled(10'000); ++trial) {
    auto used = std::make_unique<std::atomic<std::uint64_t>>(0);
    const Listener listener = [counted = std::make_shared<Counted>(1),
                               raw = used.get()](const Event&) { ++*raw; };
    const auto pattern = patterns[random.below(patterns.size())];
    auto subscription = random.below(20) == 0
                            ? bus->subscribe_queued(pattern, {.wait_us_max = kNever}, listener)
                            : bus->subscribe(pattern, listener);
    ASSERT_TRUE(subscription);
    for (std::uint64_t i = random.below(3); i > 0; --i) std::this_thread::yield();
    ASSERT_TRUE(subscription->cancel_and_wait(kNever));
    used.reset();
  }
  over = true;
  for (auto& thread : publishers) thread.join();
  bus.reset();
  EXPECT_EQ(Counted::live(), 0);
}

TEST(EventBusThreads, ClosingWhileOthersPublishAndSubscribeEndsThemAll) {
  base::Random random(test_seed());
  for (std::uint64_t trial = 0; trial < scaled(300); ++trial) {
    auto bus = open_bus();
    EventType& type = event(*bus, "a");
    NumberBooks books(true);
    auto subscription = bus->subscribe_queued(
        "a", {.queue = {.capacity = 1 + random.below(3)}, .wait_us_max = kNever},
        [&](const Event& e) { books.add(e.payload); });
    std::uint64_t published = 0;
    std::thread publisher([&] {
      for (std::uint64_t number = 1; bus->publish(type, numbered(0, number)); ++number) {
        published = number;
      }
    });
    std::thread subscriber([&] {
      for (int i = 0; i < 5; ++i) {
        const auto late = bus->subscribe_queued("a", {.wait_us_max = kNever}, [](const Event&) {});
        if (!late) return;
      }
    });
    for (std::uint64_t i = random.below(20); i > 0; --i) std::this_thread::yield();
    ASSERT_TRUE(bus->close(kNever));
    publisher.join();
    subscriber.join();
    ASSERT_TRUE(books.in_order());
    ASSERT_EQ(books.count() + subscription->counters().lost, published);
  }
}

}  // namespace
}  // namespace tasker::events
