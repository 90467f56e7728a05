// Back-off: a failed attempt's step stays out of reach until its time, then is claimable again.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;

constexpr std::int64_t kSecond = 1'000'000;

TEST_P(RetryDueConformance, AStepIsNotClaimableBeforeItsTime) {
  create(put_chain());
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  const std::int64_t due_us = now_us() + 10 * kSecond;
  complete(failure(claimed, worker, StepState::kWaitingForRetry, due_us));
  WriteBatch early = claim_batch(worker);
  early.promote_due = true;
  early.now_us = due_us - 1;
  const WriteOutcome outcome = write(early);
  EXPECT_TRUE(outcome.claims.empty());
  EXPECT_EQ(outcome.next_due_us, due_us);
  EXPECT_EQ(step_state(claimed.step.task, 0), StepState::kWaitingForRetry);
}

TEST_P(RetryDueConformance, AStepIsClaimableAtItsTimeAsTheNextAttempt) {
  create(put_chain());
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  const std::int64_t due_us = now_us() + 10 * kSecond;
  complete(failure(claimed, worker, StepState::kWaitingForRetry, due_us));
  WriteBatch batch = claim_batch(worker);
  batch.promote_due = true;
  batch.now_us = due_us;
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(steps_of(outcome.claims), (std::vector<model::StepKey>{claimed.step}));
  EXPECT_EQ(outcome.claims[0].attempt, 2U);
  EXPECT_EQ(outcome.claims[0].template_id, claimed.template_id);
  EXPECT_EQ(outcome.claims[0].template_step, claimed.template_step);
  EXPECT_EQ(outcome.claims[0].handler, claimed.handler);
  EXPECT_EQ(outcome.next_due_us, std::nullopt);
  EXPECT_EQ(must(store().next_due()), std::nullopt);
}

TEST_P(RetryDueConformance, PromotedStepsWithoutRoomAreLeftForOthers) {
  create(put_chain());
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  complete(failure(claimed, worker, StepState::kWaitingForRetry, now_us() + kSecond));
  WriteBatch batch;
  batch.promote_due = true;
  batch.now_us = now_us() + 2 * kSecond;
  const WriteOutcome outcome = write(batch);
  EXPECT_TRUE(outcome.claims.empty());
  EXPECT_TRUE(outcome.left_claimable);
  EXPECT_EQ(step_state(claimed.step.task, 0), StepState::kEnqueued);
  EXPECT_EQ(claim(join()).at(0).attempt, 2U);
}

TEST_P(RetryDueConformance, NextDueIsTheEarliestOfAllTasks) {
  EXPECT_EQ(must(store().next_due()), std::nullopt);
  create(put_wide(3));
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  const std::int64_t base_us = now_us();
  const std::vector<std::int64_t> due_us{base_us + 30 * kSecond, base_us + 10 * kSecond,
                                         base_us + 20 * kSecond};
  for (std::size_t i = 0; i < 3; ++i) {
    const WriteOutcome outcome =
        complete(failure(claims[i], worker, StepState::kWaitingForRetry, due_us[i]));
    EXPECT_EQ(outcome.next_due_us, i == 0 ? due_us[0] : due_us[1]);
  }
  EXPECT_EQ(must(store().next_due()), due_us[1]);
  WriteBatch batch = claim_batch(worker);
  batch.promote_due = true;
  batch.now_us = due_us[2];
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.claims.size(), 2U);
  EXPECT_EQ(outcome.next_due_us, due_us[0]);
  reopen();
  EXPECT_EQ(must(store().next_due()), due_us[0]);
}

TEST_P(RetryDueConformance, AStepWhoseTaskWasCancelledIsNeverDue) {
  const model::TaskId id = create(put_chain());
  const model::WorkerId worker = join();
  complete(failure(claim(worker).at(0), worker, StepState::kWaitingForRetry, now_us() + kSecond));
  must(store().cancel_task(task(id).header.uuid, tick()));
  EXPECT_EQ(must(store().next_due()), std::nullopt);
  WriteBatch batch = claim_batch(worker);
  batch.promote_due = true;
  batch.now_us = now_us() + 10 * kSecond;
  EXPECT_TRUE(write(batch).claims.empty());
  EXPECT_EQ(step_state(id, 0), StepState::kCancelled);
}

TEST_P(RetryDueConformance, AttemptsCountUpThroughRepeatedFailures) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  Claim claimed = claim(worker).at(0);
  for (std::uint32_t attempt = 1; attempt <= 5; ++attempt) {
    ASSERT_EQ(claimed.attempt, attempt);
    complete(failure(claimed, worker, StepState::kWaitingForRetry, now_us() + kSecond));
    WriteBatch batch = claim_batch(worker);
    batch.promote_due = true;
    batch.now_us = now_us() + kSecond;
    claimed = write(batch).claims.at(0);
  }
  complete(success(workflow, claimed, worker));
  const StepRecord record = step(id, 0);
  EXPECT_EQ(record.state, StepState::kComplete);
  EXPECT_EQ(record.attempt, 6U);
  const std::vector<AttemptRecord> attempts = must(store().list_attempts({id, 0}));
  ASSERT_EQ(attempts.size(), 5U);
  for (std::uint32_t index = 0; index < 5; ++index) {
    EXPECT_EQ(attempts[index].attempt, index + 1) << "attempts are listed in their order";
  }
}

TEST_P(RetryDueConformance, AFailureThatIsDueAtOnceIsClaimableByThePromotingCommit) {
  create(put_chain());
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  WriteBatch batch = claim_batch(worker);
  batch.completions.push_back(failure(claimed, worker, StepState::kWaitingForRetry, batch.now_us));
  batch.promote_due = true;
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(outcome.claims.size(), 1U);
  EXPECT_EQ(outcome.claims[0].attempt, 2U);
}

}  // namespace
}  // namespace tasker::store::conformance
