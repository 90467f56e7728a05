// Cancelling: the task and its unfinished steps in one commit, running attempts fenced off.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using base::ErrorCode;
using model::StepState;
using model::TaskState;

TEST_P(CancelConformance, UnfinishedStepsAreCancelledAndCompleteOnesKept) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  complete(success(workflow, claim(worker).at(0), worker, R"("kept")"));
  const Claim running = claim(worker, 1).at(0);
  must(store().cancel_task(task(id).header.uuid, tick()));
  const TaskRecord record = task(id);
  EXPECT_EQ(record.state, TaskState::kCancelled);
  EXPECT_EQ(record.updated_at_us, now_us());
  EXPECT_EQ(step_state(id, 0), StepState::kComplete);
  EXPECT_EQ(step(id, 0).result_json, R"("kept")");
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    EXPECT_EQ(step_state(id, index), StepState::kCancelled) << index;
  }
  EXPECT_TRUE(claim(worker).empty());
  EXPECT_EQ(complete(success(workflow, running, worker)).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(complete(failure(running, worker, StepState::kError)).completions.at(0),
            CompletionOutcome::kFenced);
  EXPECT_EQ(step_state(id, 1), StepState::kCancelled);
  EXPECT_EQ(step_state(id, 3), StepState::kCancelled);
  EXPECT_EQ(task_state(id), TaskState::kCancelled);
}

TEST_P(CancelConformance, ATaskIsCancelledFromAnotherHandleWhileItRuns) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const Claim running = claim(worker).at(0);
  const std::uint64_t before = must(store().revocations());
  const std::unique_ptr<Store> other = open_another();
  must(other->cancel_task(task(id).header.uuid, tick()));
  EXPECT_GT(must(store().revocations()), before);
  const std::vector<HeldClaim> held{{.step = running.step, .attempt = running.attempt}};
  EXPECT_EQ(must(store().holds_claims(worker, held)), (std::vector<bool>{false}));
  EXPECT_EQ(complete(success(workflow, running, worker)).completions.at(0),
            CompletionOutcome::kFenced);
}

TEST_P(CancelConformance, OrdinaryWorkRevokesNothing) {
  const Workflow workflow = put_chain();
  const std::uint64_t before = must(store().revocations());
  create(workflow);
  const model::WorkerId worker = join();
  release(release_of(claim(worker).at(0), worker));
  run_dry(workflow, worker);
  EXPECT_EQ(must(store().revocations()), before);
}

TEST_P(CancelConformance, OtherTasksAreLeftAlone) {
  const Workflow workflow = put_chain();
  const model::TaskId before = create(workflow);
  const model::TaskId cancelled = create(workflow);
  const model::TaskId after = create(workflow);
  must(store().cancel_task(task(cancelled).header.uuid, tick()));
  run_dry(workflow, join());
  EXPECT_EQ(task_state(before), TaskState::kComplete);
  EXPECT_EQ(task_state(cancelled), TaskState::kCancelled);
  EXPECT_EQ(task_state(after), TaskState::kComplete);
}

TEST_P(CancelConformance, ABlockedTaskCanBeCancelled) {
  const model::TaskId id = create(put_wide(2));
  fail_step(join(), {id, 0});
  must(store().cancel_task(task(id).header.uuid, tick()));
  EXPECT_EQ(task_state(id), TaskState::kCancelled);
  EXPECT_EQ(step_state(id, 1), StepState::kCancelled);
  EXPECT_TRUE(claim(join()).empty());
}

TEST_P(CancelConformance, ATerminalTaskIsNotCancelled) {
  const Workflow workflow = put_chain();
  const model::TaskId complete_id = create(workflow);
  run_dry(workflow, join());
  const model::TaskId cancelled_id = create(workflow);
  must(store().cancel_task(task(cancelled_id).header.uuid, tick()));
  for (const model::TaskId id : {complete_id, cancelled_id}) {
    const TaskRecord before = task(id);
    EXPECT_EQ(code_of(store().cancel_task(before.header.uuid, tick())), ErrorCode::kINVALID_STATE);
    EXPECT_EQ(task(id).state, before.state);
    EXPECT_EQ(task(id).updated_at_us, before.updated_at_us);
  }
}

TEST_P(CancelConformance, AnUnknownTaskIsNotFound) {
  const base::Uuid unknown = new_uuid();
  const base::Status status = store().cancel_task(unknown, tick());
  EXPECT_EQ(code_of(status), ErrorCode::kNOT_FOUND);
  EXPECT_NE(status.error().message.find(unknown.text()), std::string::npos)
      << status.error().message;
}

}  // namespace
}  // namespace tasker::store::conformance
