// The fence: only the current attempt of the current worker may complete or release a step.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;
using model::TaskState;

TEST_P(FenceConformance, AnotherWorkersCompletionIsRefused) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const model::WorkerId other = join();
  const Claim claimed = claim(worker).at(0);
  const WriteOutcome outcome = complete(success(workflow, claimed, other));
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kFenced);
  EXPECT_EQ(step_state(id, 0), StepState::kInProgress);
  EXPECT_EQ(step_state(id, 1), StepState::kPending);
  EXPECT_EQ(complete(success(workflow, claimed, worker)).completions.at(0),
            CompletionOutcome::kRecorded);
}

TEST_P(FenceConformance, AnotherAttemptsCompletionIsRefused) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  for (const std::uint32_t attempt : {0U, 2U, 4'000'000'000U}) {
    Claim wrong = claimed;
    wrong.attempt = attempt;
    EXPECT_EQ(complete(success(workflow, wrong, worker)).completions.at(0),
              CompletionOutcome::kFenced);
  }
  EXPECT_EQ(step_state(id, 0), StepState::kInProgress);
}

TEST_P(FenceConformance, AStepThatNobodyRunsCannotBeCompleted) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  for (const std::uint32_t index : {0U, 1U}) {
    for (const std::uint32_t attempt : {0U, 1U}) {
      Claim never;
      never.step = {id, index};
      never.template_step = index;
      never.attempt = attempt;
      EXPECT_EQ(complete(success(workflow, never, worker)).completions.at(0),
                CompletionOutcome::kFenced);
    }
  }
  Claim unheard_of;
  unheard_of.step = {model::TaskId{987'654}, 0};
  unheard_of.attempt = 1;
  EXPECT_EQ(complete(success(workflow, unheard_of, worker)).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(step_state(id, 0), StepState::kEnqueued);
}

TEST_P(FenceConformance, ASecondCompletionChangesNothing) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(success(workflow, claim(worker).at(0), worker));
  const Claim left = claim(worker).at(0);
  complete(success(workflow, left, worker, R"("first")"));
  const StepRecord before = step(id, 1);
  EXPECT_EQ(complete(success(workflow, left, worker, R"("second")")).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(complete(failure(left, worker, StepState::kError)).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(step(id, 1).result_json, R"("first")");
  EXPECT_EQ(step(id, 1).completed_at_us, before.completed_at_us);
  EXPECT_EQ(step(id, 3).dependencies_missing, 1U) << "the dependent was counted down twice";
  EXPECT_EQ(task_state(id), TaskState::kStepsInProcess);
  EXPECT_TRUE(must(store().list_attempts({id, 1})).empty());
}

TEST_P(FenceConformance, OfTwoCompletionsInOneBatchTheFirstCounts) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const Claim claimed = claim(worker).at(0);
  WriteBatch batch;
  batch.now_us = tick();
  batch.completions.push_back(success(workflow, claimed, worker, "1"));
  batch.completions.push_back(success(workflow, claimed, worker, "2"));
  EXPECT_EQ(write(batch).completions, (std::vector<CompletionOutcome>{CompletionOutcome::kRecorded,
                                                                      CompletionOutcome::kFenced}));
  EXPECT_EQ(step(id, 0).result_json, "1");
}

TEST_P(FenceConformance, ARefusedPartLeavesItsNeighboursAlone) {
  const Workflow workflow = put_wide(5);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  std::vector<Claim> claims = claim(worker);
  WriteBatch batch;
  batch.now_us = tick();
  for (std::size_t i = 0; i < 5; ++i) {
    if (i % 2 == 1) claims[i].attempt += 1;
    batch.completions.push_back(success(workflow, claims[i], worker));
  }
  const CompletionOutcome yes = CompletionOutcome::kRecorded;
  const CompletionOutcome no = CompletionOutcome::kFenced;
  EXPECT_EQ(write(batch).completions, (std::vector<CompletionOutcome>{yes, no, yes, no, yes}));
  for (std::uint32_t index = 0; index < 5; ++index) {
    EXPECT_EQ(step_state(id, index),
              index % 2 == 1 ? StepState::kInProgress : StepState::kComplete);
  }
}

TEST_P(FenceConformance, TheLateResultOfALostClaimIsRefused) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId slow = join();
  const model::WorkerId heir = join();
  const Claim lost = claim(slow).at(0);
  complete(failure(lost, slow, StepState::kEnqueued));
  EXPECT_EQ(complete(success(workflow, lost, slow)).completions.at(0), CompletionOutcome::kFenced)
      << "while nobody runs it";
  const Claim again = claim(heir).at(0);
  EXPECT_EQ(complete(success(workflow, lost, slow)).completions.at(0), CompletionOutcome::kFenced)
      << "while the heir runs it";
  complete(success(workflow, again, heir, R"("heir")"));
  EXPECT_EQ(complete(success(workflow, lost, slow)).completions.at(0), CompletionOutcome::kFenced)
      << "after the heir completed it";
  EXPECT_EQ(step(id, 0).result_json, R"("heir")");
  EXPECT_EQ(step(id, 0).attempt, 2U);
}

TEST_P(FenceConformance, TheSameWorkersEarlierAttemptIsRefused) {
  const Workflow workflow = put_chain();
  create(workflow);
  const model::WorkerId worker = join();
  const Claim first = claim(worker).at(0);
  complete(failure(first, worker, StepState::kEnqueued));
  const Claim second = claim(worker).at(0);
  EXPECT_EQ(complete(success(workflow, first, worker)).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(complete(success(workflow, second, worker)).completions.at(0),
            CompletionOutcome::kRecorded);
}

TEST_P(FenceConformance, AReleaseIsRefusedLikeACompletion) {
  const Workflow workflow = put_wide(4);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const model::WorkerId other = join();
  const std::vector<Claim> claims = claim(worker);
  complete(success(workflow, claims[1], worker));
  WriteBatch batch;
  batch.now_us = tick();
  batch.releases = {release_of(claims[0], other), release_of(claims[1], worker),
                    release_of(claims[2], worker), release_of(claims[3], worker),
                    release_of(claims[2], worker)};
  batch.releases[3].attempt += 1;
  EXPECT_EQ(write(batch).releases, (std::vector<bool>{false, false, true, false, false}));
  EXPECT_EQ(step_state(id, 0), StepState::kInProgress);
  EXPECT_EQ(step_state(id, 1), StepState::kComplete);
  EXPECT_EQ(step_state(id, 2), StepState::kEnqueued);
  EXPECT_EQ(step_state(id, 3), StepState::kInProgress);
}

TEST_P(FenceConformance, AWorkerLearnsWhichClaimsItStillHolds) {
  const Workflow workflow = put_wide(5);
  create(workflow);
  const model::WorkerId worker = join();
  const model::WorkerId other = join();
  const std::vector<Claim> claims = claim(worker);
  complete(success(workflow, claims[0], worker));
  release(release_of(claims[1], worker));
  complete(failure(claims[2], worker, StepState::kEnqueued));
  ASSERT_EQ(claim(other).size(), 2U) << "now the other worker's";
  std::vector<HeldClaim> held;
  for (const Claim& claimed : claims) {
    held.push_back({.step = claimed.step, .attempt = claimed.attempt});
  }
  held.push_back({.step = claims[4].step, .attempt = 2});
  held.push_back({.step = {model::TaskId{987'654}, 0}, .attempt = 1});
  EXPECT_EQ(must(store().holds_claims(worker, held)),
            (std::vector<bool>{false, false, false, true, true, false, false}));
}

}  // namespace
}  // namespace tasker::store::conformance
