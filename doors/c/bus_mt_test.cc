// The event bus through the C ABI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "doors/c/door_test_support.h"

namespace tasker::c {
namespace {

using testing::HasSubstr;

/// A port of a worker. Threads: one at a time.
class Bus {
 public:
  explicit Bus(TestWorker& worker) : worker_(worker.get()) {
    EXPECT_EQ(tasker_bus_open(worker_, &number_, nullptr), TASKER_OK);
  }

  std::uint64_t number() const { return number_; }
  tasker_status register_event(std::string_view name, std::string_view schema) {
    return tasker_bus_register_event(worker_, number_, name.data(), name.size(), schema.data(),
                                     schema.size(), nullptr);
  }
  base::Status publish(std::string_view name, std::string_view payload) {
    return status_from([&](tasker_error** error) {
      return tasker_bus_publish(worker_, number_, name.data(), name.size(), payload.data(),
                                payload.size(), error);
    });
  }
  std::uint64_t begin(std::string_view name, std::string_view payload) {
    std::uint64_t request = 0;
    EXPECT_EQ(tasker_bus_publish_begin(worker_, number_, name.data(), name.size(), payload.data(),
                                       payload.size(), 1, &request, nullptr),
              TASKER_OK);
    return request;
  }
  std::uint64_t subscribe(std::string_view pattern, std::string_view options = {}) {
    std::uint64_t subscription = 0;
    EXPECT_EQ(tasker_bus_subscribe(worker_, number_, pattern.data(), pattern.size(), options.data(),
                                   options.size(), &subscription, nullptr),
              TASKER_OK);
    return subscription;
  }
  std::vector<std::string> poll() {
    OwnedText events;
    EXPECT_EQ(tasker_bus_poll(worker_, number_, 100, 0, events.out(), nullptr), TASKER_OK);
    return elements(events.view());
  }
  /// What comes until one has `last` in it.
  std::vector<std::string> await(std::string_view last) {
    std::vector<std::string> all;
    while (std::ranges::none_of(
        all, [&](const std::string& text) { return text.find(last) != std::string::npos; })) {
      const tasker_status status = tasker_bus_wait(worker_, number_, 20'000, nullptr);
      EXPECT_EQ(status, TASKER_OK) << last;
      if (status != TASKER_OK) return all;
      for (std::string& event : poll()) all.push_back(std::move(event));
    }
    return all;
  }

 private:
  tasker_worker* const worker_;
  std::uint64_t number_ = 0;
};

TEST(CBus, TransitionsOfAStepAreWaitedForAndPolled) {
  TestWorker worker;
  Bus bus(worker);
  bus.subscribe("*");
  worker.start();
  worker.create(1);
  EXPECT_EQ(worker.complete(worker.next_event()), TASKER_OK);
  std::string names;
  for (const std::string& event : bus.await("task.completed"))
    names += member(event, "event") + ' ';
  EXPECT_EQ(names, "task.created step.created step.claimed step.completed task.completed ");
}

TEST(CBus, AWaitForNothingTimesOut) {
  TestWorker worker;
  const Bus bus(worker);
  EXPECT_EQ(tasker_bus_wait(worker.get(), bus.number(), 0, nullptr), TASKER_ERR_TIMED_OUT);
  EXPECT_EQ(tasker_bus_wait(worker.get(), bus.number(), 20, nullptr), TASKER_ERR_TIMED_OUT);
}

TEST(CBus, APublishReachesEveryPortByItsPattern) {
  TestWorker worker;
  Bus here(worker);
  Bus there(worker);
  ASSERT_EQ(here.register_event("page.printed", R"({"type":"object"})"), TASKER_OK);
  const auto subscription = there.subscribe("page.*");
  ASSERT_TRUE(here.publish("page.printed", R"({"sheets":2})"));
  EXPECT_EQ(here.begin("page.printed", R"({"sheets":3})"), 0U);
  const auto events = there.poll();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0], R"({"subscription":)" + std::to_string(subscription) +
                           R"(,"event":"page.printed","payload":{"sheets":2}})");
  EXPECT_TRUE(here.poll().empty());
  OwnedText text;
  ASSERT_EQ(
      tasker_bus_get_subscription(worker.get(), there.number(), subscription, text.out(), nullptr),
      TASKER_OK);
  EXPECT_THAT(std::string(text.view()), HasSubstr(R"("delivered":2,"lost":0)"));
}

TEST(CBus, AWrongPayloadNamesItsPlaceAndWrongNumbersAreNotFound) {
  TestWorker worker;
  Bus bus(worker);
  ASSERT_EQ(bus.register_event("page.printed", R"({"properties":{"sheets":{"type":"integer"}}})"),
            TASKER_OK);
  const auto refused = bus.publish("page.printed", R"({"sheets":"two"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kINVALID_ARGUMENT);
  EXPECT_THAT(refused.error().field, HasSubstr("sheets"));
  EXPECT_EQ(bus.register_event("page.printed", "{}"), TASKER_ERR_INVALID_STATE);
  EXPECT_EQ(bus.register_event("page", "{"), TASKER_ERR_INVALID_JSON);
  tasker_buffer out = TASKER_BUFFER_INIT;
  std::uint64_t number = 0;
  EXPECT_EQ(tasker_bus_poll(worker.get(), 77, 1, 0, &out, nullptr), TASKER_ERR_NOT_FOUND);
  EXPECT_EQ(tasker_bus_poll(worker.get(), bus.number(), 0, 0, &out, nullptr),
            TASKER_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(tasker_bus_unsubscribe(worker.get(), bus.number(), 77, nullptr), TASKER_ERR_NOT_FOUND);
  EXPECT_EQ(tasker_bus_publish_begin(worker.get(), bus.number(), "page.printed", 12, "{}", 2, 33,
                                     &number, nullptr),
            TASKER_ERR_INVALID_STATE);
  EXPECT_EQ(tasker_bus_open(worker.get(), nullptr, nullptr), TASKER_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(tasker_bus_close(worker.get(), bus.number(), nullptr), TASKER_OK);
  EXPECT_EQ(tasker_bus_close(worker.get(), bus.number(), nullptr), TASKER_ERR_NOT_FOUND);
}

TEST(CBus, APublishThatHasToWaitTellsItsEndByThePoll) {
  TestWorker worker;
  Bus writer(worker);
  Bus reader(worker);
  ASSERT_EQ(writer.register_event("note", ""), TASKER_OK);
  reader.subscribe("note", R"({"capacity":1,"wait_ms":3600000})");
  EXPECT_EQ(writer.begin("note", "1"), 0U);
  const std::uint64_t second = writer.begin("note", "2");
  ASSERT_GT(second, 0U);
  EXPECT_THAT(reader.await(R"("payload":2)").back(), HasSubstr(R"("payload":2)"));
  EXPECT_EQ(writer.await("published").back(), R"({"published":)" + std::to_string(second) + "}");
}

TEST(CBus, TheWakeupOfAPortTellsOfEveryEventAcrossThreads) {
  constexpr int kEach = 2'000;
  TestWorker worker;
  Bus reader(worker);
  ASSERT_EQ(reader.register_event("note", ""), TASKER_OK);
  reader.subscribe("note", R"({"capacity":16,"wait_ms":3600000})");
  struct Heard {
    Bus* bus;
    std::atomic<int> count{0};
    std::atomic<int> finalized{0};
  } heard{.bus = &reader};
  ASSERT_EQ(tasker_bus_set_wakeup(
                worker.get(), reader.number(),
                [](void* data) {
                  auto& [bus, count, finalized] = *static_cast<Heard*>(data);
                  for (auto events = bus->poll(); !events.empty(); events = bus->poll())
                    count += static_cast<int>(events.size());
                },
                &heard, [](void* data) { ++static_cast<Heard*>(data)->finalized; }, nullptr),
            TASKER_OK);
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      Bus bus(worker);
      for (int n = 0; n < kEach; ++n) EXPECT_TRUE(bus.publish("note", "1"));
    });
  }
  for (std::thread& writer : writers) writer.join();
  // All are in the queue or taken; the wake-up under way ends with the removal.
  ASSERT_EQ(
      tasker_bus_set_wakeup(worker.get(), reader.number(), nullptr, nullptr, nullptr, nullptr),
      TASKER_OK);
  EXPECT_EQ(heard.finalized, 1);
  heard.count += static_cast<int>(reader.poll().size());
  EXPECT_EQ(heard.count, 3 * kEach);
}

TEST(CBus, ACloseOfTheWorkerEndsWaitsAndBlockedPublishes) {
  TestWorker worker;
  Bus reader(worker);
  ASSERT_EQ(reader.register_event("note", ""), TASKER_OK);
  reader.subscribe("note", R"({"capacity":1,"wait_ms":3600000})");
  Bus writer(worker);
  ASSERT_TRUE(writer.publish("note", "1"));
  std::thread publishing([&] { (void)writer.publish("note", "2"); });
  std::thread waiting([&] {
    const tasker_status status = tasker_bus_wait(worker.get(), writer.number(), 20'000, nullptr);
    EXPECT_EQ(status, TASKER_ERR_CLOSED);
  });
  ASSERT_EQ(tasker_worker_close(worker.get(), nullptr), TASKER_OK);
  publishing.join();
  waiting.join();
  std::uint64_t number = 0;
  EXPECT_EQ(tasker_bus_open(worker.get(), &number, nullptr), TASKER_ERR_CLOSED);
}

}  // namespace
}  // namespace tasker::c
