// The store as a whole: sound after any work, counted right, the same after it was closed.
#include <tuple>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;
using model::TaskState;

TEST_P(IntegrityConformance, AnEmptyStoreIsSoundAndCountsNothing) {
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
  const StoreInfo info = must(store().info());
  EXPECT_FALSE(info.backend.empty());
  EXPECT_FALSE(info.location.empty());
  EXPECT_GE(info.schema_version, 1U);
  EXPECT_EQ(info.templates, 0U);
  EXPECT_EQ(info.tasks, 0U);
  EXPECT_EQ(info.tasks_unfinished, 0U);
  EXPECT_EQ(info.dead_letters, 0U);
  EXPECT_EQ(info.workers, 0U);
  EXPECT_TRUE(info.durability == "full" || info.durability == "normal") << info.durability;
}

TEST_P(IntegrityConformance, InfoCountsWhatIsThere) {
  const Workflow chain = put_chain();
  put_diamond();
  create(chain);
  run_dry(chain, join());
  create(chain);
  must(store().cancel_task(task(create(chain)).header.uuid, tick()));
  fail_step(join(), {create(chain, 100), 0});
  const StoreInfo info = must(store().info());
  EXPECT_EQ(info.templates, 2U);
  EXPECT_EQ(info.tasks, 4U);
  EXPECT_EQ(info.tasks_unfinished, 2U) << "one runs, one is blocked";
  EXPECT_EQ(info.dead_letters, 1U);
  EXPECT_EQ(info.workers, 2U);
  EXPECT_GT(info.size_bytes, 0U);
}

std::optional<Claim> take_one(std::vector<Claim>& from, base::Random& random) {
  if (from.empty()) return std::nullopt;
  const std::size_t index = random.below(from.size());
  const Claim taken = from[index];
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
  return taken;
}

TEST_P(IntegrityConformance, AnyOrderOfMovesLeavesTheStoreSound) {
  const Workflow workflow = put_diamond();
  const model::WorkerId worker = join();
  std::vector<model::TaskId> tasks{create(workflow)};
  std::vector<Claim> running;
  const auto any_task = [&] { return task(tasks[random_.below(tasks.size())]).header.uuid; };
  for (int move = 0; move < 1500; ++move) {
    const std::uint64_t kind = random_.below(100);
    WriteBatch batch = claim_batch(worker, static_cast<std::uint32_t>(random_.below(4)));
    batch.promote_due = true;
    if (kind < 2) {
      std::ignore = store().cancel_task(any_task(), tick());
    } else if (kind < 10) {
      std::ignore = store().retry_task(any_task(), tick());
    } else if (kind < 20) {
      tasks.push_back(create(workflow));
    } else if (const std::optional<Claim> claimed = take_one(running, random_)) {
      if (kind < 70) {
        batch.completions.push_back(success(workflow, *claimed, worker));
      } else if (kind < 80) {
        batch.completions.push_back(
            failure(*claimed, worker, StepState::kWaitingForRetry, now_us() + 2000));
      } else if (kind < 85) {
        batch.completions.push_back(failure(*claimed, worker, StepState::kError));
      } else if (kind < 90) {
        batch.completions.push_back(failure(*claimed, worker, StepState::kEnqueued));
      } else {
        batch.releases.push_back(release_of(*claimed, worker));
      }
    }
    const WriteOutcome outcome = write(batch);
    running.insert(running.end(), outcome.claims.begin(), outcome.claims.end());
    if (move % 250 == 0) {
      ASSERT_EQ(must(store().check_integrity()), std::vector<std::string>{}) << "move " << move;
    }
  }
  reopen();
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});

  for (const Claim& claimed : running) release(release_of(claimed, worker));
  for (const model::TaskId id : tasks) {
    std::ignore = store().retry_task(task(id).header.uuid, tick());
  }
  WriteBatch promote;
  promote.now_us = now_us() + 3'600'000'000;
  promote.promote_due = true;
  write(promote);
  run_dry(workflow, worker);
  for (const model::TaskId id : tasks) {
    const TaskState state = task_state(id);
    EXPECT_TRUE(state == TaskState::kComplete || state == TaskState::kCancelled)
        << model::state_name(state);
  }
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
  EXPECT_EQ(must(store().info()).tasks_unfinished, 0U);
}

TEST_P(IntegrityConformance, NothingChangesByClosingAndOpening) {
  const Workflow workflow = put_diamond();
  std::vector<model::TaskId> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(create(workflow));
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker);
  complete(success(workflow, claims[0], worker));
  complete(failure(claims[1], worker, StepState::kWaitingForRetry, now_us() + 5'000'000));
  complete(failure(claims[2], worker, StepState::kError));
  const auto picture = [&] {
    std::string text;
    for (const model::TaskId id : tasks) {
      text += std::string(model::state_name(task_state(id))) + ":";
      for (const StepRecord& record : must(store().list_steps(id, true))) {
        text += " " + std::string(model::state_name(record.state)) + "/" +
                std::to_string(record.attempt) + "/" + std::to_string(record.dependencies_missing) +
                "/" + record.result_json;
      }
      text += "\n";
    }
    return text;
  };
  const std::string before = picture();
  reopen();
  EXPECT_EQ(picture(), before);
}

}  // namespace
}  // namespace tasker::store::conformance
