// Idempotency keys: one task for each key of a template, for ever.
#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

WriteOutcome create_keyed(Store& store, NewTask task, std::int64_t now_us, std::string key) {
  WriteBatch batch;
  batch.now_us = now_us;
  task.idempotency_key = std::move(key);
  batch.tasks.push_back(std::move(task));
  return must(store.write(batch));
}

TEST_P(IdempotencyConformance, AKnownKeyWritesNothingAndNamesTheTaskThatHasIt) {
  const Workflow workflow = put_chain();
  const NewTask first = new_task(workflow);
  EXPECT_FALSE(create_keyed(store(), first, tick(), "key").tasks.at(0).duplicate);
  const WriteOutcome again = create_keyed(store(), new_task(workflow), tick(), "key");
  EXPECT_TRUE(again.tasks.at(0).duplicate);
  EXPECT_EQ(again.tasks.at(0).existing, first.uuid);
  EXPECT_FALSE(again.left_claimable);
  EXPECT_EQ(must(store().list_tasks({})).total, 1U);
  EXPECT_EQ(claim(join()).size(), 1U);
}

TEST_P(IdempotencyConformance, AKeyCountsForOneTemplateNameOnly) {
  const Workflow workflow = put_chain();
  const Workflow other = put_diamond();
  model::TaskTemplate elsewhere_body = make_template("chain", {{"a"}});
  elsewhere_body.namespace_name = "elsewhere";
  const Workflow elsewhere = put(elsewhere_body);
  for (const Workflow* each : {&workflow, &other, &elsewhere}) {
    EXPECT_FALSE(create_keyed(store(), new_task(*each), tick(), "key").tasks.at(0).duplicate);
  }
  EXPECT_FALSE(create_keyed(store(), new_task(workflow), tick(), "KEY").tasks.at(0).duplicate);
}

TEST_P(IdempotencyConformance, AKeyCountsAcrossVersionsAndRevisions) {
  const Workflow first = put_chain();
  create_keyed(store(), new_task(first), tick(), "key");
  const Workflow revision = put(make_template("chain", {{"a"}, {"b", {"a"}}}));
  EXPECT_TRUE(create_keyed(store(), new_task(revision), tick(), "key").tasks.at(0).duplicate);
  model::TaskTemplate version_body = make_template("chain", {{"a"}});
  version_body.version = "2.0.0";
  const Workflow version = put(version_body);
  EXPECT_TRUE(create_keyed(store(), new_task(version), tick(), "key").tasks.at(0).duplicate);
}

TEST_P(IdempotencyConformance, AKeyTwiceInOneBatchIsCreatedOnce) {
  const Workflow workflow = put_chain();
  WriteBatch batch;
  batch.now_us = tick();
  for (int i = 0; i < 4; ++i) {
    batch.tasks.push_back(new_task(workflow));
    if (i != 2) batch.tasks.back().idempotency_key = "key";
  }
  const WriteOutcome outcome = write(batch);
  ASSERT_EQ(outcome.tasks.size(), 4U);
  EXPECT_FALSE(outcome.tasks[0].duplicate);
  EXPECT_TRUE(outcome.tasks[1].duplicate);
  EXPECT_EQ(outcome.tasks[1].existing, batch.tasks[0].uuid);
  EXPECT_FALSE(outcome.tasks[2].duplicate) << "a neighbour of a duplicate is created";
  EXPECT_TRUE(outcome.tasks[3].duplicate);
  EXPECT_EQ(outcome.tasks[3].existing, batch.tasks[0].uuid);
  EXPECT_EQ(must(store().list_tasks({})).total, 2U);
}

TEST_P(IdempotencyConformance, AKeyFoundThroughAnotherHandleIsADuplicateToo) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> other = open_another();
  const NewTask first = new_task(workflow);
  create_keyed(*other, first, tick(), "key");
  const WriteOutcome again = create_keyed(store(), new_task(workflow), tick(), "key");
  EXPECT_TRUE(again.tasks.at(0).duplicate);
  EXPECT_EQ(again.tasks.at(0).existing, first.uuid);
}

TEST_P(IdempotencyConformance, AKeyIsTakenForEverWhateverBecomesOfItsTask) {
  const Workflow workflow = put_chain();
  const NewTask completes = new_task(workflow);
  create_keyed(store(), completes, tick(), "completes");
  run_dry(workflow, join());
  const NewTask cancelled = new_task(workflow);
  create_keyed(store(), cancelled, tick(), "is cancelled");
  must(store().cancel_task(cancelled.uuid, tick()));
  reopen();
  for (const auto& [key, first] :
       {std::pair{"completes", &completes}, std::pair{"is cancelled", &cancelled}}) {
    const WriteOutcome again = create_keyed(store(), new_task(workflow), tick(), key);
    EXPECT_TRUE(again.tasks.at(0).duplicate) << key;
    EXPECT_EQ(again.tasks.at(0).existing, first->uuid) << key;
  }
}

TEST_P(IdempotencyConformance, ABlockedTaskHoldsItsKey) {
  const Workflow workflow = put_chain();
  const NewTask blocked = new_task(workflow);
  const model::TaskId id = create_keyed(store(), blocked, tick(), "key").tasks.at(0).id;
  fail_step(join(), {id, 0});
  const WriteOutcome again = create_keyed(store(), new_task(workflow), tick(), "key");
  EXPECT_TRUE(again.tasks.at(0).duplicate);
  EXPECT_EQ(again.tasks.at(0).existing, blocked.uuid);
}

TEST_P(IdempotencyConformance, TheTaskOfAKeyIsFoundByIt) {
  const Workflow workflow = put_chain();
  const NewTask given = new_task(workflow);
  create_keyed(store(), given, tick(), "key");
  const std::optional<TaskRecord> found =
      must(store().find_by_idempotency_key("test", "chain", "key"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->header.uuid, given.uuid);
  EXPECT_EQ(found->state, model::TaskState::kStepsInProcess);
  EXPECT_FALSE(must(store().find_by_idempotency_key("test", "chain", "other")));
  EXPECT_FALSE(must(store().find_by_idempotency_key("test", "other", "key")));
  EXPECT_FALSE(must(store().find_by_idempotency_key("other", "chain", "key")));
  run_dry(workflow, join());
  EXPECT_EQ(must(store().find_by_idempotency_key("test", "chain", "key")).value().state,
            model::TaskState::kComplete);
}

}  // namespace
}  // namespace tasker::store::conformance
