#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <atomic>
#include <map>
#include <set>

#include "core/base/mutex.h"
#include "core/worker/worker.h"
#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using model::StepState;
using model::TaskState;

constexpr const char* kFailureRetryable =
    R"({"success":false,"error":{"message":"no","retryable":true}})";
constexpr const char* kFailurePermanent =
    R"({"success":false,"error":{"message":"no","retryable":false}})";

class WorkerTest : public testing::Test {
 protected:
  std::unique_ptr<Worker> running(std::uint32_t steps, config::Config config = {}) {
    auto worker = open_worker(path_, std::move(config));
    EXPECT_TRUE(worker->put_template(chain_template(steps)));
    const std::string handlers[] = {"work"};
    EXPECT_TRUE(worker->register_handlers(handlers));
    EXPECT_TRUE(worker->start());
    return worker;
  }

  std::vector<store::StepRecord> steps_of(const base::Uuid& task) {
    auto store = open_store(path_);
    auto record = store->find_task(task);
    EXPECT_TRUE(record);
    auto steps = store->list_steps(record->header.id, true);
    EXPECT_TRUE(steps);
    return *steps;
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("tasker.db");
};

TEST_F(WorkerTest, AChainRunsToItsEndInOrder) {
  auto worker = running(4);
  std::vector<std::string> order;
  base::Mutex mutex;
  HandlerThread handlers(*worker, [&](Worker& self, const StepEvent& event) {
    {
      base::Lock lock(mutex);
      order.push_back(event.compiled->stored.body.steps[event.claim.template_step].name);
      EXPECT_EQ(event.dependencies.size(), event.claim.template_step);
    }
    HandlerThread::succeed(self, event);
  });
  const auto task = create_one(*worker);
  const auto state = await_end(*worker, task);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(*state, TaskState::kComplete);
  EXPECT_EQ(order, (std::vector<std::string>{"s0", "s1", "s2", "s3"}));
}

TEST_F(WorkerTest, NoMoreStepsAreHandedOutThanThereIsRoom) {
  config::Config config;
  config.max_concurrent_handlers = 3;
  auto worker = running(1, config);
  create_and_wait(*worker, std::vector<TaskRequest>(10, chain_request()));
  std::vector<StepEvent> events;
  while (events.size() < 3) ASSERT_TRUE(worker->wait_step_events(10, 10'000, events));
  EXPECT_EQ(*worker->wait_step_events(10, 30, events), 0U);
  ASSERT_TRUE(worker->complete_success(events[0].event_id, "{}"));
  EXPECT_EQ(*worker->wait_step_events(10, 10'000, events), 1U);
}

TEST_F(WorkerTest, ARetryableFailureRunsAgainUntilItsAttemptsAreUsedUp) {
  auto worker = running(1);
  std::atomic<int> runs{0};
  HandlerThread handlers(*worker, [&](Worker& self, const StepEvent& event) {
    ++runs;
    EXPECT_EQ(event.claim.attempt, static_cast<std::uint32_t>(runs.load()));
    EXPECT_TRUE(self.complete_step_event(event.event_id, kFailureRetryable));
  });
  const auto task = create_one(*worker);
  EXPECT_EQ(*await_end(*worker, task), TaskState::kBlockedByFailures);
  EXPECT_EQ(runs, 3);
}

TEST_F(WorkerTest, ABlockedTaskGoesOnAfterARetryByHand) {
  auto worker = running(2);
  std::atomic<bool> healthy{false};
  HandlerThread handlers(*worker, [&](Worker& self, const StepEvent& event) {
    if (healthy) return HandlerThread::succeed(self, event);
    EXPECT_TRUE(self.complete_step_event(event.event_id, kFailurePermanent));
  });
  const auto task = create_one(*worker);
  ASSERT_EQ(*await_end(*worker, task), TaskState::kBlockedByFailures);
  healthy = true;
  EXPECT_EQ(*worker->retry_task(task), 1U);
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
}

TEST_F(WorkerTest, ACompletionThatIsNoJsonLeavesTheEventOpen) {
  auto worker = running(1);
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(worker->complete_step_event(event.event_id, "{").error().code,
            ErrorCode::kINVALID_JSON);
  EXPECT_TRUE(worker->complete_success(event.event_id, "{}"));
  EXPECT_EQ(worker->complete_success(event.event_id, "{}").error().code, ErrorCode::kUNKNOWN_EVENT);
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
}

TEST_F(WorkerTest, ACompletionThatFindsTheChannelFullLeavesTheEventOpen) {
  config::Config config;
  config.completion_channel_capacity = 1;
  auto worker = running(1, config);
  const auto created = create_and_wait(*worker, std::vector<TaskRequest>(5, chain_request()));
  std::vector<StepEvent> events;
  while (events.size() < 5) ASSERT_TRUE(worker->wait_step_events(5, 10'000, events));
  // Another process in the middle of a commit holds the writer up.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<StepEvent> refused;
  for (const StepEvent& event : events) {
    const auto status = worker->complete_success(event.event_id, "{}");
    if (status) continue;
    EXPECT_EQ(status.error().code, ErrorCode::kFULL);
    refused.push_back(event);
  }
  EXPECT_FALSE(refused.empty());
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  for (const StepEvent& event : refused) {
    base::Status status = worker->complete_success(event.event_id, "{}");
    for (; !status && status.error().code == ErrorCode::kFULL;
         status = worker->complete_success(event.event_id, "{}"))
      std::this_thread::yield();
    EXPECT_TRUE(status);
  }
  for (const auto& task : created) EXPECT_EQ(*await_end(*worker, task->uuid), TaskState::kComplete);
}

TEST_F(WorkerTest, AStepOverItsDeadlineTimesOutAndItsLateCompletionIsFenced) {
  config::Config config;
  config.handler_timeout_ms = 50;
  auto worker = running(1, config);
  const auto task = create_one(*worker);
  const StepEvent first = next_event(*worker);
  const StepEvent second = next_event(*worker);
  EXPECT_EQ(second.claim.step, first.claim.step);
  EXPECT_EQ(second.claim.attempt, 2U);
  const auto notices = worker->poll_notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::kAbort);
  EXPECT_EQ(notices[0].reason, AbortReason::kTimeout);
  EXPECT_EQ(notices[0].event_id, first.event_id);
  EXPECT_EQ(worker->complete_success(first.event_id, "{}").error().code, ErrorCode::kFENCED);
  EXPECT_TRUE(worker->complete_success(second.event_id, "{}"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
}

TEST_F(WorkerTest, ATimedOutHandlerKeepsItsPlaceUntilItIsGone) {
  config::Config config;
  config.handler_timeout_ms = 50;
  config.max_concurrent_handlers = 1;
  auto worker = running(1, config);
  create_one(*worker);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(await_notice(*worker).reason, AbortReason::kTimeout);
  std::vector<StepEvent> events;
  EXPECT_EQ(*worker->wait_step_events(1, 50, events), 0U);
  EXPECT_EQ(worker->complete_success(event.event_id, "{}").error().code, ErrorCode::kFENCED);
  EXPECT_EQ(*worker->wait_step_events(1, 10'000, events), 1U);
}

TEST_F(WorkerTest, CancellingATaskStopsItsHandlersAndFencesThem) {
  auto worker = running(2);
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  ASSERT_TRUE(worker->cancel_task(task));
  const auto notices = worker->poll_notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].reason, AbortReason::kCancel);
  EXPECT_EQ(worker->complete_success(event.event_id, "{}").error().code, ErrorCode::kFENCED);
  EXPECT_EQ(worker->cancel_task(task).error().code, ErrorCode::kINVALID_STATE);
  EXPECT_EQ(*await_end(*worker, task), TaskState::kCancelled);
}

TEST_F(WorkerTest, ACancellationByAnotherProcessReachesTheRunningHandler) {
  auto worker = running(1);
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  ASSERT_TRUE(open_store(path_)->cancel_task(task, base::SystemClock().wall_us()));
  const Notice notice = await_notice(*worker);
  EXPECT_EQ(notice.event_id, event.event_id);
  EXPECT_EQ(notice.reason, AbortReason::kCancel);
}

TEST_F(WorkerTest, ATaskOfAnotherProcessWakesTheWorker) {
  auto other = open_worker(path_);
  auto worker = running(1);
  create_one(*other);
  next_event(*worker);
}

TEST_F(WorkerTest, AWaiterHearsOfATaskThatAnotherWorkerFinishes) {
  auto other = open_worker(path_);
  auto worker = running(1);
  HandlerThread handlers(*worker, HandlerThread::succeed);
  const auto task = create_one(*other);
  EXPECT_EQ(*await_end(*other, task), TaskState::kComplete);
}

TEST_F(WorkerTest, WaitingForATaskEndsWithItsTime) {
  auto worker = running(1);
  const auto task = create_one(*worker);
  EXPECT_EQ(await_end(*worker, task, 30).error().code, ErrorCode::kTIMED_OUT);
  EXPECT_EQ(await_end(*worker, base::Uuid{}, 30).error().code, ErrorCode::kNOT_FOUND);
}

TEST_F(WorkerTest, DrainHandsBackWhatWasNotStartedWithoutCostingAnAttempt) {
  auto worker = running(1);
  const auto task = create_one(*worker);
  EXPECT_EQ(*worker->drain(0), 1U);
  const auto steps = steps_of(task);
  EXPECT_EQ(steps[0].state, StepState::kEnqueued);
  EXPECT_EQ(steps[0].attempt, 0U);
}

TEST_F(WorkerTest, DrainHandsBackWhatACommitUnderWayClaims) {
  auto creator = running(1);
  const auto task = create_one(*creator);
  ASSERT_TRUE(creator->stop());
  // The claim starts with the worker; each round drains a little later into it.
  for (int yields = 0; yields < 80; ++yields) {
    auto worker = running(1);
    for (int i = 0; i < yields; ++i) std::this_thread::yield();
    ASSERT_TRUE(worker->drain(0));
    ASSERT_TRUE(worker->stop());
    const auto steps = steps_of(task);
    ASSERT_EQ(steps[0].state, StepState::kEnqueued) << "after " << yields << " yields";
    ASSERT_EQ(steps[0].attempt, 0U);
  }
}

TEST_F(WorkerTest, DrainWaitsForRunningHandlersAndRecordsThem) {
  // The handler ends a little earlier or later in the drain each round.
  for (int round = 0; round < 100; ++round) {
    auto worker = running(1);
    const auto task = create_one(*worker);
    const StepEvent event = next_event(*worker);
    std::atomic<bool> drains = false;
    std::thread handler([&] {
      drains.wait(false);
      for (int i = 0; i < round; ++i) std::this_thread::yield();
      EXPECT_TRUE(worker->complete_success(event.event_id, "{}"));
    });
    drains = true;
    drains.notify_one();
    EXPECT_EQ(*worker->drain(10'000), 0U);
    EXPECT_EQ(steps_of(task)[0].state, StepState::kComplete) << "in round " << round;
    handler.join();
    ASSERT_TRUE(worker->stop());
  }
}

TEST_F(WorkerTest, DrainHandsBackHandlersThatDoNotEnd) {
  auto worker = running(1);
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(*worker->drain(20), 1U);
  EXPECT_EQ(worker->poll_notices(10)[0].reason, AbortReason::kShutdown);
  EXPECT_EQ(worker->complete_success(event.event_id, "{}").error().code, ErrorCode::kFENCED);
  EXPECT_EQ(steps_of(task)[0].attempt, 0U);
}

TEST_F(WorkerTest, EveryCallAfterStopIsRefused) {
  auto worker = running(1);
  ASSERT_TRUE(worker->stop());
  ASSERT_TRUE(worker->stop());
  EXPECT_EQ(worker->start().error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(worker->complete_success({}, "{}").error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(worker->put_template(chain_template(1)).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(worker->cancel_task({}).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(worker->retry_task({}).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(worker->drain(0).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(create_and_wait(*worker, {chain_request()})[0].error().code, ErrorCode::kCLOSED);
  std::vector<StepEvent> events;
  EXPECT_EQ(worker->wait_step_events(1, 0, events).error().code, ErrorCode::kCLOSED);
}

TEST_F(WorkerTest, StoppingFromOneThreadWhileOthersCallIsSafe) {
  for (int round = 0; round < 20; ++round) {
    auto worker = running(2);
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i)
      callers.emplace_back([&] {
        for (int k = 0; k < 20; ++k) {
          create_and_wait(*worker, {chain_request()});
          std::vector<StepEvent> events;
          worker->poll_step_events(8, events);
          // Refused once the worker is stopped, recorded before: either is right here.
          for (const StepEvent& event : events)
            (void)worker->complete_success(event.event_id, "{}");
        }
      });
    EXPECT_TRUE(worker->stop());
    for (std::thread& caller : callers) caller.join();
  }
}

TEST_F(WorkerTest, TheStepsOfADeadProcessAreTakenOverAtOnce) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto worker = running(1);
    create_one(*worker);
    next_event(*worker);
    _exit(0);  // as if killed: nothing is handed back, no record removed
  }
  int status = 0;
  waitpid(child, &status, 0);
  auto worker = running(1);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(event.claim.attempt, 2U);
  EXPECT_TRUE(worker->complete_success(event.event_id, "{}"));
}

TEST_F(WorkerTest, AForkedCopyIsRefused) {
  auto worker = running(1);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto status = worker->cancel_task({});
    _exit(!status && status.error().code == ErrorCode::kFORKED ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(WorkerTest, AHandlerThatBlocksThreeLeaseTimesKeepsItsStep) {
  config::Config config;
  config.lease_ttl_ms = 400;
  auto worker = running(1, config);
  auto other = running(1, config);
  const auto task = create_one(*worker);
  std::vector<StepEvent> events;
  Worker* owner = worker.get();
  if (*worker->wait_step_events(1, 100, events) == 0) {
    owner = other.get();
    ASSERT_EQ(*other->wait_step_events(1, 10'000, events), 1U);
  }
  Worker& idle = owner == worker.get() ? *other : *worker;
  std::vector<StepEvent> stolen;
  EXPECT_EQ(*idle.wait_step_events(1, 1'200, stolen), 0U);
  EXPECT_TRUE(owner->complete_success(events[0].event_id, "{}"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
  EXPECT_EQ(steps_of(task)[0].attempt, 1U);
}

TEST_F(WorkerTest, ManyThreadsRunManyTasksEachStepOnce) {
  config::Config config;
  config.max_concurrent_handlers = 64;
  auto worker = running(3, config);
  base::Mutex mutex;
  std::map<std::pair<model::StepKey, std::uint32_t>, int> runs;
  const auto handler = [&](Worker& self, const StepEvent& event) {
    {
      base::Lock lock(mutex);
      ++runs[{event.claim.step, event.claim.attempt}];
    }
    HandlerThread::succeed(self, event);
  };
  HandlerThread one(*worker, handler);
  HandlerThread two(*worker, handler);
  HandlerThread three(*worker, handler);
  constexpr int kTasks = 300;
  const auto created = create_and_wait(*worker, std::vector<TaskRequest>(kTasks, chain_request()));
  for (const auto& task : created) ASSERT_EQ(*await_end(*worker, task->uuid), TaskState::kComplete);
  EXPECT_EQ(runs.size(), 3U * kTasks);
  for (const auto& [step, count] : runs) EXPECT_EQ(count, 1);
}

TEST_F(WorkerTest, AnIdempotencyKeyNamesOneTask) {
  auto worker = running(1);
  TaskRequest request = chain_request();
  request.idempotency_key = "order-7";
  const auto created = create_and_wait(*worker, {request, request, chain_request()});
  EXPECT_FALSE(created[0]->duplicate);
  EXPECT_TRUE(created[1]->duplicate);
  EXPECT_EQ(created[1]->uuid, created[0]->uuid);
  EXPECT_FALSE(created[2]->duplicate);
}

TEST_F(WorkerTest, ARequestForAnUnknownTemplateFailsAloneInItsBatch) {
  auto worker = running(1);
  TaskRequest unknown = chain_request();
  unknown.name = "nothing";
  const auto created = create_and_wait(*worker, {unknown, chain_request()});
  EXPECT_EQ(created[0].error().code, ErrorCode::kNOT_FOUND);
  EXPECT_TRUE(created[1]);
}

TEST_F(WorkerTest, AWorkerOfAnotherNamespaceLeavesTheStepsAlone) {
  config::Config config;
  config.namespaces = {"elsewhere"};
  auto worker = running(1, config);
  create_one(*worker);
  std::vector<StepEvent> events;
  EXPECT_EQ(*worker->wait_step_events(1, 50, events), 0U);
}

TEST_F(WorkerTest, TheWakeUpIsCoalescedUntilTheQueueWasEmptied) {
  auto worker = running(1);
  std::atomic<int> calls{0};
  worker->set_wakeup([&] { ++calls; });
  create_and_wait(*worker, std::vector<TaskRequest>(5, chain_request()));
  std::vector<StepEvent> events;
  while (events.size() < 5) worker->poll_step_events(1, events);
  const int before = calls;
  EXPECT_GE(before, 1);
  EXPECT_LE(before, 5);
  for (const StepEvent& event : events) EXPECT_TRUE(worker->complete_success(event.event_id, "{}"));
  create_one(*worker);
  while (events.size() < 6) worker->poll_step_events(1, events);
  EXPECT_GT(calls, before);
  worker->set_wakeup({});
}

}  // namespace
}  // namespace tasker::worker
