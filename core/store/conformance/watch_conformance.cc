// The change watch: another handle's news reach a waiting process without polling.
#include <poll.h>

#include <chrono>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

bool readable_within(const ChangeWatch& watch, int timeout_ms) {
  pollfd descriptor{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, timeout_ms) == 1 && (descriptor.revents & POLLIN) != 0;
}

/// Takes the news off until none has come for a while.
void quieten(ChangeWatch& watch) {
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (readable_within(watch, 50)) {
    watch.acknowledge();
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the watch is never quiet";
  }
}

TEST_P(WatchConformance, ATaskCreatedByAnotherHandleIsNews) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> other = open_another();
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  ASSERT_GE(watch->fd(), 0);
  for (int round = 0; round < 3; ++round) {
    quieten(*watch);
    WriteBatch batch;
    batch.now_us = tick();
    batch.tasks.push_back(new_task(workflow));
    ASSERT_TRUE(must(other->write(batch)).left_claimable);
    EXPECT_TRUE(readable_within(*watch, 5000)) << "round " << round;
  }
  EXPECT_EQ(claim(join()).size(), 3U);
}

TEST_P(WatchConformance, AStepLeftByAnotherHandlesCompletionIsNews) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId there = join(*other, "there");
  create(workflow);
  const Claim claimed = claim(*other, there).at(0);
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  quieten(*watch);
  ASSERT_TRUE(complete(*other, success(workflow, claimed, there)).left_claimable);
  EXPECT_TRUE(readable_within(*watch, 5000));
}

TEST_P(WatchConformance, AReleaseByAnotherHandleIsNews) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId there = join(*other, "there");
  create(workflow);
  WriteBatch batch;
  batch.releases.push_back(release_of(claim(*other, there).at(0), there));
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  quieten(*watch);
  batch.now_us = tick();
  must(other->write(batch));
  EXPECT_TRUE(readable_within(*watch, 5000));
}

TEST_P(WatchConformance, ATaskRetriedThroughAnotherHandleIsNews) {
  const model::TaskId id = create(put_chain());
  fail_step(join(), {id, 0});
  const std::unique_ptr<Store> other = open_another();
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  quieten(*watch);
  must(other->retry_task(task(id).header.uuid, tick()));
  EXPECT_TRUE(readable_within(*watch, 5000));
}

TEST_P(WatchConformance, ACancellationThroughAnotherHandleIsNews) {
  const model::TaskId id = create(put_chain());
  claim(join());
  const base::Uuid uuid = task(id).header.uuid;
  const std::unique_ptr<Store> other = open_another();
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  quieten(*watch);
  must(other->cancel_task(uuid, tick()));
  EXPECT_TRUE(readable_within(*watch, 5000));
}

TEST_P(WatchConformance, SeveralWatchesHearTheSameNews) {
  const Workflow workflow = put_chain();
  const std::unique_ptr<Store> second = open_another();
  const std::unique_ptr<ChangeWatch> here = must(store().watch_changes());
  const std::unique_ptr<ChangeWatch> there = must(second->watch_changes());
  quieten(*here);
  quieten(*there);
  const std::unique_ptr<Store> creator = open_another();
  WriteBatch batch;
  batch.now_us = tick();
  batch.tasks.push_back(new_task(workflow));
  must(creator->write(batch));
  EXPECT_TRUE(readable_within(*here, 5000));
  EXPECT_TRUE(readable_within(*there, 5000));
}

TEST_P(WatchConformance, ReadingIsNoNews) {
  const model::TaskId id = create(put_chain());
  const std::unique_ptr<Store> other = open_another();
  const std::unique_ptr<ChangeWatch> watch = must(store().watch_changes());
  quieten(*watch);
  must(other->list_tasks({}));
  must(other->list_steps(id, true));
  must(other->info());
  EXPECT_FALSE(readable_within(*watch, 100));
}

}  // namespace
}  // namespace tasker::store::conformance
