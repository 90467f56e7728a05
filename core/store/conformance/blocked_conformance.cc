// A step that failed for good blocks its task; retrying the task lets it go on.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using base::ErrorCode;
using model::StepState;
using model::TaskState;

constexpr std::int64_t kSecond = 1'000'000;

TEST_P(BlockedConformance, AFailedStepBlocksTheTaskAndIsKept) {
  const model::TaskId id = create(put_chain());
  const model::WorkerId worker = join();
  const Completion failed = failure(claim(worker).at(0), worker, StepState::kError);
  const WriteOutcome outcome = complete(failed);
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(task_state(id), TaskState::kBlockedByFailures);
  ASSERT_EQ(outcome.finished.size(), 1U);
  EXPECT_EQ(outcome.finished[0].task, id);
  EXPECT_EQ(outcome.finished[0].state, TaskState::kBlockedByFailures);
  const StepRecord record = step(id, 0);
  EXPECT_EQ(record.state, StepState::kError);
  EXPECT_EQ(record.error_json, failed.error_json);
  EXPECT_EQ(record.attempt, 1U);
  const std::vector<AttemptRecord> attempts = must(store().list_attempts({id, 0}));
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].next, StepState::kError);
  EXPECT_EQ(step_state(id, 1), StepState::kPending);
  EXPECT_EQ(must(store().info()).dead_letters, 1U);
  EXPECT_EQ(must(store().info()).tasks_unfinished, 1U);
}

TEST_P(BlockedConformance, StepsThatHaveNotBegunAreHeld) {
  const Workflow workflow =
      put(make_template("held", {{"fails"}, {"ready"}, {"waits"}, {"pending", {"waits"}}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  release(release_of(claims[1], worker));
  complete(failure(claims[2], worker, StepState::kWaitingForRetry, now_us() + kSecond));
  complete(failure(claims[0], worker, StepState::kError));
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    EXPECT_TRUE(step(id, index).held) << index;
  }
  EXPECT_EQ(step(id, 1).dependencies_missing, 0U) << "the hold is no dependency";
  EXPECT_EQ(step(id, 3).dependencies_missing, 1U) << "the hold is no dependency";
  EXPECT_EQ(must(store().next_due()), std::nullopt) << "a held step is not due";
  WriteBatch batch = claim_batch(worker);
  batch.promote_due = true;
  batch.now_us = now_us() + 10 * kSecond;
  EXPECT_TRUE(write(batch).claims.empty());
}

TEST_P(BlockedConformance, OtherTasksGoOn) {
  const Workflow workflow = put_chain();
  const model::TaskId before = create(workflow);
  const model::TaskId blocked = create(workflow);
  const model::TaskId after = create(workflow);
  const model::WorkerId worker = join();
  fail_step(worker, {blocked, 0});
  run_dry(workflow, worker);
  EXPECT_EQ(task_state(before), TaskState::kComplete);
  EXPECT_EQ(task_state(after), TaskState::kComplete);
  EXPECT_EQ(task_state(blocked), TaskState::kBlockedByFailures);
}

TEST_P(BlockedConformance, ARunningStepMayFinishAndItsDependentsWait) {
  const Workflow workflow = put(
      make_template("late", {{"fails"}, {"runs"}, {"after_runs", {"runs"}}, {"end", {"fails"}}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kError));
  WriteBatch batch = claim_batch(worker);
  batch.completions.push_back(success(workflow, claims[1], worker, R"("late")"));
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_TRUE(outcome.claims.empty());
  EXPECT_FALSE(outcome.left_claimable);
  EXPECT_EQ(step_state(id, 1), StepState::kComplete);
  EXPECT_EQ(step(id, 1).result_json, R"("late")");
  EXPECT_EQ(step(id, 2).dependencies_missing, 0U);
  EXPECT_TRUE(step(id, 2).held);
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_EQ(task_state(id), TaskState::kBlockedByFailures);

  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 1U);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 0}, {id, 2}}));
}

TEST_P(BlockedConformance, AFailureAndASuccessInOneBatchBlockTheTaskToo) {
  const Workflow workflow =
      put(make_template("both", {{"fails"}, {"runs"}, {"after_runs", {"runs"}}}));
  for (const bool failure_first : {true, false}) {
    SCOPED_TRACE(failure_first);
    const model::TaskId id = create(workflow);
    const model::WorkerId worker = join();
    const std::vector<Claim> claims = claim(worker);
    ASSERT_EQ(claims.size(), 2U);
    WriteBatch batch;
    batch.now_us = tick();
    batch.completions = {failure(claims[0], worker, StepState::kError),
                         success(workflow, claims[1], worker)};
    if (!failure_first) std::swap(batch.completions[0], batch.completions[1]);
    const WriteOutcome outcome = write(batch);
    EXPECT_TRUE(outcome.claims.empty());
    EXPECT_EQ(task_state(id), TaskState::kBlockedByFailures);
    EXPECT_TRUE(claim(worker).empty());
  }
}

TEST_P(BlockedConformance, ARunningStepThatFailsRetryablyIsHeldUntilTheTaskIsRetried) {
  const model::TaskId id = create(put_wide(2));
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kError));
  complete(failure(claims[1], worker, StepState::kWaitingForRetry, now_us() + kSecond));
  EXPECT_EQ(must(store().next_due()), std::nullopt);
  WriteBatch batch = claim_batch(worker);
  batch.promote_due = true;
  batch.now_us = now_us() + 10 * kSecond;
  EXPECT_TRUE(write(batch).claims.empty());
  EXPECT_TRUE(step(id, 1).held);
  EXPECT_EQ(step(id, 1).attempt, 1U);

  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 1U);
  WriteBatch later = claim_batch(worker);
  later.promote_due = true;
  later.now_us = now_us() + 10 * kSecond;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> index_and_attempt;
  for (const Claim& claimed : write(later).claims) {
    index_and_attempt.emplace_back(claimed.step.index, claimed.attempt);
  }
  EXPECT_EQ(index_and_attempt,
            (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 1}, {1, 2}}));
}

TEST_P(BlockedConformance, ALostClaimOfABlockedTaskIsHeld) {
  const model::TaskId id = create(put_wide(2));
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kError));
  complete(failure(claims[1], worker, StepState::kEnqueued));
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_TRUE(step(id, 1).held);
  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 1U);
  EXPECT_EQ(claim(worker).size(), 2U);
}

TEST_P(BlockedConformance, TheLastSinkOfABlockedTaskDoesNotCompleteIt) {
  const Workflow workflow = put_wide(2);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kError));
  complete(success(workflow, claims[1], worker));
  EXPECT_EQ(task_state(id), TaskState::kBlockedByFailures);
}

TEST_P(BlockedConformance, RetryGivesFailedStepsFreshAttemptsAndTheTaskCompletes) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(success(workflow, claim(worker).at(0), worker));
  std::vector<Claim> claims = claim(worker);
  complete(failure(claims[0], worker, StepState::kEnqueued));
  claims[0] = claim(worker).at(0);
  ASSERT_EQ(claims[0].attempt, 2U);
  complete(failure(claims[0], worker, StepState::kError));
  complete(failure(claims[1], worker, StepState::kError));
  EXPECT_EQ(task_state(id), TaskState::kBlockedByFailures);
  EXPECT_EQ(must(store().info()).dead_letters, 2U);

  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 2U);
  EXPECT_EQ(task_state(id), TaskState::kStepsInProcess);
  EXPECT_EQ(must(store().info()).dead_letters, 0U);
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    EXPECT_FALSE(step(id, index).held) << index;
  }
  EXPECT_EQ(step(id, 1).attempt, 0U);
  claims = claim(worker);
  ASSERT_EQ(steps_of(claims), (std::vector<model::StepKey>{{id, 1}, {id, 2}}));
  EXPECT_EQ(claims[0].attempt, 1U);
  EXPECT_EQ(claims[1].attempt, 1U);
  complete(failure(claims[0], worker, StepState::kEnqueued));
  complete(success(workflow, claims[1], worker));
  run_dry(workflow, worker);
  EXPECT_EQ(task_state(id), TaskState::kComplete);
  std::vector<std::uint32_t> attempts;
  for (const AttemptRecord& record : must(store().list_attempts({id, 1}))) {
    attempts.push_back(record.attempt);
  }
  EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2, 1})) << "the earlier attempts are kept";
  EXPECT_EQ(step(id, 1).attempt, 2U);
}

TEST_P(BlockedConformance, ATaskCanBeBlockedAndRetriedAgain) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  for (int round = 0; round < 3; ++round) {
    fail_step(worker, {id, 0});
    EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 1U);
  }
  run_dry(workflow, worker);
  EXPECT_EQ(task_state(id), TaskState::kComplete);
  EXPECT_EQ(must(store().list_attempts({id, 0})).size(), 3U);
}

TEST_P(BlockedConformance, RetryReleasesExactlyWhatWasHeld) {
  const Workflow workflow = put(make_template(
      "wide_held", {{"fails"}, {"fails_too"}, {"ready"}, {"join", {"fails", "ready"}}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  release(release_of(claims[2], worker));
  complete(failure(claims[0], worker, StepState::kError));
  complete(failure(claims[1], worker, StepState::kError));
  EXPECT_EQ(must(store().retry_task(task(id).header.uuid, tick())), 2U);
  EXPECT_EQ(step(id, 3).dependencies_missing, 2U);
  EXPECT_EQ(step_state(id, 3), StepState::kPending);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 0}, {id, 1}, {id, 2}}));
}

TEST_P(BlockedConformance, OnlyABlockedTaskCanBeRetried) {
  const Workflow workflow = put_chain();
  const model::TaskId complete_id = create(workflow);
  run_dry(workflow, join());
  const model::TaskId cancelled_id = create(workflow);
  must(store().cancel_task(task(cancelled_id).header.uuid, tick()));
  const model::TaskId running_id = create(workflow);
  for (const model::TaskId id : {complete_id, cancelled_id, running_id}) {
    const TaskState before = task_state(id);
    EXPECT_EQ(code_of(store().retry_task(task(id).header.uuid, tick())), ErrorCode::kINVALID_STATE);
    EXPECT_EQ(task_state(id), before);
  }
  EXPECT_EQ(code_of(store().retry_task(new_uuid(), tick())), ErrorCode::kNOT_FOUND);
}

}  // namespace
}  // namespace tasker::store::conformance
