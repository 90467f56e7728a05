#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "core/events/awaiting.h"
#include "core/events/events_test_support.h"
#include "core/events/run_loop.h"

namespace tasker::events {
namespace {

constexpr std::uint64_t kLoops = 4;
constexpr std::uint64_t kItemsOfEach = scaled(125'000);

struct Item {
  std::uint64_t producer = 0;
  std::uint64_t number = 0;
};

/// What all receivers together got of each producer.
struct Sums {
  std::array<std::atomic<std::uint64_t>, kLoops> count{};
  std::array<std::atomic<std::uint64_t>, kLoops> sum{};
  std::atomic<bool> in_order{true};
};

Detached produce(AwaitingOn<Item> channel, std::uint64_t producer, RunLoop& loop) {
  for (std::uint64_t number = 1; number <= kItemsOfEach; ++number) {
    EXPECT_EQ(co_await channel.send({producer, number}), ChannelStatus::kOk);
  }
  loop.stop();
}

Detached consume(AwaitingOn<Item> channel, Sums& sums, RunLoop& loop) {
  std::array<std::uint64_t, kLoops> last{};
  while (auto item = co_await channel.recv()) {
    if (item->number <= last[item->producer]) sums.in_order = false;
    last[item->producer] = item->number;
    ++sums.count[item->producer];
    sums.sum[item->producer] += item->number;
  }
  loop.stop();
}

TEST(AwaitingThreads, CoroutinesOnEightLoopsKeepTheOrderAndLoseNothing) {
  auto channel = open_channel<Item>(100);
  Sums sums;
  std::vector<std::thread> producers;
  std::vector<std::thread> consumers;
  for (std::uint64_t i = 0; i < kLoops; ++i) {
    producers.emplace_back([&, i] {
      RunLoop loop(system_clock());
      produce(AwaitingOn<Item>(*channel, loop), i, loop);
      loop.run();
    });
    consumers.emplace_back([&] {
      RunLoop loop(system_clock());
      consume(AwaitingOn<Item>(*channel, loop), sums, loop);
      loop.run();
    });
  }
  for (auto& thread : producers) thread.join();
  channel->close_sending();
  for (auto& thread : consumers) thread.join();
  EXPECT_TRUE(sums.in_order);
  for (std::uint64_t i = 0; i < kLoops; ++i) {
    EXPECT_EQ(sums.count[i], kItemsOfEach);
    EXPECT_EQ(sums.sum[i], kItemsOfEach * (kItemsOfEach + 1) / 2);
  }
}

TEST(AwaitingThreads, AThreadAndACoroutineMeetInOneChannel) {
  auto channel = open_channel<Item>(10);
  Sums sums;
  RunLoop loop(system_clock());
  std::thread consumer([&] {
    consume(AwaitingOn<Item>(*channel, loop), sums, loop);
    loop.run();
  });
  for (std::uint64_t number = 1; number <= kItemsOfEach; ++number) {
    ASSERT_EQ(channel->send({0, number}), ChannelStatus::kOk);
  }
  channel->close_sending();
  consumer.join();
  EXPECT_TRUE(sums.in_order);
  EXPECT_EQ(sums.count[0], kItemsOfEach);
}

/// How one wait of a coroutine ended, and that it ended once.
struct Ending {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> early{0};
};

Detached receive_until(AwaitingOn<Counted> channel, std::int64_t deadline_us, Ending& ending) {
  const auto item = co_await channel.recv_until(deadline_us);
  ++(item ? ending.received : ending.early);
}

TEST(AwaitingThreads, ADeadlineAStopAndAnItemEndAWaitOnce) {
  base::Random random(test_seed());
  RunLoop loop(system_clock());
  std::thread runner([&] { loop.run(); });
  Ending ending;
  std::uint64_t expected = 0;
  std::uint64_t inside = 0;
  for (std::uint64_t trial = 0; trial < scaled(20'000); ++trial) {
    auto channel = open_channel<Counted>(1);
    std::stop_source source;
    const std::uint64_t delay_us = random.below(30);
    receive_until(AwaitingOn<Counted>(*channel, loop, source.get_token()),
                  system_clock().monotonic_us() + static_cast<std::int64_t>(delay_us), ending);
    ++expected;
    for (std::atomic<std::uint64_t> i{0}; i < delay_us * random.below(60); ++i) {
    }
    if (random.below(2) == 0) source.request_stop();
    ASSERT_EQ(channel->send(Counted(trial)), ChannelStatus::kOk);
    ASSERT_TRUE(eventually([&] { return ending.received + ending.early == expected; }));
    inside += channel->close_receiving().size();
  }
  loop.stop();
  runner.join();
  EXPECT_EQ(ending.received + inside, expected) << "each item was received or is inside";
  EXPECT_EQ(Counted::live(), 0);
}

}  // namespace
}  // namespace tasker::events
