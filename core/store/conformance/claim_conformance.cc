// Claiming: in order, within the room, for the handlers that the worker has, each step once.
#include <algorithm>
#include <set>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;

TEST_P(ClaimConformance, HigherPriorityComesFirstThenTheOlder) {
  const Workflow workflow = put(make_template("single", {{"a"}}));
  const model::TaskId low = create(workflow, -100);
  const model::TaskId normal_old = create(workflow, 0);
  const model::TaskId high_old = create(workflow, 100);
  const model::TaskId normal_new = create(workflow, 0);
  const model::TaskId high_new = create(workflow, 100);
  const model::TaskId slight = create(workflow, 1);
  const std::vector<model::StepKey> expected{{high_old, 0},   {high_new, 0},   {slight, 0},
                                             {normal_old, 0}, {normal_new, 0}, {low, 0}};
  const model::WorkerId worker = join();
  std::vector<model::StepKey> one_by_one;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::vector<Claim> claims = claim(worker, 1);
    ASSERT_EQ(claims.size(), 1U);
    one_by_one.push_back(claims[0].step);
  }
  EXPECT_EQ(one_by_one, expected);
}

TEST_P(ClaimConformance, ABatchOfClaimsIsInTheSameOrder) {
  const Workflow workflow = put(make_template("single", {{"a"}}));
  std::vector<std::pair<std::int32_t, model::TaskId>> tasks;
  for (int i = 0; i < 60; ++i) {
    const auto priority = static_cast<std::int32_t>(random_.below(5)) - 2;
    tasks.emplace_back(priority, create(workflow, priority));
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<model::StepKey> expected;
  for (const auto& [priority, id] : tasks) expected.push_back({id, 0});
  const model::WorkerId worker = join();
  const std::vector<Claim> first = claim(worker, 25);
  const std::vector<Claim> second = claim(worker);
  std::vector<model::StepKey> claimed = steps_of(first);
  for (const model::StepKey key : steps_of(second)) claimed.push_back(key);
  EXPECT_EQ(claimed, expected);
}

TEST_P(ClaimConformance, PriorityCountsAcrossHandlersThatShareAnExecutor) {
  const Workflow first = put(make_template("first", {{"a", {}, "first"}}));
  const Workflow second = put(make_template("second", {{"a", {}, "second"}}));
  std::vector<std::pair<std::int32_t, model::TaskId>> tasks;
  for (int i = 0; i < 40; ++i) {
    const auto priority = static_cast<std::int32_t>(random_.below(5)) - 2;
    tasks.emplace_back(priority, create(random_.below(2) == 0 ? first : second, priority));
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const model::WorkerId worker = join();
  std::set<model::StepKey> expected;
  for (std::size_t i = 0; i < 10; ++i) expected.insert({tasks[i].second, 0});
  const std::vector<model::StepKey> claimed = steps_of(claim(worker, 10));
  EXPECT_EQ(std::set<model::StepKey>(claimed.begin(), claimed.end()), expected);
}

TEST_P(ClaimConformance, WhatBecameClaimableAndStaysSoIsListedInOrderWhenAsked) {
  const Workflow mine = put(make_template("mine", {{"a", {}, "mine"}}));
  const Workflow theirs = put(make_template("theirs", {{"a", {}, "theirs"}, {"b", {}, "theirs"}}));
  WriteBatch batch = claim_batch(join(), 1);
  batch.budget.executor_of_handler[static_cast<std::size_t>(theirs.handler(0))] =
      ClaimBudget::kNotMine;
  batch.tasks.push_back(new_task(mine));
  batch.tasks.push_back(new_task(theirs));
  batch.list_enqueued = true;
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.claims.size(), 1U);
  const model::TaskId left = outcome.tasks[1].id;
  EXPECT_EQ(outcome.enqueued, (std::vector<model::StepKey>{{left, 0}, {left, 1}}));
  batch.tasks = {new_task(theirs)};
  batch.list_enqueued = false;
  EXPECT_TRUE(write(batch).enqueued.empty());
}

TEST_P(ClaimConformance, ClaimsOfOlderStepsDoNotHideThatNewOnesAreLeft) {
  const Workflow mine = put(make_template("mine", {{"a", {}, "mine"}}));
  const Workflow theirs = put(make_template("theirs", {{"a", {}, "theirs"}}));
  create(mine);
  WriteBatch batch = claim_batch(join());
  batch.budget.executor_of_handler[static_cast<std::size_t>(theirs.handler(0))] =
      ClaimBudget::kNotMine;
  batch.tasks.push_back(new_task(theirs));
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.claims.size(), 1U);
  EXPECT_TRUE(outcome.left_claimable) << "the new task's step waits for a worker that was not told";
}

TEST_P(ClaimConformance, AClaimCarriesAllThatDispatchNeeds) {
  const Workflow workflow = put(make_template("two", {{"a", {}, "x"}, {"b", {}, "y"}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  ASSERT_EQ(claims.size(), 2U);
  for (const Claim& claimed : claims) {
    EXPECT_EQ(claimed.step.task, id);
    EXPECT_EQ(claimed.template_id, workflow.stored.id);
    EXPECT_EQ(claimed.template_step, claimed.step.index);
    EXPECT_EQ(claimed.handler, workflow.handler(claimed.template_step));
    EXPECT_EQ(claimed.attempt, 1U);
    EXPECT_EQ(claimed.claimed_at_us, now_us());
    const StepRecord record = step(id, claimed.step.index);
    EXPECT_EQ(record.state, StepState::kInProgress);
    EXPECT_EQ(record.worker, worker);
    EXPECT_EQ(record.attempt, 1U);
    EXPECT_EQ(record.claimed_at_us, now_us());
  }
}

TEST_P(ClaimConformance, AClaimedStepIsNobodyElses) {
  create(put_wide(10));
  const model::WorkerId first = join();
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId second = join(*other, "second");
  std::set<model::StepKey> seen;
  for (int round = 0; round < 5; ++round) {
    for (const Claim& claimed : claim(first, 1)) EXPECT_TRUE(seen.insert(claimed.step).second);
    for (const Claim& claimed : claim(*other, second, 1)) {
      EXPECT_TRUE(seen.insert(claimed.step).second);
    }
  }
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_TRUE(claim(first).empty());
  EXPECT_TRUE(claim(*other, second).empty());
}

TEST_P(ClaimConformance, RoomGoesDownByExecutorAndIsNeverExceeded) {
  const Workflow workflow = put(make_template("mixed", {{"a", {}, "main_one"},
                                                        {"b", {}, "main_two"},
                                                        {"c", {}, "thread_one"},
                                                        {"d", {}, "process_one"}}));
  for (int i = 0; i < 10; ++i) create(workflow);
  WriteBatch batch = claim_batch(join());
  batch.budget.room = {5, 3, 0};
  for (std::size_t index = 0; index < 4; ++index) {
    batch.budget.executor_of_handler[static_cast<std::size_t>(workflow.handler(index))] =
        static_cast<std::int16_t>(index < 2 ? 0 : index - 1);
  }
  const WriteOutcome outcome = write(batch);
  std::vector<int> by_step(4);
  for (const Claim& claimed : outcome.claims) ++by_step[claimed.template_step];
  EXPECT_EQ(by_step[0] + by_step[1], 5);
  EXPECT_EQ(by_step[2], 3);
  EXPECT_EQ(by_step[3], 0);
  EXPECT_EQ(batch.budget.room, (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_TRUE(outcome.unknown_handlers.empty());
}

TEST_P(ClaimConformance, AHandlersLimitHoldsInsideItsExecutorsRoom) {
  const Workflow workflow = put(make_template(
      "limits", {{"a", {}, "limited"}, {"b", {}, "free"}, {"c", {"b"}, "limited_after"}}));
  for (int i = 0; i < 10; ++i) create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch = claim_batch(worker);
  batch.budget.room = {8};
  // Two handlers share a limit; the last index is past the end of the list: no limit.
  batch.budget.limit_of_handler.assign(batch.budget.executor_of_handler.size(),
                                       ClaimBudget::kNoLimit);
  for (const std::size_t index : {0, 2})
    batch.budget.limit_of_handler[static_cast<std::size_t>(workflow.handler(index))] = 0;
  batch.budget.limit_room = {3};
  const WriteOutcome first = write(batch);
  std::vector<int> by_step(3);
  for (const Claim& claimed : first.claims) ++by_step[claimed.template_step];
  EXPECT_EQ(by_step, (std::vector<int>{3, 5, 0}));
  EXPECT_EQ(batch.budget.room, (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(batch.budget.limit_room, (std::vector<std::uint32_t>{0}));

  // A step that a completion makes ready finds its limit used up, and then one place of it.
  for (const std::uint32_t places : {0U, 1U}) {
    WriteBatch completing = claim_batch(worker);
    completing.claim = false;
    completing.budget = batch.budget;
    completing.budget.room = {8};
    completing.budget.limit_room = {places};
    const auto done = std::find_if(first.claims.begin(), first.claims.end(), [&](const Claim& one) {
      return one.template_step == 1 && step_state(one.step.task, 1) == StepState::kInProgress;
    });
    ASSERT_NE(done, first.claims.end());
    completing.completions.push_back(success(workflow, *done, worker));
    const WriteOutcome outcome = write(completing);
    EXPECT_EQ(outcome.claims.size(), places);
    EXPECT_EQ(outcome.left_claimable, places == 0);
    EXPECT_EQ(completing.budget.limit_room, (std::vector<std::uint32_t>{0}));
  }
}

TEST_P(ClaimConformance, ALimitThatIsUsedUpDoesNotHideOtherHandlers) {
  const Workflow limited = put(make_template("limited", {{"a", {}, "limited"}}));
  const Workflow other = put(make_template("other", {{"a", {}, "other"}}));
  WriteBatch creation;
  creation.now_us = tick();
  for (int i = 0; i < 1000; ++i) {
    creation.tasks.push_back(new_task(limited));
    creation.tasks.back().priority = 100;
  }
  creation.tasks.push_back(new_task(other));
  write(creation);
  WriteBatch batch = claim_batch(join(), 600);
  batch.budget.limit_of_handler.assign(static_cast<std::size_t>(limited.handler(0)) + 1,
                                       ClaimBudget::kNoLimit);
  batch.budget.limit_of_handler[static_cast<std::size_t>(limited.handler(0))] = 0;
  batch.budget.limit_room = {300};
  EXPECT_EQ(write(batch).claims.size(), 301U);
  EXPECT_EQ(batch.budget.room[0], 299U);
}

TEST_P(ClaimConformance, RoomThatIsNotUsedStays) {
  create(put_wide(3));
  WriteBatch batch = claim_batch(join(), 10);
  EXPECT_EQ(write(batch).claims.size(), 3U);
  EXPECT_EQ(batch.budget.room[0], 7U);
}

TEST_P(ClaimConformance, WithoutRoomNothingIsClaimed) {
  create(put_wide(3));
  EXPECT_TRUE(claim(join(), 0).empty());
  EXPECT_EQ(claim(join()).size(), 3U);
}

TEST_P(ClaimConformance, StepsOfEarlierCommitsAreClaimedOnlyWhenAsked) {
  create(put_wide(3));
  const model::WorkerId worker = join();
  WriteBatch batch = claim_batch(worker);
  batch.claim = false;
  EXPECT_TRUE(write(batch).claims.empty());
  EXPECT_EQ(claim(worker).size(), 3U);
}

TEST_P(ClaimConformance, StepsForHandlersOfOthersAreLeftInSilence) {
  const Workflow workflow =
      put(make_template("two", {{"mine", {}, "mine"}, {"theirs", {}, "theirs"}}));
  const model::TaskId id = create(workflow);
  WriteBatch batch = claim_batch(join());
  batch.budget.executor_of_handler[static_cast<std::size_t>(workflow.handler(1))] =
      ClaimBudget::kNotMine;
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(steps_of(outcome.claims), (std::vector<model::StepKey>{{id, 0}}));
  EXPECT_TRUE(outcome.unknown_handlers.empty());
  EXPECT_EQ(step_state(id, 1), StepState::kEnqueued);
}

TEST_P(ClaimConformance, UnknownHandlersAreReportedAndTheirStepsLeft) {
  const Workflow workflow = put(
      make_template("three", {{"known", {}, "known"}, {"new", {}, "new"}, {"newer", {}, "newer"}}));
  const model::TaskId id = create(workflow);
  const model::TaskId second = create(workflow);
  WriteBatch batch = claim_batch(join());
  batch.budget.executor_of_handler[static_cast<std::size_t>(workflow.handler(1))] =
      ClaimBudget::kUnknown;
  batch.budget.executor_of_handler.resize(static_cast<std::size_t>(workflow.handler(2)));
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(steps_of(outcome.claims), (std::vector<model::StepKey>{{id, 0}, {second, 0}}));
  const std::set<model::HandlerId> unknown(outcome.unknown_handlers.begin(),
                                           outcome.unknown_handlers.end());
  EXPECT_EQ(unknown, (std::set<model::HandlerId>{workflow.handler(1), workflow.handler(2)}));
  EXPECT_EQ(step_state(id, 1), StepState::kEnqueued);
  EXPECT_EQ(step_state(id, 2), StepState::kEnqueued);
}

TEST_P(ClaimConformance, ManyStepsThatOthersRunDoNotHideOneThatIsMine) {
  const Workflow theirs = put(make_template("theirs", {{"a", {}, "theirs"}}));
  const Workflow full = put(make_template("full", {{"a", {}, "full"}}));
  const Workflow mine = put(make_template("mine", {{"a", {}, "mine"}}));
  WriteBatch creation;
  creation.now_us = tick();
  for (int i = 0; i < 2000; ++i) {
    creation.tasks.push_back(new_task(i % 2 == 0 ? theirs : full));
    creation.tasks.back().priority = i % 100;
  }
  creation.tasks.push_back(new_task(mine));
  creation.tasks.back().priority = -100;
  const WriteOutcome created = write(creation);
  WriteBatch batch = claim_batch(join());
  batch.budget.room = {1, 0};
  batch.budget.executor_of_handler[static_cast<std::size_t>(theirs.handler(0))] =
      ClaimBudget::kNotMine;
  batch.budget.executor_of_handler[static_cast<std::size_t>(full.handler(0))] = 1;
  EXPECT_EQ(steps_of(write(batch).claims),
            (std::vector<model::StepKey>{{created.tasks.back().id, 0}}));
}

TEST_P(ClaimConformance, AClaimSurvivesReopening) {
  const model::TaskId id = create(put_wide(2));
  const model::WorkerId worker = join();
  claim(worker, 1);
  reopen();
  EXPECT_EQ(step_state(id, 0), StepState::kInProgress);
  EXPECT_EQ(step(id, 0).worker, worker);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 1}}));
}

}  // namespace
}  // namespace tasker::store::conformance
