// Reading: what was committed, all of it, nothing else; lists filtered, ordered and paged.
#include <algorithm>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using base::ErrorCode;
using model::StepState;
using model::TaskState;

TaskFilter filter_by(std::optional<std::string> namespace_name, std::optional<std::string> name,
                     std::optional<TaskState> state) {
  TaskFilter filter;
  filter.namespace_name = std::move(namespace_name);
  filter.name = std::move(name);
  filter.state = state;
  return filter;
}

TaskFilter page_of(std::uint32_t limit, std::uint32_t offset) {
  TaskFilter filter;
  filter.limit = limit;
  filter.offset = offset;
  return filter;
}

std::vector<model::TaskId> ids_of(const TaskPage& page) {
  std::vector<model::TaskId> ids;
  for (const TaskRecord& record : page.tasks) ids.push_back(record.header.id);
  return ids;
}

TEST_P(ReaderConformance, WhatDoesNotExistIsNotFound) {
  const model::TaskId id = create(put_chain());
  const base::Uuid unknown = new_uuid();
  const base::Result<TaskRecord> found = store().find_task(unknown);
  EXPECT_EQ(code_of(found), ErrorCode::kNOT_FOUND);
  EXPECT_NE(found.error().message.find(unknown.text()), std::string::npos);
  EXPECT_EQ(code_of(store().load_task_header(model::TaskId{987'654})), ErrorCode::kNOT_FOUND);
  EXPECT_EQ(code_of(store().load_step({id, 3})), ErrorCode::kNOT_FOUND);
  EXPECT_EQ(code_of(store().load_step({model::TaskId{987'654}, 0})), ErrorCode::kNOT_FOUND);
}

TEST_P(ReaderConformance, TasksAreListedNewestFirstInPages) {
  const Workflow workflow = put_chain();
  std::vector<model::TaskId> newest_first;
  for (int i = 0; i < 7; ++i) newest_first.insert(newest_first.begin(), create(workflow));
  const TaskPage all = must(store().list_tasks({}));
  EXPECT_EQ(all.total, 7U);
  EXPECT_EQ(ids_of(all), newest_first);
  std::vector<model::TaskId> paged;
  for (std::uint32_t offset = 0; offset < 9; offset += 3) {
    const TaskPage page = must(store().list_tasks(page_of(3, offset)));
    EXPECT_EQ(page.total, 7U);
    for (const model::TaskId id : ids_of(page)) paged.push_back(id);
  }
  EXPECT_EQ(paged, newest_first);
  const TaskPage beyond = must(store().list_tasks(page_of(3, 100)));
  EXPECT_EQ(beyond.total, 7U);
  EXPECT_TRUE(beyond.tasks.empty());
}

TEST_P(ReaderConformance, TasksAreFilteredByNamespaceNameAndState) {
  const Workflow chain = put_chain();
  const Workflow diamond = put_diamond();
  model::TaskTemplate elsewhere_body = make_template("chain", {{"a"}});
  elsewhere_body.namespace_name = "elsewhere";
  const Workflow elsewhere = put(elsewhere_body);
  const model::TaskId complete_id = create(chain);
  run_dry(chain, join());
  const model::TaskId blocked_id = create(diamond);
  fail_step(join(), {blocked_id, 0});
  const model::TaskId running_id = create(chain);
  const model::TaskId apart_id = create(elsewhere);
  const model::TaskId cancelled_id = create(diamond);
  must(store().cancel_task(task(cancelled_id).header.uuid, tick()));

  using Ids = std::vector<model::TaskId>;
  const auto listed = [&](const TaskFilter& filter) {
    const TaskPage page = must(store().list_tasks(filter));
    EXPECT_EQ(page.total, page.tasks.size());
    return ids_of(page);
  };
  EXPECT_EQ(listed(filter_by("test", {}, {})),
            (Ids{cancelled_id, running_id, blocked_id, complete_id}));
  EXPECT_EQ(listed(filter_by({}, "chain", {})), (Ids{apart_id, running_id, complete_id}));
  EXPECT_EQ(listed(filter_by("test", "chain", {})), (Ids{running_id, complete_id}));
  EXPECT_EQ(listed(filter_by({}, {}, TaskState::kComplete)), (Ids{complete_id}));
  EXPECT_EQ(listed(filter_by({}, {}, TaskState::kBlockedByFailures)), (Ids{blocked_id}));
  EXPECT_EQ(listed(filter_by({}, {}, TaskState::kCancelled)), (Ids{cancelled_id}));
  EXPECT_EQ(listed(filter_by({}, {}, TaskState::kStepsInProcess)), (Ids{apart_id, running_id}));
  EXPECT_EQ(listed(filter_by("elsewhere", "chain", TaskState::kStepsInProcess)), (Ids{apart_id}));
  EXPECT_EQ(listed(filter_by("nowhere", {}, {})), (Ids{}));
  EXPECT_EQ(listed(filter_by({}, "chain' OR 1=1 --", {})), (Ids{}));
}

TEST_P(ReaderConformance, StepListsLeaveResultsOutUnlessAsked) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  run_dry(workflow, join());
  for (const bool with_results : {false, true}) {
    const std::vector<StepRecord> steps = must(store().list_steps(id, with_results));
    ASSERT_EQ(steps.size(), 3U);
    for (std::uint32_t index = 0; index < 3; ++index) {
      EXPECT_EQ(steps[index].key, (model::StepKey{id, index}));
      EXPECT_EQ(steps[index].result_json, with_results ? R"({"ok":true})" : "");
    }
  }
}

TEST_P(ReaderConformance, ResultsComeInTheOrderAskedFor) {
  const Workflow workflow = put_wide(4);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  for (const std::size_t index : {0U, 1U, 3U}) {
    complete(success(workflow, claims[index], worker, std::to_string(index)));
  }
  const std::vector<std::uint32_t> wanted{3, 2, 0, 3};
  EXPECT_EQ(must(store().load_results(id, wanted)), (std::vector<std::string>{"3", "", "0", "3"}));
  EXPECT_TRUE(must(store().load_results(id, {})).empty());
}

TEST_P(ReaderConformance, AReaderOfItsOwnSeesEachCommit) {
  const std::unique_ptr<Reader> reader = must(store().open_reader());
  EXPECT_EQ(must(reader->list_tasks({})).total, 0U);
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  EXPECT_EQ(must(reader->list_tasks({})).total, 1U);
  EXPECT_EQ(must(reader->load_step({id, 0})).state, StepState::kEnqueued);
  run_dry(workflow, join());
  EXPECT_EQ(must(reader->load_step({id, 0})).state, StepState::kComplete);
  EXPECT_EQ(must(reader->load_template(workflow.stored.id)).id, workflow.stored.id);
  EXPECT_EQ(must(reader->list_handlers()).size(), 1U);
  EXPECT_EQ(must(reader->list_workers()).size(), 1U);
  EXPECT_EQ(must(reader->next_due()), std::nullopt);
  EXPECT_TRUE(must(reader->check_integrity()).empty());
  EXPECT_EQ(must(reader->info()).tasks, 1U);
}

TEST_P(ReaderConformance, AReaderOutlivesReadsThatFoundNothing) {
  const std::unique_ptr<Reader> reader = must(store().open_reader());
  EXPECT_FALSE(reader->find_task(new_uuid()));
  EXPECT_FALSE(reader->load_task_header(model::TaskId{7}));
  const model::TaskId id = create(put_chain());
  EXPECT_EQ(must(reader->load_task_header(id)).id, id);
}

}  // namespace
}  // namespace tasker::store::conformance
