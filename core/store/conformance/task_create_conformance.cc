// Creating tasks: kept as given, whole or not at all, their first steps ready or claimed at once.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;
using model::TaskState;

NewTask rich_task(NewTask task) {
  task.context_json = R"({"text":"Grüße 🛫 \u0000 \"quoted\" \\","list":[1.5e300,null,true]})";
  task.initiator = std::string("nul\0inside", 10);
  task.source_system = "système – 源";
  task.reason = "line one\nline 'two'; DROP TABLE step; --";
  task.tags_json = R"(["a","b"])";
  task.options_json = R"({"x":{}})";
  task.priority = -100;
  task.parent_correlation_id = task.uuid;
  task.idempotency_key = "key\twith\x01odd bytes";
  task.requested_at_us = 1'600'000'000'123'456;
  return task;
}

void expect_header(const TaskHeader& header, const NewTask& task) {
  EXPECT_EQ(header.uuid, task.uuid);
  EXPECT_EQ(header.template_id, task.template_id);
  EXPECT_EQ(header.context_json, task.context_json);
  EXPECT_EQ(header.initiator, task.initiator);
  EXPECT_EQ(header.source_system, task.source_system);
  EXPECT_EQ(header.reason, task.reason);
  EXPECT_EQ(header.tags_json, task.tags_json);
  EXPECT_EQ(header.options_json, task.options_json);
  EXPECT_EQ(header.priority, task.priority);
  EXPECT_EQ(header.correlation_id, task.correlation_id);
  EXPECT_EQ(header.parent_correlation_id, task.parent_correlation_id);
  EXPECT_EQ(header.idempotency_key, task.idempotency_key);
  EXPECT_EQ(header.requested_at_us, task.requested_at_us);
}

TEST_P(TaskCreateConformance, EveryMemberReadsBackAsGiven) {
  const Workflow workflow = put_chain();
  const NewTask plain = new_task(workflow);
  const NewTask rich = rich_task(new_task(workflow));
  for (const NewTask& given : {plain, rich}) {
    const model::TaskId id = create(given);
    const std::int64_t created_at_us = now_us();
    reopen();
    const TaskRecord found = must(store().find_task(given.uuid));
    EXPECT_EQ(found.header.id, id);
    EXPECT_EQ(found.header.created_at_us, created_at_us);
    EXPECT_EQ(found.state, TaskState::kStepsInProcess);
    EXPECT_EQ(found.completed_at_us, 0);
    expect_header(found.header, given);
    expect_header(must(store().load_task_header(id)), given);
  }
}

TEST_P(TaskCreateConformance, StepsWithNoDependenciesAreEnqueuedTheOthersPending) {
  const Workflow workflow = put_diamond();
  const model::TaskId id = create(workflow);
  const std::vector<StepRecord> steps = must(store().list_steps(id, true));
  ASSERT_EQ(steps.size(), 4U);
  const std::vector<StepState> states{StepState::kEnqueued, StepState::kPending,
                                      StepState::kPending, StepState::kPending};
  const std::vector<std::uint32_t> missing{0, 1, 1, 2};
  for (std::uint32_t index = 0; index < 4; ++index) {
    SCOPED_TRACE(index);
    EXPECT_EQ(steps[index].key, (model::StepKey{id, index}));
    EXPECT_EQ(steps[index].template_step, index);
    EXPECT_EQ(steps[index].state, states[index]);
    EXPECT_EQ(steps[index].dependencies_missing, missing[index]);
    EXPECT_FALSE(steps[index].held);
    EXPECT_EQ(steps[index].attempt, 0U);
    EXPECT_EQ(steps[index].claimed_at_us, 0);
    EXPECT_EQ(steps[index].completed_at_us, 0);
    EXPECT_EQ(steps[index].retry_at_us, 0);
    EXPECT_EQ(steps[index].result_json, "");
    EXPECT_EQ(steps[index].error_json, "");
    EXPECT_EQ(steps[index].metadata_json, "");
  }
}

TEST_P(TaskCreateConformance, OutcomesComeInTheOrderOfTheTasks) {
  const Workflow chain = put_chain();
  const Workflow diamond = put_diamond();
  WriteBatch batch;
  batch.now_us = tick();
  for (int i = 0; i < 200; ++i) batch.tasks.push_back(new_task(i % 3 == 0 ? diamond : chain));
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(outcome.tasks.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_FALSE(outcome.tasks[i].duplicate);
    EXPECT_EQ(must(store().find_task(batch.tasks[i].uuid)).header.id, outcome.tasks[i].id);
    EXPECT_EQ(must(store().list_steps(outcome.tasks[i].id, false)).size(),
              batch.tasks[i].plan->steps.size());
  }
}

TEST_P(TaskCreateConformance, TheFirstStepsAreClaimedInTheSameCommitWhenThereIsRoom) {
  const Workflow workflow = put_wide(3);
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.now_us = tick();
  batch.budget = budget(worker, 2);
  batch.tasks.push_back(new_task(workflow));
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(outcome.claims.size(), 2U);
  EXPECT_EQ(batch.budget.room[0], 0U);
  EXPECT_TRUE(outcome.left_claimable) << "the third step waits for someone else";
  const model::TaskId id = outcome.tasks[0].id;
  for (const Claim& claimed : outcome.claims) {
    EXPECT_EQ(claimed.step.task, id);
    EXPECT_EQ(claimed.attempt, 1U);
    EXPECT_EQ(claimed.claimed_at_us, now_us());
    EXPECT_EQ(claimed.template_id, workflow.stored.id);
    EXPECT_EQ(claimed.template_step, claimed.step.index);
    EXPECT_EQ(claimed.handler, workflow.handler(claimed.template_step));
    const StepRecord record = step(id, claimed.step.index);
    EXPECT_EQ(record.state, StepState::kInProgress);
    EXPECT_EQ(record.worker, worker);
    EXPECT_EQ(record.attempt, 1U);
  }
  EXPECT_EQ(claim(join()).size(), 1U);
}

TEST_P(TaskCreateConformance, NothingIsLeftForOthersWhenTheCreatorClaimsItAll) {
  const Workflow workflow = put_chain();
  WriteBatch batch;
  batch.now_us = tick();
  batch.budget = budget(join());
  batch.tasks.push_back(new_task(workflow));
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.claims.size(), 1U);
  EXPECT_FALSE(outcome.left_claimable);
}

TEST_P(TaskCreateConformance, ACreatorWithoutRoomLeavesTheStepsForOthers) {
  const Workflow workflow = put_chain();
  const model::WorkerId worker = join();
  WriteBatch batch;
  batch.now_us = tick();
  batch.budget = budget(worker, 0);
  batch.tasks.push_back(new_task(workflow));
  EXPECT_TRUE(write(batch).left_claimable);

  WriteBatch without_budget;
  without_budget.now_us = tick();
  without_budget.tasks.push_back(new_task(workflow));
  EXPECT_TRUE(write(without_budget).left_claimable);
  EXPECT_EQ(claim(worker).size(), 2U);
}

TEST_P(TaskCreateConformance, ABatchThatFailsWritesNothingAndTheNextOneWorks) {
  const Workflow workflow = put_chain();
  const model::WorkerId worker = join();
  const NewTask known = new_task(workflow);
  const model::TaskId id = create(known);
  const Claim claimed = claim(worker).at(0);

  WriteBatch batch = claim_batch(worker);
  batch.completions.push_back(success(workflow, claimed, worker));
  batch.tasks.push_back(new_task(workflow));
  batch.tasks.push_back(known);  // the uuid is taken
  EXPECT_FALSE(store().write(batch));
  EXPECT_EQ(must(store().list_tasks({})).total, 1U);
  EXPECT_EQ(step_state(id, 0), StepState::kInProgress);
  EXPECT_EQ(step_state(id, 1), StepState::kPending);

  batch.tasks.pop_back();
  batch.budget = budget(worker);
  const WriteOutcome outcome = write(batch);
  EXPECT_EQ(outcome.completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(outcome.claims.size(), 2U);
  EXPECT_EQ(must(store().list_tasks({})).total, 2U);
}

TEST_P(TaskCreateConformance, ATaskOf5000StepsRunsToItsEnd) {
  std::vector<StepShape> shapes{{"root"}};
  std::vector<std::string> middle;
  for (int i = 1; i < 4999; ++i) {
    middle.push_back("middle" + std::to_string(i));
    shapes.push_back({middle.back(), {"root"}});
  }
  shapes.push_back({"join", middle});
  const Workflow workflow = put(make_template("large", shapes));
  const model::TaskId id = create(workflow);
  EXPECT_EQ(step(id, 4999).dependencies_missing, 4998U);
  run_dry(workflow, join());
  EXPECT_EQ(task_state(id), TaskState::kComplete);
}

TEST_P(TaskCreateConformance, AContextMayBe16MiB) {
  const Workflow workflow = put_chain();
  NewTask given = new_task(workflow);
  given.context_json = "{\"text\":\"" + std::string((16U << 20) - 11, 'x') + "\"}";
  const model::TaskId id = create(given);
  EXPECT_TRUE(must(store().load_task_header(id)).context_json == given.context_json);
}

}  // namespace
}  // namespace tasker::store::conformance
