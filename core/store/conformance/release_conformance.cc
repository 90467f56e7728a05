// Handing back: a claim that was not run costs no attempt.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;

TEST_P(ReleaseConformance, TheNextClaimHasTheSameAttemptWhoeverMakesIt) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const model::WorkerId other = join();
  for (const model::WorkerId next : {worker, other, worker}) {
    const Claim claimed = claim(next).at(0);
    EXPECT_EQ(claimed.attempt, 1U);
    const WriteOutcome outcome = release(release_of(claimed, next));
    EXPECT_EQ(outcome.releases, (std::vector<bool>{true}));
    EXPECT_TRUE(outcome.left_claimable);
    EXPECT_EQ(step_state(id, 0), StepState::kEnqueued);
    EXPECT_EQ(step(id, 0).attempt, 0U);
  }
  EXPECT_TRUE(must(store().list_attempts({id, 0})).empty());
}

TEST_P(ReleaseConformance, ALaterAttemptIsHandedBackAsWell) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(failure(claim(worker).at(0), worker, StepState::kEnqueued));
  const Claim second = claim(worker).at(0);
  ASSERT_EQ(second.attempt, 2U);
  release(release_of(second, worker));
  EXPECT_EQ(claim(worker).at(0).attempt, 2U);
  EXPECT_EQ(must(store().list_attempts({id, 0})).size(), 1U);
}

TEST_P(ReleaseConformance, AReleasedStepKeepsItsPlaceInTheOrder) {
  const Workflow workflow = put(make_template("single", {{"a"}}));
  const model::TaskId first = create(workflow);
  const model::TaskId second = create(workflow);
  const model::TaskId urgent = create(workflow, 10);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  ASSERT_EQ(steps_of(claims), (std::vector<model::StepKey>{{urgent, 0}, {first, 0}, {second, 0}}));
  for (const std::size_t index : {2U, 1U, 0U}) release(release_of(claims[index], worker));
  EXPECT_EQ(steps_of(claim(worker)), steps_of(claims));
}

TEST_P(ReleaseConformance, AReleasedDependentIsClaimableAgain) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.completions.push_back(success(workflow, claim(worker).at(0), worker));
  batch.now_us = tick();
  batch.budget = budget(worker);
  const Claim direct = write(batch).claims.at(0);
  release(release_of(direct, worker));
  const Claim again = claim(worker).at(0);
  EXPECT_EQ(again.step, (model::StepKey{id, 1}));
  EXPECT_EQ(again.attempt, 1U);
  EXPECT_EQ(again.template_id, workflow.stored.id);
  EXPECT_EQ(again.template_step, 1U);
}

TEST_P(ReleaseConformance, ManyAreHandedBackInOneCommit) {
  create(put_wide(500));
  const model::WorkerId worker = join();
  WriteBatch batch;
  for (const Claim& claimed : claim(worker)) batch.releases.push_back(release_of(claimed, worker));
  batch.now_us = tick();
  EXPECT_EQ(write(batch).releases, std::vector<bool>(500, true));
  EXPECT_EQ(claim(worker).size(), 500U);
}

TEST_P(ReleaseConformance, AReleaseOfACancelledTaskIsRefused) {
  const model::TaskId id = create(put_chain());
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  must(store().cancel_task(task(id).header.uuid, tick()));
  EXPECT_EQ(release(release_of(claimed, worker)).releases, (std::vector<bool>{false}));
  EXPECT_EQ(step_state(id, 0), StepState::kCancelled);
}

TEST_P(ReleaseConformance, AStepHandedBackToABlockedTaskIsHeld) {
  const Workflow workflow = put_wide(2);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kError));
  EXPECT_EQ(release(release_of(claims[1], worker)).releases, (std::vector<bool>{true}));
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_EQ(step(id, 1).attempt, 0U);
  EXPECT_TRUE(step(id, 1).held);
  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 1U);
  EXPECT_EQ(claim(worker).size(), 2U);
}

}  // namespace
}  // namespace tasker::store::conformance
