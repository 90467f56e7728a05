#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/logger.h"
#include "core/worker/bus_port.h"

namespace tasker::worker {
namespace {

using testing::HasSubstr;

class BusPorts : public testing::Test {
 protected:
  std::shared_ptr<BusPort> open_port() { return std::make_shared<BusPort>(bus_, clock_); }

  base::SystemClock clock_;
  std::shared_ptr<events::EventBus> bus_ = std::make_shared<events::EventBus>(
      events::EventBusOptions{}, clock_, base::make_null_logger());
};

/// Sleeps until a port has something to poll.
class Waking {
 public:
  explicit Waking(BusPort& port) : port_(port) {
    port_.set_wakeup([this] {
      base::Lock lock(mutex_);
      woken_ = true;
      condition_.notify_one();
    });
  }
  ~Waking() { port_.set_wakeup({}); }
  Waking(const Waking&) = delete;
  Waking& operator=(const Waking&) = delete;

  /// A poll that found something; empty after 20 s.
  std::string poll(std::size_t max) {
    std::string out;
    while (!port_.poll(max, 0, out)) {
      base::Lock lock(mutex_);
      if (!condition_.wait_for(mutex_, 20'000'000,
                               [this]() TASKER_REQUIRES(mutex_) { return woken_; }))
        return out;
      woken_ = false;
    }
    return out;
  }

 private:
  BusPort& port_;
  base::Mutex mutex_;
  base::Condition condition_;
  bool woken_ TASKER_GUARDED_BY(mutex_) = false;
};

/// Polls until `count` events are there; each is a number, whose thousands of thousands are its
/// publisher: checks that those of one publisher come in order.
void expect_all(BusPort& port, std::int64_t count) {
  constexpr std::int64_t kPerPublisher = 1'000'000;
  Waking waking(port);
  std::map<std::int64_t, std::int64_t> next;
  simdjson::dom::parser parser;
  for (std::int64_t got = 0; got < count;) {
    const std::string text = waking.poll(1'000);
    ASSERT_FALSE(text.empty()) << "events are missing";
    simdjson::dom::array elements;
    ASSERT_EQ(parser.parse(text).get(elements), simdjson::SUCCESS);
    for (const simdjson::dom::element element : elements) {
      std::int64_t number = 0;
      if (element["payload"].get(number) != simdjson::SUCCESS) continue;  // the end of a publish
      std::int64_t& expected = next[number / kPerPublisher];
      ASSERT_EQ(number % kPerPublisher, expected++);
      ++got;
    }
  }
}

TEST_F(BusPorts, EightThreadsLoseAndMixNothingThroughPortsThatWait) {
  constexpr int kThreads = 8;
  constexpr int kEach = 4'000;
  ASSERT_TRUE(open_port()->register_event("count", R"({"type":"integer"})"));
  std::vector<std::shared_ptr<BusPort>> readers;
  for (int i = 0; i < 2; ++i) {
    readers.push_back(open_port());
    ASSERT_TRUE(readers.back()->subscribe("*", R"({"capacity":64,"wait_ms":3600000})"));
  }
  std::vector<std::thread> threads;
  for (const auto& reader : readers)
    threads.emplace_back([&] { expect_all(*reader, std::int64_t{kThreads} * kEach); });
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const auto port = open_port();
      Waking waking(*port);
      std::uint64_t waiting = 0;
      for (int i = 0; i < kEach; ++i) {
        const std::string payload = std::to_string(thread * 1'000'000 + i);
        const auto begun = port->publish_begin("count", payload, 1);
        ASSERT_TRUE(begun) << begun.error().message;
        if (*begun > 0) ++waiting;
      }
      while (waiting > 0) {
        const std::string ends = waking.poll(1'000);
        ASSERT_FALSE(ends.empty());
        EXPECT_THAT(ends, testing::Not(HasSubstr("error")));
        waiting -= static_cast<std::uint64_t>(std::ranges::count(ends, '{'));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(BusPorts, ACloseEndsPublishesThatWait) {
  const auto reader = open_port();
  ASSERT_TRUE(reader->register_event("note", ""));
  ASSERT_TRUE(reader->subscribe("note", R"({"capacity":1,"wait_ms":3600000})"));
  auto writer = open_port();
  EXPECT_EQ(writer->publish_begin("note", "1", 1), 0U);
  for (int i = 0; i < 100; ++i) {
    const auto begun = writer->publish_begin("note", "2", 1);
    ASSERT_TRUE(begun);
    EXPECT_GT(*begun, 0U);
  }
  std::thread blocking([&] { (void)writer->publish("note", "3"); });
  writer->close();
  blocking.join();
  std::string out;
  EXPECT_TRUE(reader->poll(10, 0, out));
}

TEST_F(BusPorts, APublishMayWaitForTheQueueOfItsOwnPort) {
  const auto port = open_port();
  ASSERT_TRUE(port->register_event("count", ""));
  ASSERT_TRUE(port->subscribe("count", R"({"capacity":2,"wait_ms":3600000})"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(port->publish_begin("count", std::to_string(i), 1));
  expect_all(*port, 50);
}

TEST_F(BusPorts, PortsAndSubscriptionsComeAndGoWhileOthersPublish) {
  ASSERT_TRUE(open_port()->register_event("note", ""));
  std::atomic<bool> done{false};
  std::vector<std::thread> publishers;
  for (int i = 0; i < 2; ++i) {
    publishers.emplace_back([&] {
      const auto port = open_port();
      while (!done) ASSERT_TRUE(port->publish_begin("note", "1", 1));
    });
  }
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      const char* const policies[] = {"wait", "refuse", "drop_oldest"};
      for (int round = 0; round < 200; ++round) {
        const auto port = open_port();
        std::atomic<int> woken{0};
        port->set_wakeup([&] { ++woken; });
        const auto id = port->subscribe(
            "*", R"({"capacity":4,"policy":")" + std::string(policies[i]) + R"("})");
        ASSERT_TRUE(id);
        std::string out;
        port->poll(3, 0, out);
        if (round % 2 == 0) {
          ASSERT_TRUE(port->unsubscribe(*id));
        }
        port->close();
      }
    });
  }
  for (std::thread& thread : readers) thread.join();
  done = true;
  for (std::thread& thread : publishers) thread.join();
}

}  // namespace
}  // namespace tasker::worker
