#include "core/worker/dispatcher.h"

#include <gtest/gtest.h>

#include "core/store/testing/manual_clock.h"
#include "core/worker/metrics.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;

constexpr std::int64_t kSecond = 1'000'000;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    auto compiled = std::make_shared<engine::CompiledTemplate>();
    compiled->stored.body.steps.resize(1);
    compiled->stored.body.steps[0].timeout_seconds = 10;
    compiled_ = std::move(compiled);
    auto task = std::make_shared<store::TaskHeader>();
    task->uuid = id(1);
    task_ = std::move(task);
    clock_.advance(kSecond);  // a time of 0 stands for "not yet"
    dispatcher_.open();
  }

  static base::Uuid id(std::uint8_t last) {
    base::Uuid uuid;
    uuid.bytes[0] = 0xee;
    uuid.bytes[15] = last;
    return uuid;
  }
  StepEvent event(std::uint8_t last) {
    StepEvent event;
    event.event_id = id(last);
    event.compiled = compiled_;
    event.task = task_;
    event.correlation_id = id(99);
    event.metrics = &handler_metrics_;
    return event;
  }
  base::Uuid step_uuid() const { return base::derive_uuid(task_->uuid, 0); }

  /// Dispatches event `last` and polls it.
  void run(std::uint8_t last) {
    std::vector<StepEvent> events;
    events.push_back(event(last));
    dispatcher_.dispatch(events, model::WorkerId{1});
    poll_one(last);
  }
  void poll_one(std::uint8_t last) {
    std::vector<StepEvent> polled;
    ASSERT_EQ(dispatcher_.poll(Executor::kMain, 5, polled), 1U);
    EXPECT_EQ(polled[0].event_id, id(last));
  }
  std::uint32_t room() const {
    store::ClaimBudget budget;
    dispatcher_.fill_budget({}, budget);
    return budget.room[0];
  }
  std::size_t overdue() {
    std::int64_t next_us = 0;
    return dispatcher_.settle_overdue(next_us).size();
  }
  ErrorCode take_error(std::uint8_t last) {
    auto taken = dispatcher_.take(id(last));
    return taken ? ErrorCode::kINTERNAL : taken.error().code;
  }

  store::testing::ManualClock clock_;
  Metrics metrics_;
  HandlerMetrics& handler_metrics_ = metrics_.of("work");
  std::shared_ptr<const engine::CompiledTemplate> compiled_;
  std::shared_ptr<const store::TaskHeader> task_;
  Dispatcher dispatcher_{{2, 4, 4}, 300'000, clock_};
};

TEST_F(DispatcherTest, APausedEventIsGoneAndKeepsItsPlace) {
  run(1);
  const auto paused = dispatcher_.pause(id(1), step_uuid());
  ASSERT_TRUE(paused);
  EXPECT_EQ(paused->correlation_id, id(99));
  EXPECT_EQ(take_error(1), ErrorCode::kUNKNOWN_EVENT);
  EXPECT_EQ(dispatcher_.pause(id(1), step_uuid()).error().code, ErrorCode::kUNKNOWN_EVENT);
  EXPECT_EQ(room(), 1U);
  EXPECT_EQ(dispatcher_.counts(0).running, 0U);
  EXPECT_FALSE(dispatcher_.wait_idle(0)) << "a drain waits for it";
  dispatcher_.leave(id(1));
  EXPECT_EQ(room(), 2U);
  EXPECT_TRUE(dispatcher_.wait_idle(0));
}

TEST_F(DispatcherTest, AnEventOfAnotherStepStaysWhereItIs) {
  run(1);
  EXPECT_EQ(dispatcher_.pause(id(1), id(5)).error().field, "step_uuid");
  EXPECT_TRUE(dispatcher_.take(id(1)));
}

TEST_F(DispatcherTest, TheDeadlineRunsAnewFromTheContinuationsPoll) {
  run(1);
  clock_.advance(9 * kSecond);
  ASSERT_TRUE(dispatcher_.pause(id(1), step_uuid()));
  clock_.advance(9 * kSecond);
  EXPECT_EQ(overdue(), 0U) << "no time runs while the checkpoint is stored";
  ASSERT_EQ(dispatcher_.resume(id(1), event(2)), Resumed::kQueued);
  clock_.advance(9 * kSecond);
  EXPECT_EQ(overdue(), 0U) << "nor while it waits for its poll";
  const std::int64_t polled_us = clock_.monotonic_us();
  poll_one(2);
  EXPECT_EQ(dispatcher_.next_deadline_us(), polled_us + 10 * kSecond);
  clock_.advance(9 * kSecond);
  EXPECT_EQ(overdue(), 0U);
  clock_.advance(kSecond);
  EXPECT_EQ(overdue(), 1U);
  EXPECT_EQ(take_error(2), ErrorCode::kFENCED);
}

TEST_F(DispatcherTest, TheAttemptsStartIsThatOfItsFirstRun) {
  const std::int64_t started_us = clock_.wall_us();
  run(1);
  clock_.advance(kSecond);
  ASSERT_TRUE(dispatcher_.pause(id(1), step_uuid()));
  ASSERT_EQ(dispatcher_.resume(id(1), event(2)), Resumed::kQueued);
  poll_one(2);
  const auto taken = dispatcher_.take(id(2));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->started_wall_us, started_us);
  EXPECT_EQ(taken->started_us, clock_.monotonic_us());
}

TEST_F(DispatcherTest, APausedStepThatIsSettledDoesNotGoOnAndNobodyIsTold) {
  run(1);
  ASSERT_TRUE(dispatcher_.pause(id(1), step_uuid()));
  EXPECT_EQ(dispatcher_.settle(AbortReason::kCancel, [](const Dispatched&) { return true; }).size(),
            1U);
  EXPECT_TRUE(dispatcher_.poll_notices(5).empty());
  EXPECT_EQ(dispatcher_.resume(id(1), event(2)), Resumed::kSettled);
  EXPECT_EQ(room(), 2U);
}

TEST_F(DispatcherTest, AClosedChannelKeepsThePausedStepUntilItIsLeft) {
  run(1);
  ASSERT_TRUE(dispatcher_.pause(id(1), step_uuid()));
  dispatcher_.close();
  EXPECT_EQ(dispatcher_.resume(id(1), event(2)), Resumed::kClosed);
  EXPECT_FALSE(dispatcher_.wait_idle(0));
  dispatcher_.leave(id(1));
  EXPECT_TRUE(dispatcher_.wait_idle(0));
}

TEST_F(DispatcherTest, TheWakeUpIsCoalescedKindByKind) {
  int calls = 0;
  dispatcher_.set_wakeup([&] { ++calls; });
  dispatcher_.notify({});
  dispatcher_.notify({});
  EXPECT_EQ(calls, 1);
  run(1);
  EXPECT_EQ(calls, 2) << "notices that nobody polls do not hide step events";
  run(2);
  EXPECT_EQ(calls, 3) << "the poll had found nothing more";
  dispatcher_.notify({});
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(dispatcher_.poll_notices(2).size(), 2U);
  dispatcher_.notify({});
  EXPECT_EQ(calls, 3) << "one is left, so that the last call is not answered yet";
  EXPECT_EQ(dispatcher_.poll_notices(9).size(), 2U);
  dispatcher_.notify({});
  EXPECT_EQ(calls, 4);
  dispatcher_.set_wakeup([&] { calls += 10; });
  EXPECT_EQ(calls, 14) << "what waits is told to a new wake-up";
}

TEST_F(DispatcherTest, AContinuationWakesUp) {
  int calls = 0;
  dispatcher_.set_wakeup([&] { ++calls; });
  run(1);
  ASSERT_TRUE(dispatcher_.pause(id(1), step_uuid()));
  ASSERT_EQ(dispatcher_.resume(id(1), event(2)), Resumed::kQueued);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace tasker::worker
