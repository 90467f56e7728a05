#include <gtest/gtest.h>

#include "core/store/testing/manual_clock.h"
#include "core/worker/dispatcher.h"
#include "core/worker/metrics.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;

class AttachmentsTest : public testing::Test {
 protected:
  AttachmentsTest() {
    auto compiled = std::make_shared<engine::CompiledTemplate>();
    compiled->stored.body.steps.resize(2);
    compiled->stored.body.steps[1].timeout_seconds = 7;
    compiled_ = std::move(compiled);
    auto task = std::make_shared<store::TaskHeader>();
    task->uuid = id(200);
    task_ = std::move(task);
    clock_.advance(1'000'000);  // a time of 0 stands for "not yet"
    dispatcher_.open();
  }

  static base::Uuid id(std::uint8_t last) {
    base::Uuid uuid;
    uuid.bytes[0] = 0xaa;
    uuid.bytes[15] = last;
    return uuid;
  }
  void dispatch(std::initializer_list<std::uint8_t> ids, Route route = {Executor::kThreads}) {
    std::vector<StepEvent> events;
    for (const std::uint8_t last : ids) {
      StepEvent& event = events.emplace_back();
      event.event_id = id(last);
      event.compiled = compiled_;
      event.task = task_;
      event.route = route;
      event.metrics = &handler_metrics_;
    }
    dispatcher_.dispatch(events, model::WorkerId{1});
  }
  /// An attachment whose wake-ups are counted.
  struct Counted {
    TakerPtr taker;
    std::shared_ptr<int> wakes = std::make_shared<int>(0);
  };
  Counted attach(Executor executor = Executor::kThreads) {
    Counted made{dispatcher_.attach(executor, "t")};
    EXPECT_TRUE(dispatcher_.set_wakeup(*made.taker, [wakes = made.wakes] { ++*wakes; }));
    return made;
  }
  std::vector<base::Uuid> poll(const Counted& by, std::size_t max = 10) {
    std::vector<StepEvent> events;
    EXPECT_TRUE(dispatcher_.poll(*by.taker, max, events));
    std::vector<base::Uuid> ids;
    for (const StepEvent& event : events) ids.push_back(event.event_id);
    return ids;
  }
  std::uint32_t room(Executor executor) const {
    store::ClaimBudget budget;
    dispatcher_.fill_budget({}, budget);
    return budget.room[index_of(executor)];
  }
  bool complete(const Counted& by, std::uint8_t last) {
    return dispatcher_.take(id(last), by.taker.get()).has_value();
  }

  store::testing::ManualClock clock_;
  std::shared_ptr<const engine::CompiledTemplate> compiled_;
  std::shared_ptr<const store::TaskHeader> task_;
  int main_wakes_ = 0;
  Metrics metrics_;
  HandlerMetrics& handler_metrics_ = metrics_.of("work");
  Dispatcher dispatcher_{{2, 4, 3}, 300'000, clock_};
};

TEST_F(AttachmentsTest, EachExecutorHasItsChannelAndItsRoom) {
  const Counted thread = attach();
  dispatch({1, 2});
  dispatch({3}, {Executor::kProcess});
  dispatch({4}, {Executor::kMain});
  EXPECT_EQ(room(Executor::kMain), 1U);
  EXPECT_EQ(room(Executor::kThreads), 2U);
  EXPECT_EQ(room(Executor::kProcess), 2U);
  EXPECT_EQ(poll(thread), (std::vector<base::Uuid>{id(1), id(2)}));
  std::vector<StepEvent> events;
  EXPECT_EQ(dispatcher_.poll(Executor::kProcess, 10, events), 1U);
  EXPECT_EQ(events[0].event_id, id(3));
  EXPECT_EQ(room(Executor::kThreads), 2U) << "a place is taken until its step is gone";
  EXPECT_TRUE(complete(thread, 1));
  EXPECT_EQ(room(Executor::kThreads), 3U);
  dispatcher_.set_room(Executor::kThreads, 0);
  EXPECT_EQ(room(Executor::kThreads), 0U) << "less room than is taken";
}

TEST_F(AttachmentsTest, AHandlersLimitCountsItsStepsUntilTheyAreGone) {
  const Counted thread = attach();
  dispatch({1, 2}, {Executor::kThreads, 1});
  const std::vector<std::uint32_t> limits{9, 3};
  store::ClaimBudget budget;
  dispatcher_.fill_budget(limits, budget);
  EXPECT_EQ(budget.limit_room, (std::vector<std::uint32_t>{9, 1}));
  poll(thread);
  EXPECT_TRUE(complete(thread, 1));
  dispatcher_.fill_budget(limits, budget);
  EXPECT_EQ(budget.limit_room, (std::vector<std::uint32_t>{9, 2}));
}

TEST_F(AttachmentsTest, AStepsDeadlineIsTheTemplatesThenTheHandlersThenTheWorkers) {
  const auto deadline_of = [&](std::uint8_t last, std::uint32_t template_step,
                               std::uint32_t deadline_ms) {
    std::vector<StepEvent> events(1);
    events[0].event_id = id(last);
    events[0].claim.template_step = template_step;
    events[0].compiled = compiled_;
    events[0].task = task_;
    events[0].metrics = &handler_metrics_;
    events[0].route = {Executor::kMain, Route::kUnregistered, deadline_ms};
    dispatcher_.dispatch(events, model::WorkerId{1});
    std::vector<StepEvent> polled;
    dispatcher_.poll(Executor::kMain, 1, polled);
    const auto taken = dispatcher_.take(id(last));
    return (taken->deadline_us - taken->started_us) / 1'000;
  };
  EXPECT_EQ(deadline_of(1, 1, 50), 7'000);
  EXPECT_EQ(deadline_of(2, 0, 50), 50);
  EXPECT_EQ(deadline_of(3, 0, 0), 300'000);
}

TEST_F(AttachmentsTest, AStepWakesOneIdleAttachmentAndNobodyElse) {
  dispatcher_.set_wakeup([this] { ++main_wakes_; });
  const Counted first = attach();
  const Counted second = attach();
  const Counted process = attach(Executor::kProcess);
  dispatch({1});
  EXPECT_EQ(*first.wakes + *second.wakes, 1);
  EXPECT_EQ(*process.wakes, 0);
  EXPECT_EQ(main_wakes_, 0) << "attachments serve that executor";
  dispatch({2});
  EXPECT_EQ(*first.wakes, 1);
  EXPECT_EQ(*second.wakes, 1) << "the other one's turn";
  dispatch({3});
  EXPECT_EQ(*first.wakes + *second.wakes, 2) << "both are on their way already";
  EXPECT_EQ(poll(first).size(), 3U);
  EXPECT_TRUE(poll(second).empty());
}

TEST_F(AttachmentsTest, AFullPollIsNotIdleAndWhoHoldsLeastIsWokenFirst) {
  const Counted busy = attach();
  const Counted free = attach();
  dispatch({1, 2});
  EXPECT_EQ(poll(busy, 1).size(), 1U);  // as much as it asked for: it looks again by itself
  EXPECT_EQ(poll(free).size(), 1U);
  EXPECT_TRUE(complete(free, 2));
  *busy.wakes = *free.wakes = 0;
  dispatch({3});
  EXPECT_EQ(*busy.wakes, 0);
  EXPECT_EQ(*free.wakes, 1);
  EXPECT_TRUE(poll(busy).size() == 1 && poll(free).empty());
  EXPECT_TRUE(poll(busy).empty());  // both idle now; `busy` has been for longer
  EXPECT_TRUE(poll(free).empty());
  dispatch({4});
  EXPECT_EQ(*free.wakes, 2) << "it holds nothing, the other one two";
}

TEST_F(AttachmentsTest, AWakeUpIsPassedOnWhenWhoHadItEnds) {
  dispatcher_.set_wakeup([this] { ++main_wakes_; });
  const Counted first = attach();
  const Counted second = attach();
  dispatch({1});
  ASSERT_EQ(*first.wakes, 1);
  dispatcher_.detach(*first.taker);
  EXPECT_EQ(*second.wakes, 1);
  EXPECT_TRUE(dispatcher_.set_wakeup(*second.taker, {}));
  EXPECT_EQ(main_wakes_, 0);
  dispatcher_.detach(*second.taker);
  EXPECT_EQ(main_wakes_, 1) << "nobody is attached: the worker's own front end serves it";
  std::vector<StepEvent> events;
  EXPECT_EQ(dispatcher_.poll(Executor::kThreads, 10, events), 1U);
}

TEST_F(AttachmentsTest, WhatCameBeforeAnAttachmentIsAnnouncedToIt) {
  dispatch({1});
  const Counted late = attach();
  EXPECT_EQ(*late.wakes, 1);
  EXPECT_EQ(poll(late).size(), 1U);
}

TEST_F(AttachmentsTest, NoticesGoToWhoTookTheEventAndToTheWorkersOwner) {
  const Counted one = attach();
  const Counted other = attach();
  dispatch({1});
  EXPECT_EQ(poll(one).size(), 1U);
  *one.wakes = *other.wakes = 0;
  EXPECT_EQ(dispatcher_.settle(AbortReason::kCancel, [](const Dispatched&) { return true; }).size(),
            1U);
  EXPECT_EQ(*one.wakes, 1);
  EXPECT_EQ(*other.wakes, 0);
  const auto own = dispatcher_.poll_notices(*one.taker, 10);
  ASSERT_TRUE(own && own->size() == 1);
  EXPECT_EQ((*own)[0].event_id, id(1));
  EXPECT_TRUE(dispatcher_.poll_notices(*other.taker, 10)->empty());
  const auto owners = dispatcher_.poll_notices(10);
  ASSERT_EQ(owners.size(), 1U);
  EXPECT_EQ(owners[0].reason, AbortReason::kCancel);
  EXPECT_EQ(room(Executor::kThreads), 3U) << "its handler may still run";
  Notice failed;
  failed.kind = Notice::Kind::kFailed;
  dispatcher_.notify_all(failed);
  EXPECT_EQ(dispatcher_.poll_notices(*other.taker, 10)->size(), 1U);
}

TEST_F(AttachmentsTest, AnEndedAttachmentsStepsAreTheWorkersOwn) {
  const Counted one = attach();
  const Counted other = attach();
  dispatch({1, 2, 3});
  EXPECT_EQ(poll(one).size(), 3U);
  EXPECT_FALSE(complete(other, 1)) << "another one's event";
  (void)dispatcher_.settle(AbortReason::kTimeout, [](const Dispatched& dispatched) {
    return dispatched.started_us != 0 && dispatched.claim.attempt == 0;
  });
  EXPECT_EQ(dispatcher_.end_attachment(one.taker->id).freed, 3U) << "settled ones are gone";
  EXPECT_EQ(room(Executor::kThreads), 4U);

  dispatch({4, 5});
  EXPECT_EQ(poll(other).size(), 2U);
  const Dispatcher::Ended ended = dispatcher_.end_attachment(other.taker->id);
  EXPECT_EQ(ended.held.size(), 2U);
  EXPECT_EQ(room(Executor::kThreads), 2U) << "until they are settled";
  EXPECT_EQ(dispatcher_.take(id(4), other.taker.get()).error().code, ErrorCode::kCLOSED);
  EXPECT_TRUE(dispatcher_.take(id(4)));
  const std::vector<base::Uuid> rest{id(5), id(77)};
  EXPECT_EQ(dispatcher_.hand_back(rest)->size(), 1U) << "unknown ones are passed over";
  EXPECT_EQ(room(Executor::kThreads), 4U);
  EXPECT_TRUE(dispatcher_.end_attachment(other.taker->id).held.empty()) << "twice";
  EXPECT_TRUE(dispatcher_.end_attachment(4711).held.empty());
}

TEST_F(AttachmentsTest, ADetachedOneLeavesItsStepsForTheWorkersOwner) {
  const Counted one = attach();
  dispatch({1, 2});
  EXPECT_EQ(poll(one, 1).size(), 1U);
  dispatcher_.detach(*one.taker);
  dispatcher_.detach(*one.taker);
  const auto notices = dispatcher_.poll_notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::kDetached);
  EXPECT_EQ(notices[0].attachment, one.taker->id);
  EXPECT_EQ(notices[0].held, 1U);
  std::vector<StepEvent> events;
  EXPECT_EQ(dispatcher_.poll(*one.taker, 1, events).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(dispatcher_.set_wakeup(*one.taker, [] {}).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(dispatcher_.executor_counts()[1].attachments.size(), 1U) << "shown until it is ended";
  EXPECT_EQ(dispatcher_.end_attachment(one.taker->id).held, (std::vector<base::Uuid>{id(1)}));
  EXPECT_TRUE(dispatcher_.executor_counts()[1].attachments.empty());
}

TEST_F(AttachmentsTest, AnIdleOneThatDetachesIsForgottenInSilence) {
  const Counted one = attach();
  dispatcher_.detach(*one.taker);
  EXPECT_TRUE(dispatcher_.poll_notices(10).empty());
  EXPECT_TRUE(dispatcher_.executor_counts()[1].attachments.empty());
}

TEST_F(AttachmentsTest, AHandedBackSettledStepOnlyFreesItsPlace) {
  const Counted one = attach();
  dispatch({1, 2});
  poll(one);
  (void)dispatcher_.settle(AbortReason::kLeaseLost, [](const Dispatched&) { return true; });
  const std::vector<base::Uuid> ids{id(1), id(2)};
  EXPECT_TRUE(dispatcher_.hand_back(ids, one.taker.get())->empty());
  EXPECT_EQ(room(Executor::kThreads), 4U);
}

TEST_F(AttachmentsTest, ACheckpointedStepGoesOnWithAnyTakerOfItsExecutor) {
  const Counted one = attach();
  dispatch({1});
  poll(one);
  const auto paused = dispatcher_.pause(id(1), base::derive_uuid(task_->uuid, 0), one.taker.get());
  ASSERT_TRUE(paused);
  EXPECT_TRUE(dispatcher_.end_attachment(one.taker->id).held.empty()) << "it has no event now";
  const Counted other = attach();
  StepEvent continuation;
  continuation.event_id = id(9);
  continuation.compiled = compiled_;
  continuation.task = task_;
  continuation.is_continuation = true;
  EXPECT_EQ(dispatcher_.resume(id(1), std::move(continuation)), Resumed::kQueued);
  EXPECT_EQ(*other.wakes, 1);
  EXPECT_EQ(poll(other), (std::vector<base::Uuid>{id(9)}));
  EXPECT_EQ(room(Executor::kThreads), 3U);
  EXPECT_TRUE(complete(other, 9));
  EXPECT_EQ(room(Executor::kThreads), 4U);
}

}  // namespace
}  // namespace tasker::worker
