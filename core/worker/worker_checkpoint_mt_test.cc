// Checkpoints through a whole worker.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "core/store/testing/manual_clock.h"
#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using model::StepState;
using model::TaskState;
using testing::HasSubstr;

std::string checkpoint_json(const StepEvent& event, int cursor) {
  const base::Uuid step = base::derive_uuid(event.task->uuid, event.claim.step.index);
  return R"({"step_uuid":")" + step.text() + R"(","cursor":)" + std::to_string(cursor) +
         R"(,"items_processed":)" + std::to_string(cursor * 10) +
         R"(,"accumulated_results":{"sum":1}})";
}

/// Lets a test wait for a log line.
class AwaitedLog final : public base::Logger {
 public:
  bool enabled(base::LogLevel) const override { return true; }
  void write(base::LogLevel, std::string_view, std::string_view message,
             std::span<const base::LogField>) override {
    base::Lock lock(mutex_);
    messages_.emplace_back(message);
    arrived_.notify_all();
  }
  bool await(std::string_view message) {
    base::Lock lock(mutex_);
    return arrived_.wait_for(mutex_, 20'000'000, [&] {
      return std::find(messages_.begin(), messages_.end(), message) != messages_.end();
    });
  }

 private:
  base::Mutex mutex_;
  base::Condition arrived_;
  std::vector<std::string> messages_;
};

class WorkerCheckpoint : public testing::Test {
 protected:
  std::unique_ptr<Worker> running(config::Config config = {}) {
    auto worker = open_worker(path_, std::move(config));
    start(*worker);
    return worker;
  }
  static void start(Worker& worker) {
    EXPECT_TRUE(worker.put_template(chain_template(1)));
    EXPECT_TRUE(worker.register_handlers(std::vector<std::string>{"work"}));
    EXPECT_TRUE(worker.start());
  }

  static base::Result<base::Uuid> checkpoint(Worker& worker, const StepEvent& event,
                                             const std::string& document) {
    std::promise<base::Result<base::Uuid>> stored;
    worker.checkpoint_step_event(event.event_id, document,
                                 [&](auto outcome) { stored.set_value(std::move(outcome)); });
    return stored.get_future().get();
  }

  store::StepRecord only_step(const base::Uuid& task) {
    auto store = open_store(path_);
    const auto steps = store->list_steps(store->find_task(task)->header.id, true);
    return (*steps)[0];
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("tasker.db");
};

TEST_F(WorkerCheckpoint, TheStepGoesOnUnderANewIdInTheSameAttempt) {
  auto worker = running();
  const auto task = create_one(*worker);
  const StepEvent first = next_event(*worker);
  EXPECT_EQ(first.checkpoint_json, nullptr);
  const auto stored = checkpoint(*worker, first, checkpoint_json(first, 7));
  ASSERT_TRUE(stored) << stored.error().message;
  const StepEvent second = next_event(*worker);
  EXPECT_EQ(second.event_id, *stored);
  EXPECT_NE(second.event_id, first.event_id);
  EXPECT_EQ(second.correlation_id, first.correlation_id);
  EXPECT_EQ(second.claim.attempt, first.claim.attempt);
  ASSERT_NE(second.checkpoint_json, nullptr);
  EXPECT_THAT(*second.checkpoint_json, HasSubstr(R"("cursor":7,"items_processed":70,)"));
  std::string document;
  append_step_event_json(document, second);
  EXPECT_THAT(document, HasSubstr(R"("checkpoint":)" + *second.checkpoint_json));
  EXPECT_THAT(document, HasSubstr(R"("attempts":0)"));

  EXPECT_EQ(worker->complete_success(first.event_id, "{}").error().code, ErrorCode::kUNKNOWN_EVENT);
  EXPECT_TRUE(worker->complete_success(second.event_id, "{}"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
  EXPECT_EQ(only_step(task).attempt, 1U);
  auto store = open_store(path_);
  EXPECT_EQ(*store->load_checkpoint(first.claim.step), std::nullopt) << "it went with the step";
  EXPECT_EQ(*store->check_integrity(), std::vector<std::string>{});
}

TEST_F(WorkerCheckpoint, WrongInputLeavesTheEventOpen) {
  config::Config config;
  config.result_bytes_max = 1'024;
  auto worker = running(config);
  create_one(*worker);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(checkpoint(*worker, event, "{").error().code, ErrorCode::kINVALID_JSON);
  EXPECT_EQ(checkpoint(*worker, event, '"' + std::string(2'000, 'x') + '"').error().code,
            ErrorCode::kTOO_LARGE);
  const auto other = checkpoint(
      *worker, event,
      R"({"step_uuid":"01020304-0506-4708-890a-0b0c0d0e0f10","cursor":1,"items_processed":0})");
  EXPECT_EQ(other.error().code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(other.error().field, "step_uuid");
  StepEvent unknown = event;
  unknown.event_id = {};
  EXPECT_EQ(checkpoint(*worker, unknown, checkpoint_json(event, 1)).error().code,
            ErrorCode::kUNKNOWN_EVENT);
  EXPECT_TRUE(worker->complete_success(event.event_id, "{}")) << "still open";
}

TEST_F(WorkerCheckpoint, ALaterAttemptGoesOnFromTheStore) {
  auto worker = running();
  const auto task = create_one(*worker);
  const StepEvent first = next_event(*worker);
  ASSERT_TRUE(checkpoint(*worker, first, checkpoint_json(first, 1)));
  const StepEvent second = next_event(*worker);
  ASSERT_TRUE(checkpoint(*worker, second, checkpoint_json(second, 2)));
  const StepEvent third = next_event(*worker);
  EXPECT_TRUE(worker->complete_step_event(
      third.event_id, R"({"success":false,"error":{"message":"m","retryable":true}})"));
  const StepEvent retried = next_event(*worker);
  EXPECT_EQ(retried.claim.attempt, 2U);
  EXPECT_NE(retried.correlation_id, first.correlation_id);
  ASSERT_NE(retried.checkpoint_json, nullptr);
  EXPECT_THAT(*retried.checkpoint_json, HasSubstr(R"({"cursor":2,"items_processed":20,)"));
  EXPECT_THAT(*retried.checkpoint_json, HasSubstr(R"("history":[{"cursor":1,)"));
  EXPECT_THAT(retried.previous_result_json, HasSubstr(R"("message":"m")"));
  EXPECT_TRUE(worker->complete_success(retried.event_id, "{}"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
}

TEST_F(WorkerCheckpoint, ACancelledTaskTakesNoCheckpoint) {
  auto worker = running();
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  ASSERT_TRUE(worker->cancel_task(task));
  EXPECT_EQ(checkpoint(*worker, event, checkpoint_json(event, 1)).error().code, ErrorCode::kFENCED);
  EXPECT_EQ(*open_store(path_)->load_checkpoint(event.claim.step), std::nullopt);
}

TEST_F(WorkerCheckpoint, TheCancellationOfAnotherProcessFencesTheCheckpointAndFreesThePlace) {
  config::Config config;
  config.max_concurrent_handlers = 1;
  auto worker = running(config);
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  // Straight in the store; whether the worker has seen it yet does not matter.
  ASSERT_TRUE(open_store(path_)->cancel_task(task, 1));
  EXPECT_EQ(checkpoint(*worker, event, checkpoint_json(event, 1)).error().code, ErrorCode::kFENCED);
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
}

TEST_F(WorkerCheckpoint, ADrainHandsBackWhatWouldGoOn) {
  auto worker = running();
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  auto drained = std::async(std::launch::async, [&] { return worker->drain(10'000); });
  std::vector<StepEvent> none;
  while (worker->state() != WorkerState::kDraining) std::this_thread::yield();
  // The channel closes just after the state is set; either way nothing may be lost.
  const auto stored = checkpoint(*worker, event, checkpoint_json(event, 3));
  ASSERT_TRUE(stored) << stored.error().message;
  ASSERT_TRUE(drained.get());
  EXPECT_TRUE(worker->stop());
  EXPECT_EQ(only_step(task).state, StepState::kEnqueued);
  EXPECT_EQ(only_step(task).attempt, 0U) << "costs no attempt";
  worker.reset();

  auto next = running();
  const StepEvent again = next_event(*next);
  EXPECT_EQ(again.claim.attempt, 1U);
  ASSERT_NE(again.checkpoint_json, nullptr);
  EXPECT_THAT(*again.checkpoint_json, HasSubstr(R"("cursor":3)"));
  EXPECT_TRUE(next->complete_success(again.event_id, "{}"));
}

TEST_F(WorkerCheckpoint, AStoppedWorkerAnswersClosed) {
  auto worker = running();
  create_one(*worker);
  const StepEvent event = next_event(*worker);
  ASSERT_TRUE(worker->stop());
  EXPECT_EQ(checkpoint(*worker, event, checkpoint_json(event, 1)).error().code, ErrorCode::kCLOSED);
}

TEST_F(WorkerCheckpoint, AStoreThatDoesNotTakeItEndsTheAttemptRetryably) {
  auto clock = std::make_shared<store::testing::ManualClock>();
  clock->advance(1);  // a time of 0 stands for "not yet"
  auto log = std::make_shared<AwaitedLog>();
  store::sqlite::Options options;
  options.path = path_;
  options.busy_timeout_ms = 10;
  config::Config config;
  config.store_path = path_;
  auto opened =
      Worker::open(config, *store::sqlite::open(options, base::make_null_logger()), log, clock);
  ASSERT_TRUE(opened) << opened.error().message;
  auto worker = std::move(*opened);
  start(*worker);
  create_one(*worker);
  const StepEvent event = next_event(*worker);

  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::promise<base::Result<base::Uuid>> answer;
  auto stored = answer.get_future();
  worker->checkpoint_step_event(event.event_id, checkpoint_json(event, 1),
                                [&](auto outcome) { answer.set_value(std::move(outcome)); });
  ASSERT_TRUE(log->await("the store refuses a commit"));
  EXPECT_EQ(stored.wait_for(std::chrono::seconds(0)), std::future_status::timeout)
      << "the store gets some time";
  clock->advance(10'000'000);
  ASSERT_EQ(stored.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(stored.get().error().code, ErrorCode::kSTORE_UNAVAILABLE);
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);

  const StepEvent again = next_event(*worker);
  EXPECT_EQ(again.claim.attempt, 2U);
  EXPECT_THAT(again.previous_result_json, HasSubstr(R"("error_type":"checkpoint_error")"));
  EXPECT_EQ(again.checkpoint_json, nullptr);
  EXPECT_TRUE(worker->complete_success(again.event_id, "{}"));
}

TEST_F(WorkerCheckpoint, ManyStepsYieldAgainAndAgainAndNoneIsLostOrRunTwice) {
  config::Config config;
  config.max_concurrent_handlers = 16;
  auto worker = running(config);
  base::Mutex mutex;
  std::map<model::StepKey, int> runs;
  constexpr int kYields = 5;
  const auto handler = [&](Worker& self, const StepEvent& event) {
    int run = 0;
    {
      base::Lock lock(mutex);
      run = ++runs[event.claim.step];
    }
    if (run > kYields) return HandlerThread::succeed(self, event);
    self.checkpoint_step_event(event.event_id, checkpoint_json(event, run),
                               [](auto stored) { EXPECT_TRUE(stored) << stored.error().message; });
  };
  constexpr std::size_t kTasks = 100;
  {
    HandlerThread one(*worker, handler);
    HandlerThread two(*worker, handler);
    const auto created =
        create_and_wait(*worker, std::vector<TaskRequest>(kTasks, chain_request()));
    for (const auto& task : created)
      ASSERT_EQ(*await_end(*worker, task->uuid), TaskState::kComplete);
  }
  ASSERT_EQ(runs.size(), kTasks);
  for (const auto& [step, count] : runs) EXPECT_EQ(count, kYields + 1);
  EXPECT_THAT(worker->metrics_json(), HasSubstr(R"("tasker_checkpoints_stored_total":500)"));
  EXPECT_TRUE(worker->stop());
  EXPECT_EQ(*open_store(path_)->check_integrity(), std::vector<std::string>{});
}

}  // namespace
}  // namespace tasker::worker
