#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/events/channel.h"
#include "core/events/events_test_support.h"

namespace tasker::events {
namespace {

constexpr std::uint64_t kItems = scaled(1'000'000);
constexpr std::uint64_t kProducers = 4;
constexpr std::uint64_t kConsumers = 4;
constexpr std::size_t kBatch = 16;

struct Item {
  std::uint64_t producer = 0;
  std::uint64_t number = 0;  // 1, 2, … of each producer
};

/// What one consumer got: whether each producer's items came in order, and all of them.
struct Taken {
  std::array<std::uint64_t, kProducers> last{};
  std::vector<Item> items;
  bool in_order = true;

  void add(const Item& item) {
    in_order = in_order && item.number > last[item.producer];
    last[item.producer] = item.number;
    items.push_back(item);
  }
};

void produce(Channel<Item>& channel, std::uint64_t producer, std::uint64_t count, bool in_batches) {
  std::vector<Item> batch;
  for (std::uint64_t number = 1; number <= count; ++number) {
    if (!in_batches) {
      ASSERT_EQ(channel.send({producer, number}), ChannelStatus::kOk);
      continue;
    }
    batch.push_back({producer, number});
    if (batch.size() == kBatch || number == count) {
      ASSERT_EQ(channel.send_batch(batch).sent, batch.size());
      batch.clear();
    }
  }
}

Taken consume(Channel<Item>& channel, bool in_batches) {
  Taken taken;
  Batch<Item> batch;
  for (;;) {
    if (in_batches) {
      batch.clear();
      if (channel.recv_batch(64, batch) != ChannelStatus::kOk) return taken;
      for (const Item& item : batch) taken.add(item);
    } else {
      const auto item = channel.recv();
      if (!item) return taken;
      taken.add(*item);
    }
  }
}

void run_through(std::size_t capacity, bool send_batches, bool receive_batches,
                 std::uint64_t each = kItems / kProducers) {
  auto channel = open_channel<Item>(capacity);
  std::vector<Taken> taken(kConsumers);
  std::vector<std::thread> consumers;
  for (std::uint64_t i = 0; i < kConsumers; ++i) {
    consumers.emplace_back([&, i] { taken[i] = consume(*channel, receive_batches); });
  }
  std::vector<std::thread> producers;
  for (std::uint64_t i = 0; i < kProducers; ++i) {
    producers.emplace_back([&, i] { produce(*channel, i, each, send_batches); });
  }
  for (auto& thread : producers) thread.join();
  channel->close_sending();
  for (auto& thread : consumers) thread.join();

  std::array<std::vector<bool>, kProducers> seen;
  for (auto& numbers : seen) numbers.resize(each + 1);
  std::uint64_t total = 0;
  for (const Taken& own : taken) {
    EXPECT_TRUE(own.in_order);
    for (const Item& item : own.items) {
      EXPECT_FALSE(seen[item.producer][item.number]) << "twice";
      seen[item.producer][item.number] = true;
      ++total;
    }
  }
  EXPECT_EQ(total, each * kProducers);
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.sent, total);
  EXPECT_EQ(counters.received, total);
  EXPECT_LE(counters.depth_max, capacity);
}

TEST(ChannelThreads, AMillionItemsThroughEightThreadsKeepTheirOrder) {
  run_through(1000, false, false);
}

TEST(ChannelThreads, AMillionItemsInBatchesKeepTheirOrder) { run_through(1000, true, true); }

TEST(ChannelThreads, ATinyChannelLosesNothing) { run_through(3, true, false, scaled(50'000)); }

TEST(ChannelThreads, BatchReceiversOfATinyChannelLoseNothing) {
  run_through(2, false, true, scaled(50'000));
}

TEST(ChannelThreads, WaitingSendersAreServedInTheOrderInWhichTheyCame) {
  auto channel = open_channel<int>(1);
  ASSERT_EQ(channel->send(0), ChannelStatus::kOk);
  std::vector<std::thread> senders;
  for (int i = 1; i <= 5; ++i) {
    senders.emplace_back([&, i] { EXPECT_EQ(channel->send(int{i}), ChannelStatus::kOk); });
    ASSERT_TRUE(eventually(
        [&] { return channel->counters().senders_waiting == static_cast<std::size_t>(i); }));
  }
  EXPECT_EQ(channel->try_send(9), ChannelStatus::kFull);
  for (int i = 0; i <= 5; ++i) EXPECT_EQ(channel->recv().value(), i);
  for (auto& thread : senders) thread.join();
  EXPECT_EQ(channel->counters().send_waits, 5U);
}

TEST(ChannelThreads, WaitingReceiversAreServedInTheOrderInWhichTheyCame) {
  auto channel = open_channel<int>(4);
  std::array<int, 5> got{};
  std::vector<std::thread> receivers;
  for (std::size_t i = 0; i < got.size(); ++i) {
    receivers.emplace_back([&, i] { got[i] = channel->recv().value_or(-1); });
    ASSERT_TRUE(eventually([&] { return channel->counters().receivers_waiting == i + 1; }));
  }
  std::vector<int> items{10, 11, 12, 13, 14, 15};
  EXPECT_EQ(channel->send_batch(items).sent, 6U);
  for (auto& thread : receivers) thread.join();
  EXPECT_EQ(got, (std::array<int, 5>{10, 11, 12, 13, 14}));
  EXPECT_EQ(channel->recv().value(), 15);
}

TEST(ChannelThreads, ABatchLargerThanTheChannelWaitsForRoomAndIsSentWhole) {
  auto channel = open_channel<int>(2);
  std::vector<int> items{0, 1, 2, 3, 4, 5, 6};
  std::thread sender([&] {
    const SentBatch sent = channel->send_batch(items);
    EXPECT_EQ(sent.status, ChannelStatus::kOk);
    EXPECT_EQ(sent.sent, items.size());
  });
  for (int i = 0; i < 7; ++i) EXPECT_EQ(channel->recv().value(), i);
  sender.join();
}

TEST(ChannelThreads, ABatchThatIsInterruptedSaysHowManyWereSent) {
  auto channel = open_channel<Counted>(2);
  std::stop_source source;
  SentBatch sent;
  std::vector<Counted> items;
  for (std::uint64_t i = 0; i < 5; ++i) items.emplace_back(i);
  std::thread sender([&] { sent = channel->send_batch(items, kNever, source.get_token()); });
  ASSERT_TRUE(eventually([&] { return channel->counters().senders_waiting == 1; }));
  EXPECT_EQ(channel->recv().value().value(), 0U);
  source.request_stop();
  sender.join();
  EXPECT_EQ(sent.status, ChannelStatus::kStopped);
  EXPECT_EQ(sent.sent, 3U);
  EXPECT_TRUE(items[2].moved_from());
  EXPECT_EQ(items[3].value(), 3U);
}

TEST(ChannelThreads, ADeadlineEndsAWaitWhenTheClockSaysSo) {
  ManualClock clock;
  auto channel = open_channel<int>(1, FullPolicy::kWait, clock);
  const std::int64_t deadline_us = clock.monotonic_us() + 2'000;
  std::int64_t ended_us = 0;
  std::thread receiver([&] {
    EXPECT_EQ(channel->recv_until(deadline_us).status(), ChannelStatus::kTimedOut);
    ended_us = clock.monotonic_us();
  });
  ASSERT_TRUE(eventually([&] { return channel->counters().receivers_waiting == 1; }));
  clock.advance(1'999);
  EXPECT_EQ(channel->counters().receivers_waiting, 1U);
  clock.advance(1);
  receiver.join();
  EXPECT_GE(ended_us, deadline_us);
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.receivers_waiting, 0U);
  EXPECT_EQ(counters.receive_waits, 1U);
  EXPECT_LE(counters.receive_wait_us, 2'000);
}

TEST(ChannelThreads, AWaitingSenderHearsItsDeadlineAndKeepsItsItem) {
  ManualClock clock;
  auto channel = open_channel<Counted>(1, FullPolicy::kWait, clock);
  ASSERT_EQ(channel->send(Counted(1)), ChannelStatus::kOk);
  Counted item(2);
  std::thread sender([&] {
    EXPECT_EQ(channel->send_until(std::move(item), clock.monotonic_us() + 1'000),
              ChannelStatus::kTimedOut);
  });
  ASSERT_TRUE(eventually([&] { return channel->counters().senders_waiting == 1; }));
  clock.advance(1'000);
  sender.join();
  // NOLINTNEXTLINE(bugprone-use-after-move): a send that failed leaves it, which is the claim
  EXPECT_EQ(item.value(), 2U);
  EXPECT_EQ(channel->counters().sent, 1U);
}

TEST(ChannelThreads, AStopTokenWakesSenderAndReceiver) {
  auto full = open_channel<int>(1);
  auto empty = open_channel<int>(1);
  ASSERT_EQ(full->send(1), ChannelStatus::kOk);
  std::stop_source source;
  std::thread sender(
      [&] { EXPECT_EQ(full->send(2, source.get_token()), ChannelStatus::kStopped); });
  std::thread receiver(
      [&] { EXPECT_EQ(empty->recv(source.get_token()).status(), ChannelStatus::kStopped); });
  ASSERT_TRUE(eventually([&] {
    return full->counters().senders_waiting == 1 && empty->counters().receivers_waiting == 1;
  }));
  source.request_stop();
  sender.join();
  receiver.join();
}

/// More is sent than anyone takes: a bound stays a bound, and the books balance.
void overload(FullPolicy policy) {
  constexpr std::size_t kCapacity = 64;
  auto channel = open_channel<Counted>(kCapacity, policy);
  const std::uint64_t each = scaled(250'000);
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::int64_t> live_max{0};
  std::vector<std::thread> producers;
  for (std::uint64_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&] {
      std::uint64_t own = 0;
      for (std::uint64_t i = 0; i < each; ++i) {
        if (channel->send(Counted(i)) == ChannelStatus::kOk) ++own;
      }
      accepted += own;
    });
  }
  std::uint64_t received = 0;
  std::thread consumer([&] {
    // It takes one where ten come, unless the senders wait for it.
    for (std::uint64_t turn = 0;; ++turn) {
      if (policy != FullPolicy::kWait && turn % 10 != 0 && !channel->closed()) {
        std::this_thread::yield();
        continue;
      }
      live_max = std::max(live_max.load(), Counted::live().load());
      if (!channel->recv()) return;
      ++received;
    }
  });
  for (auto& thread : producers) thread.join();
  channel->close_sending();
  consumer.join();
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.sent, accepted);
  EXPECT_EQ(counters.received, received);
  EXPECT_EQ(counters.sent, counters.received + counters.dropped);
  EXPECT_EQ(counters.sent + counters.refused, each * kProducers);
  EXPECT_LE(counters.depth_max, kCapacity);
  // Beside what is inside: one in each producer's hand and one on its way out.
  EXPECT_LE(live_max, std::int64_t(kCapacity + 4 * kProducers));
  if (policy == FullPolicy::kWait) {
    EXPECT_EQ(received, each * kProducers);
  }
  if (policy != FullPolicy::kDropOldest) {
    EXPECT_EQ(counters.dropped, 0U);
  }
  channel.reset();
  EXPECT_EQ(Counted::live(), 0);
}

TEST(ChannelThreads, OverloadWithWaitLosesNothing) { overload(FullPolicy::kWait); }
TEST(ChannelThreads, OverloadWithRefuseCountsWhatItRefused) { overload(FullPolicy::kRefuse); }
TEST(ChannelThreads, OverloadWithDropOldestCountsWhatItDropped) {
  overload(FullPolicy::kDropOldest);
}

}  // namespace
}  // namespace tasker::events
