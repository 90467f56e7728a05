// Checkpoints: a running step's progress, under the fence, kept until the step is done.
#include <algorithm>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;

Checkpoint checkpoint_of(const Claim& claim, model::WorkerId worker, std::string cursor_json,
                         std::uint64_t items = 1, std::string accumulated_json = "") {
  return {claim.step, claim.attempt,
          worker,     std::move(cursor_json),
          items,      std::move(accumulated_json)};
}

}  // namespace

CompletionOutcome CheckpointConformance::store_checkpoint(Checkpoint checkpoint) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.checkpoints.push_back(std::move(checkpoint));
  return write(batch).checkpoints.at(0);
}

std::optional<CheckpointRecord> CheckpointConformance::load(model::StepKey step) {
  return must(store().load_checkpoint(step));
}

void CheckpointConformance::SetUp() {
  StoreConformance::SetUp();
  workflow_ = put_wide(2);
  task_ = create(workflow_);
  worker_ = join();
}

namespace {

TEST_P(CheckpointConformance, TheLatestIsWhatIsReadAndTheHistoryIsBehindIt) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  EXPECT_FALSE(claimed.has_checkpoint);
  EXPECT_EQ(load(claimed.step), std::nullopt);
  ASSERT_EQ(store_checkpoint(checkpoint_of(claimed, worker_, R"({"row":1})", 1, R"({"sum":4})")),
            CompletionOutcome::kRecorded);
  const std::int64_t first_us = now_us();
  ASSERT_EQ(store_checkpoint(checkpoint_of(claimed, worker_, "null", UINT64_MAX)),
            CompletionOutcome::kRecorded);
  const auto read = load(claimed.step);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cursor_json, "null");
  EXPECT_EQ(read->items_processed, UINT64_MAX);
  EXPECT_EQ(read->accumulated_json, "") << "replaced as a whole";
  EXPECT_EQ(read->stored_at_us, now_us());
  ASSERT_EQ(read->history.size(), 2U);
  EXPECT_EQ(read->history[0].cursor_json, R"({"row":1})");
  EXPECT_EQ(read->history[0].stored_at_us, first_us);
  EXPECT_EQ(read->history[1].cursor_json, "null");
  EXPECT_EQ(load({task_, 1}), std::nullopt) << "of another step";
  EXPECT_EQ(step_state(task_, 0), StepState::kInProgress);
  EXPECT_EQ(step(task_, 0).attempt, 1U) << "the attempt goes on";
}

TEST_P(CheckpointConformance, TheHistoryIsBounded) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  const std::string large = '"' + std::string(kHistoryCursorBytesMax, 'x') + '"';
  store_checkpoint(checkpoint_of(claimed, worker_, "0"));
  for (std::uint32_t i = 1; i < kCheckpointHistoryMax; ++i)
    store_checkpoint(checkpoint_of(claimed, worker_, std::to_string(i), i));
  EXPECT_EQ(load(claimed.step)->history.size(), kCheckpointHistoryMax);
  store_checkpoint(checkpoint_of(claimed, worker_, large));
  const auto read = load(claimed.step);
  EXPECT_EQ(read->cursor_json, large) << "only the history is cut";
  ASSERT_EQ(read->history.size(), kCheckpointHistoryMax);
  EXPECT_EQ(read->history.front().cursor_json, "1");
  EXPECT_EQ(read->history.back().cursor_json, "null");
}

TEST_P(CheckpointConformance, ItSurvivesARetryAndTheStoresReopening) {
  const Claim first = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(first, worker_, "7"));
  complete(failure(first, worker_, StepState::kWaitingForRetry, now_us()));
  reopen();
  WriteBatch due = claim_batch(worker_);
  due.promote_due = true;
  const auto claims = write(due).claims;
  const auto again = std::find_if(claims.begin(), claims.end(),
                                  [&](const Claim& claimed) { return claimed.step == first.step; });
  ASSERT_NE(again, claims.end());
  EXPECT_TRUE(again->has_checkpoint);
  EXPECT_EQ(again->attempt, 2U);
  EXPECT_EQ(load(first.step)->cursor_json, "7");
  store_checkpoint(checkpoint_of(*again, worker_, "8"));
  EXPECT_EQ(load(first.step)->history.size(), 2U) << "the history is the step's, not the attempt's";
}

TEST_P(CheckpointConformance, ItSurvivesALostWorkerAndAHandBack) {
  const Claim first = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(first, worker_, "7"));
  // As the engine gives a lost claim back.
  complete(failure(first, worker_, StepState::kEnqueued));
  const model::WorkerId other = join();
  const Claim second = claim_step(other, first.step);
  EXPECT_TRUE(second.has_checkpoint);
  release(release_of(second, other));
  const Claim third = claim_step(worker_, first.step);
  EXPECT_TRUE(third.has_checkpoint);
  EXPECT_EQ(load(first.step)->cursor_json, "7");
}

TEST_P(CheckpointConformance, TheFenceRefusesAnAttemptThatIsNotCurrent) {
  const model::WorkerId other = join();
  const Claim claimed = claim_step(worker_, {task_, 0});
  EXPECT_EQ(store_checkpoint(checkpoint_of(claimed, other, "1")), CompletionOutcome::kFenced);
  Claim wrong = claimed;
  wrong.attempt = 2;
  EXPECT_EQ(store_checkpoint(checkpoint_of(wrong, worker_, "1")), CompletionOutcome::kFenced);
  wrong.attempt = 1;
  wrong.step.index = 1;
  EXPECT_EQ(store_checkpoint(checkpoint_of(wrong, worker_, "1")), CompletionOutcome::kFenced)
      << "nobody runs it";
  wrong.step.task = model::TaskId{987'654};
  EXPECT_EQ(store_checkpoint(checkpoint_of(wrong, worker_, "1")), CompletionOutcome::kFenced);
  EXPECT_EQ(load(claimed.step), std::nullopt);
  complete(failure(claimed, worker_, StepState::kEnqueued));
  EXPECT_EQ(store_checkpoint(checkpoint_of(claimed, worker_, "1")), CompletionOutcome::kFenced);
  const Claim again = claim_step(other, claimed.step);
  EXPECT_FALSE(again.has_checkpoint) << "a refused one leaves nothing behind";
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
}

TEST_P(CheckpointConformance, ItGoesWithTheStepThatIsComplete) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(claimed, worker_, "7"));
  const Completion done = success(workflow_, claimed, worker_);
  ASSERT_EQ(complete(done).completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(load(claimed.step), std::nullopt);
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
}

TEST_P(CheckpointConformance, ARefusedCompletionLeavesIt) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(claimed, worker_, "7"));
  Completion late = success(workflow_, claimed, worker_);
  late.attempt = 9;
  ASSERT_EQ(complete(late).completions.at(0), CompletionOutcome::kFenced);
  EXPECT_EQ(load(claimed.step)->cursor_json, "7");
}

TEST_P(CheckpointConformance, ItGoesWithTheTaskThatIsCancelled) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(claimed, worker_, "7"));
  must(store().cancel_task(task(task_).header.uuid, tick()));
  EXPECT_EQ(load(claimed.step), std::nullopt);
  EXPECT_EQ(store_checkpoint(checkpoint_of(claimed, worker_, "8")), CompletionOutcome::kFenced);
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
}

TEST_P(CheckpointConformance, ARetryByHandKeepsIt) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  store_checkpoint(checkpoint_of(claimed, worker_, "7"));
  complete(failure(claimed, worker_, StepState::kError));
  must(store().retry_task(task(task_).header.uuid, tick()));
  const Claim again = claim_step(worker_, claimed.step);
  EXPECT_EQ(again.attempt, 1U);
  EXPECT_TRUE(again.has_checkpoint);
  EXPECT_EQ(load(claimed.step)->cursor_json, "7");
}

TEST_P(CheckpointConformance, ACheckpointComesBeforeTheEndOfTheSameAttemptInABatch) {
  const Claim claimed = claim_step(worker_, {task_, 0});
  WriteBatch batch;
  batch.now_us = tick();
  batch.checkpoints.push_back(checkpoint_of(claimed, worker_, "7"));
  batch.completions.push_back(failure(claimed, worker_, StepState::kWaitingForRetry, now_us()));
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.checkpoints.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(load(claimed.step)->cursor_json, "7");
}

}  // namespace
}  // namespace tasker::store::conformance
