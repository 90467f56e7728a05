#include "core/events/channel.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/events/events_test_support.h"

namespace tasker::events {
namespace {

using base::ErrorCode;

std::vector<int> values_of(const Batch<int>& batch) { return {batch.begin(), batch.end()}; }

TEST(Channel, RefusesOptionsOutOfRange) {
  for (const std::size_t capacity : {std::size_t{0}, kChannelCapacityMax + 1}) {
    const auto channel = Channel<int>::open({.capacity = capacity}, system_clock());
    ASSERT_FALSE(channel);
    EXPECT_EQ(channel.error().code, ErrorCode::kINVALID_ARGUMENT);
    EXPECT_EQ(channel.error().field, "capacity");
  }
  const auto channel = Channel<int>::open({.full = static_cast<FullPolicy>(3)}, system_clock());
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().field, "full");
  EXPECT_TRUE(check_channel_options({.capacity = 1}));
  EXPECT_TRUE(check_channel_options({.capacity = kChannelCapacityMax}));
}

TEST(Channel, GivesItemsInTheOrderOfSending) {
  auto channel = open_channel<int>(3);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(channel->send(round * 3 + i), ChannelStatus::kOk);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(channel->recv().value(), round * 3 + i);
  }
}

TEST(Channel, TriesWithoutWaiting) {
  auto channel = open_channel<int>(1);
  EXPECT_EQ(channel->try_recv().status(), ChannelStatus::kEmpty);
  EXPECT_EQ(channel->try_send(1), ChannelStatus::kOk);
  EXPECT_EQ(channel->try_send(2), ChannelStatus::kFull);
  EXPECT_EQ(channel->try_recv().value(), 1);
  EXPECT_EQ(channel->counters().refused, 1U);
}

TEST(Channel, MovesFromAnItemOnlyWhenItIsAccepted) {
  auto channel = open_channel<Counted>(1);
  Counted first(1);
  Counted second(2);
  EXPECT_EQ(channel->try_send(std::move(first)), ChannelStatus::kOk);
  EXPECT_EQ(channel->try_send(std::move(second)), ChannelStatus::kFull);
  // NOLINTBEGIN(bugprone-use-after-move): what a refused send leaves behind is the claim
  EXPECT_TRUE(first.moved_from());
  EXPECT_EQ(second.value(), 2U);
  EXPECT_EQ(channel->send_until(std::move(second), 0), ChannelStatus::kTimedOut);
  EXPECT_EQ(second.value(), 2U);
  channel->close_sending();
  EXPECT_EQ(channel->send(std::move(second)), ChannelStatus::kClosed);
  EXPECT_EQ(second.value(), 2U);
  // NOLINTEND(bugprone-use-after-move)
}

TEST(Channel, RefusesAtOnceWhenFullWithThatPolicy) {
  auto channel = open_channel<int>(2, FullPolicy::kRefuse);
  std::vector<int> items{1, 2, 3, 4};
  const SentBatch sent = channel->send_batch(items);
  EXPECT_EQ(sent.status, ChannelStatus::kFull);
  EXPECT_EQ(sent.sent, 2U);
  EXPECT_EQ(channel->send(5), ChannelStatus::kFull);
  EXPECT_EQ(channel->counters().refused, 2U);
  EXPECT_EQ(channel->counters().sent, 2U);
}

TEST(Channel, DropsAndCountsTheOldestWithThatPolicy) {
  auto channel = open_channel<int>(3, FullPolicy::kDropOldest);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(channel->send(int{i}), ChannelStatus::kOk);
  std::vector<int> more{10, 11};
  EXPECT_EQ(channel->send_batch(more).sent, 2U);
  EXPECT_EQ(channel->try_send(12), ChannelStatus::kOk);
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.dropped, 10U);
  EXPECT_EQ(counters.sent, 13U);
  EXPECT_EQ(counters.depth, 3U);
  Batch<int> rest;
  EXPECT_EQ(channel->recv_batch(10, rest), ChannelStatus::kOk);
  EXPECT_EQ(values_of(rest), (std::vector<int>{10, 11, 12}));
}

TEST(Channel, ABatchThatDropsLeavesTheNewest) {
  auto channel = open_channel<int>(2, FullPolicy::kDropOldest);
  std::vector<int> items{1, 2, 3, 4, 5};
  EXPECT_EQ(channel->send_batch(items).sent, 5U);
  EXPECT_EQ(channel->recv().value(), 4);
  EXPECT_EQ(channel->recv().value(), 5);
  EXPECT_EQ(channel->counters().dropped, 3U);
}

TEST(Channel, CountsDepthAndItsHighest) {
  auto channel = open_channel<int>(8);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(channel->send(int{i}), ChannelStatus::kOk);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(channel->recv());
  EXPECT_EQ(channel->send(5), ChannelStatus::kOk);
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.depth, 2U);
  EXPECT_EQ(counters.depth_max, 5U);
  EXPECT_EQ(counters.sent, 6U);
  EXPECT_EQ(counters.received, 4U);
  EXPECT_EQ(counters.send_waits + counters.receive_waits, 0U);
}

TEST(Channel, TakesBatchesUpToTheirSize) {
  auto channel = open_channel<int>(8);
  Batch<int> batch;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(channel->send(int{i}), ChannelStatus::kOk);
  EXPECT_EQ(channel->recv_batch(4, batch), ChannelStatus::kOk);
  EXPECT_EQ(values_of(batch), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(channel->recv_batch(4, batch), ChannelStatus::kOk);
  EXPECT_EQ(values_of(batch), (std::vector<int>{0, 1, 2, 3, 4, 5})) << "it appends";
  EXPECT_EQ(channel->recv_batch(0, batch), ChannelStatus::kOk);
  EXPECT_EQ(channel->recv_batch(4, batch, 0), ChannelStatus::kTimedOut);
  EXPECT_EQ(channel->counters().received, 6U);
}

TEST(Channel, AnEmptyBatchIsFilledByExchangingMemory) {
  auto channel = open_channel<std::string>(100);
  Batch<std::string> batch;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(channel->send(std::to_string(round * 100 + i)), ChannelStatus::kOk);
    }
    batch.clear();
    ASSERT_EQ(channel->recv_batch(100, batch), ChannelStatus::kOk);
    ASSERT_EQ(batch.size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(batch[i], std::to_string(round * 100 + int(i)));
  }
}

TEST(Channel, ReceiversDrainWhatSendersClosed) {
  auto channel = open_channel<int>(4);
  EXPECT_EQ(channel->send(1), ChannelStatus::kOk);
  EXPECT_EQ(channel->send(2), ChannelStatus::kOk);
  EXPECT_FALSE(channel->closed());
  channel->close_sending();
  channel->close_sending();
  EXPECT_TRUE(channel->closed());
  EXPECT_EQ(channel->send(3), ChannelStatus::kClosed);
  EXPECT_EQ(channel->recv().value(), 1);
  EXPECT_EQ(channel->try_recv().value(), 2);
  EXPECT_EQ(channel->recv().status(), ChannelStatus::kClosed);
  EXPECT_EQ(channel->try_recv().status(), ChannelStatus::kClosed);
  Batch<int> batch;
  EXPECT_EQ(channel->recv_batch(1, batch), ChannelStatus::kClosed);
}

TEST(Channel, TheReceiverThatClosesGetsBackWhatIsInside) {
  auto channel = open_channel<Counted>(4);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(channel->send(Counted(i)), ChannelStatus::kOk);
  {
    const Batch<Counted> returned = channel->close_receiving();
    ASSERT_EQ(returned.size(), 3U);
    EXPECT_EQ(returned[0].value(), 0U);
    EXPECT_EQ(returned[2].value(), 2U);
  }
  EXPECT_EQ(Counted::live(), 0);
  EXPECT_EQ(channel->send(Counted(4)), ChannelStatus::kClosed);
  EXPECT_EQ(channel->recv().status(), ChannelStatus::kClosed);
  EXPECT_TRUE(channel->close_receiving().empty());
  channel->close_sending();
  const ChannelCounters counters = channel->counters();
  EXPECT_EQ(counters.returned, 3U);
  EXPECT_EQ(counters.sent, counters.received + counters.dropped + counters.returned);
}

TEST(Channel, ClosingBothSidesReturnsWhatWasNotDrained) {
  auto channel = open_channel<int>(4);
  std::vector<int> items{1, 2, 3};
  EXPECT_EQ(channel->send_batch(items).sent, 3U);
  channel->close_sending();
  EXPECT_EQ(channel->recv().value(), 1);
  EXPECT_EQ(values_of(channel->close_receiving()), (std::vector<int>{2, 3}));
}

TEST(Channel, LeavesNothingBehindWhenItIsDestroyed) {
  for (const auto policy : {FullPolicy::kWait, FullPolicy::kRefuse, FullPolicy::kDropOldest}) {
    {
      auto channel = open_channel<Counted>(3, policy);
      Batch<Counted> taken;
      for (std::uint64_t i = 0; i < 5; ++i) {
        const ChannelStatus status = channel->try_send(Counted(i));
        EXPECT_EQ(status == ChannelStatus::kOk, i < 3 || policy == FullPolicy::kDropOldest);
        if (i != 1) continue;
        EXPECT_EQ(channel->recv_batch(1, taken), ChannelStatus::kOk);
        EXPECT_EQ(channel->send(Counted(9)), ChannelStatus::kOk);
      }
      EXPECT_GT(Counted::live(), 0);
    }
    EXPECT_EQ(Counted::live(), 0);
  }
}

TEST(Channel, ADeadlineThatHasPassedMakesACallThatDoesNotWait) {
  ManualClock clock;
  auto channel = open_channel<int>(1, FullPolicy::kWait, clock);
  EXPECT_EQ(channel->recv_until(clock.monotonic_us()).status(), ChannelStatus::kTimedOut);
  EXPECT_EQ(channel->send_until(1, 0), ChannelStatus::kOk);
  EXPECT_EQ(channel->send_until(2, clock.monotonic_us() - 1), ChannelStatus::kTimedOut);
  EXPECT_EQ(channel->recv_until(0).value(), 1);
  EXPECT_EQ(channel->counters().senders_waiting + channel->counters().receivers_waiting, 0U);
}

TEST(Channel, AStopRequestEndsAWaitButNoCallThatNeedsNone) {
  auto channel = open_channel<int>(1);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(channel->recv(source.get_token()).status(), ChannelStatus::kStopped);
  EXPECT_EQ(channel->send(1, source.get_token()), ChannelStatus::kOk);
  EXPECT_EQ(channel->send(2, source.get_token()), ChannelStatus::kStopped);
  EXPECT_EQ(channel->recv(source.get_token()).value(), 1);
}

TEST(ChannelStatus, HasANameAndAnErrorForEachOutcome) {
  EXPECT_TRUE(to_status(ChannelStatus::kOk, "the mailbox"));
  const std::pair<ChannelStatus, ErrorCode> expected[] = {
      {ChannelStatus::kClosed, ErrorCode::kCLOSED},
      {ChannelStatus::kFull, ErrorCode::kFULL},
      {ChannelStatus::kEmpty, ErrorCode::kTIMED_OUT},
      {ChannelStatus::kTimedOut, ErrorCode::kTIMED_OUT},
      {ChannelStatus::kStopped, ErrorCode::kCLOSED},
  };
  for (const auto& [status, code] : expected) {
    const auto converted = to_status(status, "the mailbox");
    ASSERT_FALSE(converted);
    EXPECT_EQ(converted.error().code, code) << channel_status_name(status);
    EXPECT_NE(converted.error().message.find("the mailbox"), std::string::npos);
  }
  EXPECT_EQ(channel_status_name(ChannelStatus::kOk), "ok");
  EXPECT_EQ(channel_status_name(ChannelStatus::kTimedOut), "timed_out");
}

TEST(Batch, GrowsAndKeepsTheOrderAroundItsEnd) {
  Batch<int> batch;
  for (int i = 0; i < 3; ++i) batch.push_back(int{i});
  EXPECT_EQ(batch.pop_front(), 0);
  EXPECT_EQ(batch.pop_front(), 1);
  for (int i = 3; i < 12; ++i) batch.push_back(int{i});
  batch.push_front(1);
  EXPECT_EQ(values_of(batch), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  Batch<int> moved(std::move(batch));
  // NOLINTNEXTLINE(bugprone-use-after-move): an empty one is left behind, which is the claim
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(moved.size(), 11U);
  batch = std::move(moved);
  EXPECT_EQ(batch.front(), 1);
}

TEST(Batch, DestroysWhatItHolds) {
  {
    Batch<Counted> batch;
    for (std::uint64_t i = 0; i < 20; ++i) batch.push_back(Counted(i));
    EXPECT_EQ(Counted::live(), 20);
    batch.drop_front();
    EXPECT_EQ(batch.pop_front().value(), 1U);
    EXPECT_EQ(Counted::live(), 18);
    Batch<Counted> other;
    other.push_back(Counted(1));
    other = std::move(batch);
    EXPECT_EQ(Counted::live(), 18);
    other.clear();
    EXPECT_EQ(Counted::live(), 0);
    other.push_back(Counted(2));
  }
  EXPECT_EQ(Counted::live(), 0);
}

}  // namespace
}  // namespace tasker::events
