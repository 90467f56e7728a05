#include "core/events/awaiting.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/events/events_test_support.h"
#include "core/events/run_loop.h"

namespace tasker::events {
namespace {

Detached receive_all(Awaiting<int> channel, std::vector<int>& got, ChannelStatus& ended) {
  for (;;) {
    auto item = co_await channel.recv();
    if (!item) {
      ended = item.error();
      co_return;
    }
    got.push_back(*item);
  }
}

Detached send_all(Awaiting<int> channel, std::vector<int> items,
                  std::vector<ChannelStatus>& outcomes) {
  for (const int item : items) outcomes.push_back(co_await channel.send(item));
}

TEST(Awaiting, AReceiverGoesOnInsideTheSendThatServesIt) {
  auto channel = open_channel<int>(2);
  std::vector<int> got;
  ChannelStatus ended = ChannelStatus::kOk;
  receive_all(Awaiting<int>(*channel), got, ended);
  EXPECT_EQ(channel->counters().receivers_waiting, 1U);
  EXPECT_EQ(channel->send(1), ChannelStatus::kOk);
  EXPECT_EQ(got, std::vector<int>{1});
  EXPECT_EQ(channel->send(2), ChannelStatus::kOk);
  EXPECT_EQ(got, (std::vector<int>{1, 2}));
  channel->close_sending();
  EXPECT_EQ(ended, ChannelStatus::kClosed);
  EXPECT_EQ(channel->counters().receive_waits, 3U);
}

TEST(Awaiting, ASenderWaitsForRoomAndGoesOnInsideTheReceive) {
  auto channel = open_channel<int>(1);
  std::vector<ChannelStatus> outcomes;
  send_all(Awaiting<int>(*channel), {1, 2, 3}, outcomes);
  EXPECT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(channel->recv().value(), 1);
  EXPECT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(channel->recv().value(), 2);
  EXPECT_EQ(channel->recv().value(), 3);
  EXPECT_EQ(outcomes, std::vector<ChannelStatus>(3, ChannelStatus::kOk));
  EXPECT_EQ(channel->counters().send_waits, 2U);
}

TEST(Awaiting, AFullChannelRefusesOrDropsByItsPolicyWithoutWaiting) {
  auto refusing = open_channel<int>(1, FullPolicy::kRefuse);
  auto dropping = open_channel<int>(1, FullPolicy::kDropOldest);
  std::vector<ChannelStatus> refused;
  std::vector<ChannelStatus> dropped;
  send_all(Awaiting<int>(*refusing), {1, 2}, refused);
  send_all(Awaiting<int>(*dropping), {1, 2}, dropped);
  EXPECT_EQ(refused, (std::vector<ChannelStatus>{ChannelStatus::kOk, ChannelStatus::kFull}));
  EXPECT_EQ(dropped, (std::vector<ChannelStatus>{ChannelStatus::kOk, ChannelStatus::kOk}));
  EXPECT_EQ(refusing->counters().refused, 1U);
  EXPECT_EQ(dropping->counters().dropped, 1U);
}

TEST(Awaiting, WaitingCoroutinesAreServedInTheOrderInWhichTheyCame) {
  auto channel = open_channel<int>(1);
  std::vector<ChannelStatus> outcomes;
  for (int first = 0; first < 30; first += 10) {
    send_all(Awaiting<int>(*channel), {first, first + 1}, outcomes);
  }
  std::vector<int> got;
  for (int i = 0; i < 6; ++i) got.push_back(channel->recv().value());
  EXPECT_EQ(got, (std::vector<int>{0, 1, 10, 20, 11, 21}));
}

TEST(Awaiting, AStopRequestEndsTheWaitsOfBothSides) {
  auto empty = open_channel<int>(1);
  auto full = open_channel<int>(1);
  ASSERT_EQ(full->send(0), ChannelStatus::kOk);
  std::stop_source source;
  std::vector<int> got;
  std::vector<ChannelStatus> outcomes;
  ChannelStatus ended = ChannelStatus::kOk;
  receive_all(Awaiting<int>(*empty, source.get_token()), got, ended);
  send_all(Awaiting<int>(*full, source.get_token()), {1}, outcomes);
  source.request_stop();
  EXPECT_EQ(ended, ChannelStatus::kStopped);
  EXPECT_EQ(outcomes, std::vector<ChannelStatus>{ChannelStatus::kStopped});
  receive_all(Awaiting<int>(*empty, source.get_token()), got, ended = ChannelStatus::kOk);
  EXPECT_EQ(ended, ChannelStatus::kStopped) << "also one that was requested before";
  EXPECT_EQ(empty->counters().receivers_waiting + full->counters().senders_waiting, 0U);
}

TEST(Awaiting, ClosingTheReceivingSideEndsAWaitingSender) {
  auto channel = open_channel<int>(1);
  std::vector<ChannelStatus> outcomes;
  send_all(Awaiting<int>(*channel), {1, 2}, outcomes);
  EXPECT_EQ(channel->close_receiving().size(), 1U);
  EXPECT_EQ(outcomes, (std::vector<ChannelStatus>{ChannelStatus::kOk, ChannelStatus::kClosed}));
}

Detached forward(Awaiting<int> from, Channel<int>& to) {
  const Awaiting<int> out(to);
  while (auto item = co_await from.recv()) {
    if (co_await out.send(*item + 1) != ChannelStatus::kOk) co_return;
  }
  to.close_sending();
}

TEST(Awaiting, APipelineOfCoroutinesPassesEverythingOn) {
  constexpr std::size_t kStages = 50;
  std::vector<std::unique_ptr<Channel<int>>> channels;
  for (std::size_t i = 0; i <= kStages; ++i) channels.push_back(open_channel<int>(1));
  for (std::size_t i = 0; i < kStages; ++i) forward(Awaiting<int>(*channels[i]), *channels[i + 1]);
  std::vector<int> got;
  ChannelStatus ended = ChannelStatus::kOk;
  receive_all(Awaiting<int>(*channels[kStages]), got, ended);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(channels[0]->send(int{i}), ChannelStatus::kOk);
  channels[0]->close_sending();
  ASSERT_EQ(got.size(), 100U);
  EXPECT_EQ(got.front(), int{kStages});
  EXPECT_EQ(got.back(), 99 + int{kStages});
  EXPECT_EQ(ended, ChannelStatus::kClosed);
}

Detached receive_one(AwaitingOn<int> channel, std::int64_t deadline_us, RunLoop& loop,
                     Received<int>& got) {
  got = co_await channel.recv_until(deadline_us);
  loop.stop();
}

TEST(AwaitingOn, GoesOnByItsSchedulerOnly) {
  auto channel = open_channel<int>(1);
  RunLoop loop(system_clock());
  Received<int> got = tl::unexpected(ChannelStatus::kEmpty);
  receive_one(AwaitingOn<int>(*channel, loop), kNever, loop, got);
  EXPECT_EQ(channel->send(7), ChannelStatus::kOk);
  EXPECT_FALSE(got) << "it was resumed inside the send";
  loop.run();
  EXPECT_EQ(got.value(), 7);
}

TEST(AwaitingOn, ADeadlineEndsAReceive) {
  ManualClock clock;
  auto channel = open_channel<int>(1, FullPolicy::kWait, clock);
  RunLoop loop(clock);
  Received<int> got = tl::unexpected(ChannelStatus::kEmpty);
  receive_one(AwaitingOn<int>(*channel, loop), clock.monotonic_us() + 50, loop, got);
  clock.advance(50);
  loop.run();
  EXPECT_EQ(got.status(), ChannelStatus::kTimedOut);
  EXPECT_EQ(channel->counters().receivers_waiting, 0U);
}

TEST(AwaitingOn, AnItemBeforeTheDeadlineDisarmsIt) {
  ManualClock clock;
  auto channel = open_channel<int>(1, FullPolicy::kWait, clock);
  RunLoop loop(clock);
  Received<int> got = tl::unexpected(ChannelStatus::kEmpty);
  receive_one(AwaitingOn<int>(*channel, loop), clock.monotonic_us() + 50, loop, got);
  EXPECT_EQ(channel->send(7), ChannelStatus::kOk);
  clock.advance(100);
  loop.run();
  EXPECT_EQ(got.value(), 7);
}

Detached send_one(AwaitingOn<std::string> channel, std::int64_t deadline_us, RunLoop& loop,
                  ChannelStatus& outcome) {
  outcome = co_await channel.send_until("second", deadline_us);
  loop.stop();
}

TEST(AwaitingOn, ADeadlineEndsASend) {
  ManualClock clock;
  auto channel = open_channel<std::string>(1, FullPolicy::kWait, clock);
  RunLoop loop(clock);
  ASSERT_EQ(channel->send("first"), ChannelStatus::kOk);
  ChannelStatus outcome = ChannelStatus::kOk;
  send_one(AwaitingOn<std::string>(*channel, loop), clock.monotonic_us() + 50, loop, outcome);
  clock.advance(50);
  loop.run();
  EXPECT_EQ(outcome, ChannelStatus::kTimedOut);
  EXPECT_EQ(channel->recv().value(), "first");
  EXPECT_EQ(channel->try_recv().status(), ChannelStatus::kEmpty);
}

TEST(RunLoop, RunsTimersInTheOrderOfTheirDeadlines) {
  ManualClock clock;
  RunLoop loop(clock);
  const std::int64_t now_us = clock.monotonic_us();
  std::vector<int> ran;
  loop.call_at(now_us + 30, [&] {
    ran.push_back(3);
    loop.stop();
  });
  loop.call_at(now_us + 10, [&] { ran.push_back(1); });
  loop.call_at(now_us + 20, [&] { ran.push_back(2); });
  clock.advance(30);
  loop.run();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
}

TEST(RunLoop, ACancelledTimerDoesNotRun) {
  ManualClock clock;
  RunLoop loop(clock);
  bool ran = false;
  Scheduler::TimerId second = 0;
  loop.call_at(0, [&] { loop.cancel(second); });
  second = loop.call_at(1, [&] { ran = true; });
  loop.call_at(2, [&] { loop.stop(); });
  loop.cancel(12345);
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(RunLoop, AStopBeforeTheRunCounts) {
  RunLoop loop(system_clock());
  loop.stop();
  loop.run();
  bool ran = false;
  loop.call_at(0, [&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace tasker::events
