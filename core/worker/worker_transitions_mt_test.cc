// Transitions of tasks and steps on the worker's bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/worker/transition_events.h"
#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using events::Event;
using testing::ElementsAre;

struct Told {
  std::string name;
  std::string step;  ///< empty for a task's
  std::uint64_t sequence = 0;
  std::string payload;
};

/// What a subscriber of a pattern was told, in order.
class Listening {
 public:
  Listening(Worker& worker, const std::string& pattern = "*") : bus_(worker.bus()) {
    auto subscribed = bus_->subscribe(pattern, [this](const Event& event) { hear(event); });
    EXPECT_TRUE(subscribed) << subscribed.error().message;
    subscription_ = std::move(*subscribed);
  }

  ~Listening() { EXPECT_TRUE(subscription_.cancel_and_wait(events::kNever)); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  /// All so far, once there is one called `last`, of `count` in all.
  std::vector<Told> await(const std::string& last, std::size_t count = 1) {
    base::Lock lock(mutex_);
    const bool there = heard_.wait_for(mutex_, 20'000'000, [&]() TASKER_REQUIRES(mutex_) {
      return static_cast<std::size_t>(std::ranges::count(told_, last, &Told::name)) >= count;
    });
    EXPECT_TRUE(there) << last << " was not told of";
    return told_;
  }

  std::vector<std::string> names_when(const std::string& last) {
    std::vector<std::string> names;
    for (const Told& told : await(last))
      names.push_back(told.step.empty() ? told.name : told.name + " " + told.step);
    return names;
  }

 private:
  void hear(const Event& event) {
    simdjson::dom::parser parser;
    simdjson::dom::element payload;
    Told told{std::string(event.name), "", 0, std::string(event.payload)};
    EXPECT_EQ(parser.parse(told.payload).get(payload), simdjson::SUCCESS) << told.payload;
    EXPECT_EQ(payload["sequence"].get(told.sequence), simdjson::SUCCESS);
    std::string_view step;
    if (payload["step_name"].get(step) == simdjson::SUCCESS) told.step = step;
    base::Lock lock(mutex_);
    told_.push_back(std::move(told));
    heard_.notify_all();
  }

  std::shared_ptr<events::EventBus> bus_;
  base::Mutex mutex_;
  base::Condition heard_;
  std::vector<Told> told_ TASKER_GUARDED_BY(mutex_);
  events::Subscription subscription_;
};

std::unique_ptr<Worker> open_ready(const TempFolder& folder, const model::TaskTemplate& body,
                                   config::Config config = {}) {
  auto worker = open_worker(folder.file("tasker.db"), std::move(config));
  EXPECT_TRUE(worker->put_template(body));
  EXPECT_TRUE(worker->register_handlers(std::vector<std::string>{"work"}));
  return worker;
}

void fail_step(Worker& worker, const StepEvent& event, bool retryable) {
  const std::string document =
      R"({"step_uuid":")" + base::derive_uuid(event.task->uuid, event.claim.step.index).text() +
      R"(","success":false,"result":{},"metadata":{"execution_time_ms":1,"retryable":)" +
      (retryable ? "true" : "false") +
      R"(},"status":"failed","error":{"message":"no","error_type":"Test","retryable":)" +
      (retryable ? "true" : "false") + "}}";
  auto completed = worker.complete_step_event(event.event_id, document);
  EXPECT_TRUE(completed) << completed.error().message;
}

TEST(Transitions, ATaskThatCompletesIsToldOfInCommitOrder) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(2));
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  const HandlerThread handlers(*worker, HandlerThread::succeed);
  create_one(*worker);
  EXPECT_THAT(
      listening.names_when("task.completed"),
      ElementsAre("task.created", "step.created s0", "step.created s1", "step.claimed s0",
                  "step.completed s0", "step.claimed s1", "step.completed s1", "task.completed"));
  std::uint64_t sequence = 0;
  for (const Told& told : listening.await("task.completed")) EXPECT_EQ(told.sequence, ++sequence);
}

TEST(Transitions, EveryPayloadFitsItsSchemaAndTheListIsTheBusesOwn) {
  const TempFolder folder;
  auto worker = open_worker(folder.file("tasker.db"));
  std::set<std::string> listed;
  for (const events::EventType* type : worker->bus()->list_events()) {
    listed.insert(type->name());
    EXPECT_FALSE(type->schema_text().empty()) << type->name();
    EXPECT_FALSE(type->has_subscribers());
    EXPECT_TRUE(base::JsonSchema::compile(type->schema_text())) << type->name();
  }
  for (std::size_t i = 0; i < kTransitionCount; ++i)
    EXPECT_TRUE(listed.contains(std::string(transition_name(static_cast<Transition>(i)))));
  EXPECT_EQ(listed.size(), kTransitionCount);
  const auto step = worker->bus()->find_event("step.failed");
  ASSERT_TRUE(step);
  const auto refused = (*step)->check_payload("{}");
  ASSERT_FALSE(refused);
}

TEST(Transitions, AFailureIsRetriedThenBlocksItsTaskAndARetryByHandGoesOn) {
  const TempFolder folder;
  model::TaskTemplate body = chain_template(1);
  body.steps[0].retry.max_attempts = 2;
  body.steps[0].retry.backoff = model::Backoff::kNone;
  auto worker = open_ready(folder, body);
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  const base::Uuid task = create_one(*worker);
  fail_step(*worker, next_event(*worker), true);
  fail_step(*worker, next_event(*worker), true);
  listening.await("task.blocked");
  ASSERT_TRUE(worker->retry_task(task));
  HandlerThread::succeed(*worker, next_event(*worker));
  EXPECT_THAT(listening.names_when("task.completed"),
              ElementsAre("task.created", "step.created s0", "step.claimed s0",
                          "step.waiting_for_retry s0", "step.claimed s0", "step.failed s0",
                          "task.blocked", "task.retried", "step.retried s0", "step.enqueued s0",
                          "step.claimed s0", "step.completed s0", "task.completed"));
  for (const Told& told : listening.await("task.completed")) {
    if (told.name != "step.failed") continue;
    EXPECT_THAT(told.payload, testing::HasSubstr(R"("error_type":"Test")"));
  }
}

TEST(Transitions, ACancelledTaskIsToldOnceForEachOfItsSteps) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(2));
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  const base::Uuid task = create_one(*worker);
  next_event(*worker);
  ASSERT_TRUE(worker->cancel_task(task));
  EXPECT_THAT(listening.names_when("task.cancelled"),
              ElementsAre("task.created", "step.created s0", "step.created s1", "step.claimed s0",
                          "step.cancelled s0", "step.cancelled s1", "task.cancelled"));
}

TEST(Transitions, AStepThatAnotherProcessCancelsIsToldOf) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(1));
  Listening listening(*worker, "step.cancelled");
  ASSERT_TRUE(worker->start());
  const base::Uuid task = create_one(*worker);
  next_event(*worker);
  auto other = open_worker(folder.file("tasker.db"));
  ASSERT_TRUE(other->cancel_task(task));
  EXPECT_EQ(listening.await("step.cancelled").size(), 1U);
}

TEST(Transitions, ADeadlineThatPassesIsToldOfBeforeWhatBecomesOfTheStep) {
  const TempFolder folder;
  config::Config config;
  config.handler_timeout_ms = 50;
  model::TaskTemplate body = chain_template(1);
  body.steps[0].retry.max_attempts = 1;
  auto worker = open_ready(folder, body, config);
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  create_one(*worker);
  next_event(*worker);  // and never completed
  EXPECT_THAT(listening.names_when("task.blocked"),
              ElementsAre("task.created", "step.created s0", "step.claimed s0", "step.timed_out s0",
                          "step.failed s0", "task.blocked"));
}

TEST(Transitions, ACheckpointAndAHandBackAreToldOf) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(1));
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  create_one(*worker);
  const StepEvent event = next_event(*worker);
  std::promise<bool> stored;
  worker->checkpoint_step_event(
      event.event_id,
      R"({"step_uuid":")" + base::derive_uuid(event.task->uuid, 0).text() +
          R"(","cursor":7,"items_processed":7})",
      [&](const base::Result<base::Uuid>& next) { stored.set_value(next.has_value()); });
  ASSERT_TRUE(stored.get_future().get());
  EXPECT_THAT(listening.await("step.checkpointed").back().payload,
              testing::HasSubstr(R"("items_processed":7)"));
  ASSERT_TRUE(worker->drain(0));
  EXPECT_THAT(listening.names_when("step.enqueued"),
              ElementsAre("task.created", "step.created s0", "step.claimed s0",
                          "step.checkpointed s0", "step.handed_back s0", "step.enqueued s0"));
}

TEST(Transitions, AStepWithoutAHandlerHereIsEnqueued) {
  const TempFolder folder;
  auto worker = open_worker(folder.file("tasker.db"));
  ASSERT_TRUE(worker->put_template(chain_template(2)));
  Listening listening(*worker);
  ASSERT_TRUE(worker->start());
  create_one(*worker);
  EXPECT_THAT(
      listening.names_when("step.enqueued"),
      ElementsAre("task.created", "step.created s0", "step.created s1", "step.enqueued s0"));
}

TEST(Transitions, AListenerThatNeverReturnsHoldsUpNoStep) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(3));
  base::Mutex mutex;
  base::Condition condition;
  bool may_go = false;
  auto stuck = worker->bus()->subscribe("task.created", [&](const Event&) {
    base::Lock lock(mutex);
    condition.wait(mutex, [&] { return may_go; });
  });
  ASSERT_TRUE(stuck);
  ASSERT_TRUE(worker->start());
  {
    const HandlerThread handlers(*worker, HandlerThread::succeed);
    for (int i = 0; i < 20; ++i) {
      const auto ended = await_end(*worker, create_one(*worker));
      ASSERT_TRUE(ended) << ended.error().message;
      EXPECT_EQ(*ended, model::TaskState::kComplete);
    }
  }
  {
    base::Lock lock(mutex);
    may_go = true;
  }
  condition.notify_all();
  EXPECT_TRUE(stuck->cancel_and_wait(events::kNever));
}

TEST(Transitions, SubscribersComeAndGoWhileStepsRunAndEachHearsOrderWithoutDoubles) {
  const TempFolder folder;
  auto worker = open_ready(folder, chain_template(4));
  ASSERT_TRUE(worker->start());
  const HandlerThread handlers(*worker, HandlerThread::succeed);
  std::atomic<bool> done{false};
  std::vector<std::thread> listeners;
  for (int i = 0; i < 3; ++i) {
    listeners.emplace_back([&] {
      while (!done) {
        auto last = std::make_shared<std::atomic<std::uint64_t>>(0);
        auto queue = worker->bus()->subscribe_queued(
            "step.*", {.queue = {.capacity = 64}}, [last](const Event& event) {
              simdjson::dom::parser parser;
              std::uint64_t sequence = 0;
              EXPECT_EQ(parser.parse(event.payload.data(), event.payload.size())["sequence"].get(
                            sequence),
                        simdjson::SUCCESS);
              EXPECT_GT(sequence, last->exchange(sequence));
            });
        EXPECT_TRUE(queue);
        while (!done && queue->counters().delivered < 16) std::this_thread::yield();
        EXPECT_TRUE(queue->cancel_and_wait(events::kNever));
      }
    });
  }
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(await_end(*worker, create_one(*worker)));
  done = true;
  for (std::thread& thread : listeners) thread.join();
  EXPECT_THAT(worker->status_json(), testing::HasSubstr(R"("transitions_lost":0)"));
}

}  // namespace
}  // namespace tasker::worker
