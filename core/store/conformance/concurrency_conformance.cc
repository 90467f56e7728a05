// Several handles at work at the same time, each on a thread of its own as if in its own process.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::TaskState;

TEST_P(ConcurrencyConformance, FourHandlesRunEachStepOnce) {
  constexpr int kHandles = 4;
  constexpr int kTasks = 100;
  const Workflow workflow = put_diamond();
  WriteBatch creation;
  creation.now_us = tick();
  for (int i = 0; i < kTasks; ++i) creation.tasks.push_back(new_task(workflow));
  const WriteOutcome created = write(creation);

  struct Member {
    std::unique_ptr<Store> store;
    model::WorkerId worker{};
    ClaimBudget budget;
    std::vector<model::StepKey> recorded;
    std::string error;
  };
  std::vector<Member> members(kHandles);
  for (Member& member : members) {
    member.store = open_another();
    member.worker = join(*member.store, "member");
    member.budget = budget(member.worker, 8);
  }
  const std::int64_t start_us = now_us();
  std::atomic<int> left{kTasks * 4};
  const auto work = [&](Member& member) {
    WriteBatch batch;
    for (std::int64_t round = 1; left > 0; ++round) {
      batch.now_us = start_us + round;
      batch.budget = member.budget;
      batch.claim = true;
      const base::Result<WriteOutcome> outcome = member.store->write(batch);
      if (!outcome) {
        member.error = outcome.error().to_json();
        return;
      }
      for (std::size_t i = 0; i < outcome->completions.size(); ++i) {
        if (outcome->completions[i] != CompletionOutcome::kRecorded) continue;
        member.recorded.push_back(batch.completions[i].step);
        --left;
      }
      batch.completions.clear();
      for (const Claim& claimed : outcome->claims) {
        batch.completions.push_back(success(workflow, claimed, member.worker));
      }
    }
  };
  std::vector<std::thread> threads;
  for (Member& member : members) threads.emplace_back(work, std::ref(member));
  for (std::thread& thread : threads) thread.join();

  std::set<model::StepKey> recorded;
  for (const Member& member : members) {
    EXPECT_EQ(member.error, "");
    for (const model::StepKey key : member.recorded) EXPECT_TRUE(recorded.insert(key).second);
  }
  EXPECT_EQ(recorded.size(), static_cast<std::size_t>(kTasks) * 4);
  for (const WriteOutcome::Created& each : created.tasks) {
    EXPECT_EQ(task_state(each.id), TaskState::kComplete);
    for (const StepRecord& record : must(store().list_steps(each.id, false))) {
      EXPECT_EQ(record.attempt, 1U);
    }
  }
  EXPECT_EQ(must(store().check_integrity()), std::vector<std::string>{});
}

TEST_P(ConcurrencyConformance, AReaderSeesWholeCommitsWhileAnotherThreadWrites) {
  const Workflow workflow = put_chain();
  const model::TaskId id = create(workflow);
  const std::unique_ptr<Reader> reader = must(store().open_reader());
  std::atomic<bool> done{false};
  std::string fault;
  std::thread reading([&] {
    while (!done && fault.empty()) {
      const base::Result<std::vector<StepRecord>> steps = reader->list_steps(id, true);
      if (!steps) {
        fault = steps.error().to_json();
        return;
      }
      for (std::size_t i = 0; i + 1 < steps->size(); ++i) {
        const bool complete = (*steps)[i].state == model::StepState::kComplete;
        if (complete == (*steps)[i].result_json.empty()) fault = "a state without its result";
        if (!complete && (*steps)[i + 1].state != model::StepState::kPending) {
          fault = "a step that began before the one it depends on was complete";
        }
      }
    }
  });
  const model::WorkerId worker = join();
  for (int round = 0; round < 200; ++round) {
    release(release_of(claim(worker).at(0), worker));
    create(workflow, -1);
  }
  run_dry(workflow, worker);
  done = true;
  reading.join();
  EXPECT_EQ(fault, "");
  EXPECT_EQ(task_state(id), TaskState::kComplete);
}

TEST_P(ConcurrencyConformance, TwoHandlesWithTheSameIdempotencyKeysCreateEachTaskOnce) {
  constexpr int kKeys = 50;
  const Workflow workflow = put_chain();
  struct Member {
    std::unique_ptr<Store> store;
    std::vector<NewTask> tasks;
    int created = 0;
    std::string error;
  };
  std::vector<Member> members(2);
  for (Member& member : members) {
    member.store = open_another();
    for (int i = 0; i < kKeys; ++i) {
      member.tasks.push_back(new_task(workflow));
      member.tasks.back().idempotency_key = "key" + std::to_string(i);
    }
  }
  const std::int64_t start_us = now_us();
  const auto work = [&](Member& member) {
    for (const NewTask& given : member.tasks) {
      WriteBatch batch;
      batch.now_us = start_us;
      batch.tasks.push_back(given);
      const base::Result<WriteOutcome> outcome = member.store->write(batch);
      if (!outcome) {
        member.error = outcome.error().to_json();
        return;
      }
      member.created += outcome->tasks.at(0).duplicate ? 0 : 1;
    }
  };
  std::vector<std::thread> threads;
  for (Member& member : members) threads.emplace_back(work, std::ref(member));
  for (std::thread& thread : threads) thread.join();
  for (const Member& member : members) EXPECT_EQ(member.error, "");
  EXPECT_EQ(members[0].created + members[1].created, kKeys);
  EXPECT_EQ(must(store().list_tasks({})).total, static_cast<std::uint64_t>(kKeys));
}

}  // namespace
}  // namespace tasker::store::conformance
