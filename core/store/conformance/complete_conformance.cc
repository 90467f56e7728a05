// Completing: result, next states, dependents and their claims in one commit.
#include <algorithm>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;
using model::TaskState;

TEST_P(CompleteConformance, TheNextStepOfAChainIsClaimedInTheSameCommit) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  std::vector<Claim> claims = claim(worker);
  for (std::uint32_t index = 0; index < 3; ++index) {
    SCOPED_TRACE(index);
    ASSERT_EQ(steps_of(claims), (std::vector<model::StepKey>{{id, index}}));
    EXPECT_EQ(claims[0].attempt, 1U);
    WriteBatch batch;
    batch.now_us = tick();
    batch.budget = budget(worker, 4);
    batch.completions.push_back(success(workflow, claims[0], worker));
    const WriteOutcome outcome = write(batch);
    EXPECT_EQ(outcome.completions, (std::vector<CompletionOutcome>{CompletionOutcome::kRecorded}));
    EXPECT_FALSE(outcome.left_claimable);
    EXPECT_EQ(batch.budget.room[0], index < 2 ? 3U : 4U);
    EXPECT_EQ(step_state(id, index), StepState::kComplete);
    ASSERT_EQ(outcome.finished.size(), index < 2 ? 0U : 1U);
    claims = outcome.claims;
  }
  EXPECT_TRUE(claims.empty());
  EXPECT_EQ(task_state(id), TaskState::kComplete);
}

TEST_P(CompleteConformance, ADependentWithoutRoomIsEnqueued) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.completions.push_back(success(workflow, claim(worker).at(0), worker));
  batch.now_us = tick();
  batch.budget = budget(worker, 0);
  const WriteOutcome outcome = write(batch);
  EXPECT_TRUE(outcome.claims.empty());
  EXPECT_TRUE(outcome.left_claimable);
  EXPECT_EQ(step_state(id, 1), StepState::kEnqueued);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 1}}));
}

TEST_P(CompleteConformance, ADependentForAnotherWorkersHandlerIsEnqueued) {
  const Workflow workflow =
      put(make_template("relay", {{"a", {}, "mine"}, {"b", {"a"}, "theirs"}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.completions.push_back(success(workflow, claim(worker).at(0), worker));
  batch.now_us = tick();
  batch.budget = budget(worker);
  batch.budget.executor_of_handler[static_cast<std::size_t>(workflow.handler(1))] =
      ClaimBudget::kNotMine;
  const WriteOutcome outcome = write(batch);
  EXPECT_TRUE(outcome.claims.empty());
  EXPECT_TRUE(outcome.left_claimable);
  EXPECT_TRUE(outcome.unknown_handlers.empty());
  EXPECT_EQ(step_state(id, 1), StepState::kEnqueued);
}

TEST_P(CompleteConformance, ADependentForAnUnknownHandlerIsReportedAndEnqueued) {
  const Workflow workflow = put(make_template("relay", {{"a", {}, "old"}, {"b", {"a"}, "new"}}));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.completions.push_back(success(workflow, claim(worker).at(0), worker));
  batch.now_us = tick();
  batch.budget = budget(worker);
  batch.budget.executor_of_handler[static_cast<std::size_t>(workflow.handler(1))] =
      ClaimBudget::kUnknown;
  const WriteOutcome outcome = write(batch);
  EXPECT_TRUE(outcome.claims.empty());
  ASSERT_FALSE(outcome.unknown_handlers.empty());
  EXPECT_EQ(outcome.unknown_handlers[0], workflow.handler(1));
  EXPECT_EQ(step_state(id, 1), StepState::kEnqueued);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 1}}));
}

TEST_P(CompleteConformance, AJoinWaitsForEachOfItsDependencies) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(success(workflow, claim(worker).at(0), worker));
  const std::vector<Claim> branches = claim(worker);
  ASSERT_EQ(steps_of(branches), (std::vector<model::StepKey>{{id, 1}, {id, 2}}));
  EXPECT_FALSE(complete(success(workflow, branches[1], worker)).left_claimable);
  EXPECT_EQ(step(id, 3).dependencies_missing, 1U);
  EXPECT_EQ(step_state(id, 3), StepState::kPending);
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_TRUE(complete(success(workflow, branches[0], worker)).left_claimable);
  EXPECT_EQ(step(id, 3).dependencies_missing, 0U);
  EXPECT_EQ(steps_of(claim(worker)), (std::vector<model::StepKey>{{id, 3}}));
}

TEST_P(CompleteConformance, AJoinWhoseDependenciesCompleteInOneBatchIsClaimedOnce) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(success(workflow, claim(worker).at(0), worker));
  WriteBatch batch;
  for (const Claim& claimed : claim(worker)) {
    batch.completions.push_back(success(workflow, claimed, worker));
  }
  ASSERT_EQ(batch.completions.size(), 2U);
  batch.now_us = tick();
  batch.budget = budget(worker);
  batch.claim = true;
  EXPECT_EQ(steps_of(write(batch).claims), (std::vector<model::StepKey>{{id, 3}}));
  EXPECT_EQ(step(id, 3).attempt, 1U);
}

TEST_P(CompleteConformance, ATaskFinishesWithItsLastSink) {
  const Workflow workflow = put_wide(3);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  for (std::size_t i = 0; i < 3; ++i) {
    const WriteOutcome outcome = complete(success(workflow, claims[i], worker));
    if (i < 2) {
      EXPECT_TRUE(outcome.finished.empty());
      EXPECT_EQ(task_state(id), TaskState::kStepsInProcess);
      EXPECT_EQ(task(id).completed_at_us, 0);
    } else {
      ASSERT_EQ(outcome.finished.size(), 1U);
      EXPECT_EQ(outcome.finished[0].task, id);
      EXPECT_EQ(outcome.finished[0].state, TaskState::kComplete);
    }
  }
  EXPECT_EQ(task_state(id), TaskState::kComplete);
  EXPECT_EQ(task(id).completed_at_us, now_us());
  EXPECT_EQ(task(id).updated_at_us, now_us());
}

TEST_P(CompleteConformance, AllThatACompletionSaysReadsBack) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  Completion completion =
      success(workflow, claim(worker).at(0), worker, R"({"text":"a\u0000b 🛫"})");
  completion.metadata_json = R"({"rows":3})";
  completion.execution_us = 123'456;
  complete(completion);
  reopen();
  const StepRecord record = step(id, 0);
  EXPECT_EQ(record.state, StepState::kComplete);
  EXPECT_EQ(record.result_json, completion.result_json);
  EXPECT_EQ(record.metadata_json, completion.metadata_json);
  EXPECT_EQ(record.execution_us, 123'456);
  EXPECT_EQ(record.completed_at_us, now_us());
  EXPECT_EQ(record.worker, worker);
  EXPECT_EQ(record.attempt, 1U);
  EXPECT_EQ(record.error_json, "");
  EXPECT_TRUE(must(store().list_attempts({id, 0})).empty()) << "the step's record is its attempt";
}

TEST_P(CompleteConformance, ARetryableFailureWaitsAndIsKeptAsAnAttempt) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  const Completion completion =
      failure(claimed, worker, StepState::kWaitingForRetry, now_us() + 5'000'000);
  const WriteOutcome outcome = complete(completion);
  EXPECT_TRUE(outcome.finished.empty());
  EXPECT_EQ(outcome.next_due_us, completion.retry_at_us);
  const StepRecord record = step(id, 0);
  EXPECT_EQ(record.state, StepState::kWaitingForRetry);
  EXPECT_EQ(record.retry_at_us, completion.retry_at_us);
  EXPECT_EQ(record.attempt, 1U);
  EXPECT_EQ(record.error_json, completion.error_json);
  EXPECT_EQ(task_state(id), TaskState::kStepsInProcess);
  const std::vector<AttemptRecord> attempts = must(store().list_attempts({id, 0}));
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].step, (model::StepKey{id, 0}));
  EXPECT_EQ(attempts[0].attempt, 1U);
  EXPECT_EQ(attempts[0].worker, worker);
  EXPECT_EQ(attempts[0].next, StepState::kWaitingForRetry);
  EXPECT_EQ(attempts[0].started_at_us, completion.started_at_us);
  EXPECT_EQ(attempts[0].ended_at_us, now_us());
  EXPECT_EQ(attempts[0].error_json, completion.error_json);
}

TEST_P(CompleteConformance, ALostClaimIsClaimableAgainAtOnceWithTheNextAttempt) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId dead = join();
  const model::WorkerId heir = join();
  const Claim lost = claim(dead).at(0);
  const WriteOutcome outcome = complete(failure(lost, dead, StepState::kEnqueued));
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_TRUE(outcome.left_claimable);
  EXPECT_EQ(step_state(id, 0), StepState::kEnqueued);
  ASSERT_EQ(must(store().list_attempts({id, 0})).size(), 1U);
  EXPECT_EQ(must(store().list_attempts({id, 0}))[0].worker, dead);
  const Claim again = claim(heir).at(0);
  EXPECT_EQ(again.step, lost.step);
  EXPECT_EQ(again.attempt, 2U);
}

TEST_P(CompleteConformance, ALostClaimMayBeClaimedByTheCommitThatReturnsIt) {
  const Workflow workflow = put_chain();
  create(workflow);
  const model::WorkerId dead = join();
  const model::WorkerId heir = join();
  const Claim lost = claim(dead).at(0);
  WriteBatch batch = claim_batch(heir);
  batch.completions.push_back(failure(lost, dead, StepState::kEnqueued));
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(steps_of(outcome.claims), (std::vector<model::StepKey>{lost.step}));
  EXPECT_EQ(outcome.claims[0].attempt, 2U);
  EXPECT_EQ(step(lost.step.task, 0).worker, heir);
}

TEST_P(CompleteConformance, AFanOutIsClaimedAsFarAsThereIsRoomAndTheRestEnqueued) {
  std::vector<StepShape> shapes{{"root"}};
  for (int i = 0; i < 1000; ++i) shapes.push_back({"leaf" + std::to_string(i), {"root"}});
  const Workflow workflow = put(make_template("fan", shapes));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.completions.push_back(success(workflow, claim(worker).at(0), worker));
  batch.now_us = tick();
  batch.budget = budget(worker, 10);
  batch.claim = true;
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.claims.size(), 10U);
  EXPECT_TRUE(outcome.left_claimable);
  const std::vector<StepRecord> steps = must(store().list_steps(id, false));
  EXPECT_EQ(std::count_if(steps.begin(), steps.end(),
                          [](const StepRecord& s) { return s.state == StepState::kEnqueued; }),
            990);
  EXPECT_EQ(claim(worker).size(), 990U);
}

TEST_P(CompleteConformance, CompletionsAndClaimsGoThroughTwoHandlesInTurn) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId here = join();
  const model::WorkerId there = join(*other, "there");
  for (int i = 0; i < 20; ++i) create(workflow);
  int completed = 0;
  for (bool on_other = false;; on_other = !on_other) {
    Store& on = on_other ? *other : store();
    const model::WorkerId worker = on_other ? there : here;
    const std::vector<Claim> claims = claim(on, worker, 7);
    if (claims.empty()) break;
    for (const Claim& claimed : claims) {
      const WriteOutcome outcome = complete(on, success(workflow, claimed, worker));
      ASSERT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
      ++completed;
    }
  }
  EXPECT_EQ(completed, 60);
  EXPECT_EQ(must(store().info()).tasks_unfinished, 0U);
  EXPECT_EQ(must(other->info()).tasks_unfinished, 0U);
}

TEST_P(CompleteConformance, AResultMayBe16MiB) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::string large = "\"" + std::string((16U << 20) - 2, 'y') + "\"";
  complete(success(workflow, claim(worker).at(0), worker, large));
  const std::vector<std::uint32_t> wanted{0};
  EXPECT_TRUE(must(store().load_results(id, wanted)).at(0) == large);
  run_dry(workflow, worker);
  EXPECT_EQ(task_state(id), TaskState::kComplete);
}

TEST_P(CompleteConformance, ResultsMayBeAnyJsonText) {
  const std::vector<std::string> texts{"{}",
                                       "null",
                                       "0",
                                       "\"\"",
                                       R"("\u0000\u0000")",
                                       "\"\xF0\x9F\x9B\xAB \xEF\xBF\xBF \xC2\x80\"",
                                       " [ 1 ,\n2 ] ",
                                       R"({"a":{"a":{"a":[]}}})"};
  const Workflow workflow = put_wide(static_cast<std::uint32_t>(texts.size()));
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  WriteBatch batch;
  for (const Claim& claimed : claim(worker)) {
    batch.completions.push_back(success(workflow, claimed, worker, texts[claimed.template_step]));
  }
  batch.now_us = tick();
  write(batch);
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t index = 0; index < texts.size(); ++index) wanted.push_back(index);
  EXPECT_EQ(must(store().load_results(id, wanted)), texts);
}

}  // namespace
}  // namespace tasker::store::conformance
