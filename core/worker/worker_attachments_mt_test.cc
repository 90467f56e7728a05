// Attachments on a whole worker: many threads, one channel; how they end; what becomes of what they
// held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>

#include "core/base/mutex.h"
#include "core/worker/attachment.h"
#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using base::Lock;
using model::StepState;
using model::TaskState;

constexpr const char* kDone = R"({"success":true,"result":{}})";

/// A wake-up that can be waited for.
class Bell {
 public:
  void ring() {
    Lock lock(mutex_);
    rung_ = true;
    condition_.notify_all();
  }
  bool wait(std::int64_t timeout_us) {
    Lock lock(mutex_);
    return condition_.wait_for(mutex_, timeout_us, [this] { return std::exchange(rung_, false); });
  }

 private:
  base::Mutex mutex_;
  base::Condition condition_;
  bool rung_ = false;
};

class AttachmentTest : public testing::Test {
 protected:
  std::unique_ptr<Worker> running(HandlerSpec spec, config::Config config = {},
                                  std::uint32_t steps = 1) {
    auto worker = open_worker(path_, std::move(config));
    EXPECT_TRUE(worker->put_template(chain_template(steps)));
    spec.name = "work";
    const HandlerSpec specs[] = {spec};
    EXPECT_TRUE(worker->register_handlers(specs));
    EXPECT_TRUE(worker->start());
    return worker;
  }
  static config::Config threads_room(std::uint32_t places) {
    config::Config config;
    config.threads_room = places;
    return config;
  }
  static std::shared_ptr<Attachment> attach(const Worker& worker,
                                            Executor executor = Executor::kThreads) {
    auto made = Attachment::open(worker.attach_token(), executor, "thread");
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  static StepEvent next(Attachment& attachment) {
    std::vector<StepEvent> events;
    auto taken = attachment.wait_step_events(1, 10'000, events);
    EXPECT_TRUE(taken && *taken == 1) << (taken ? "no event came" : taken.error().message);
    return events.empty() ? StepEvent{} : std::move(events[0]);
  }
  store::StepRecord step_of(const base::Uuid& task) {
    auto store = open_store(path_);
    auto record = store->find_task(task);
    EXPECT_TRUE(record);
    return store->list_steps(record->header.id, true)->at(0);
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("tasker.db");
};

const HandlerSpec kThreadsSpec{"", Executor::kThreads, {}, {}, {}, false};

TEST_F(AttachmentTest, AThreadTakesItsExecutorsStepsAndCompletesThem) {
  auto worker = running(kThreadsSpec, threads_room(4), 3);
  std::atomic<bool> stopping{false};
  std::thread thread([&] {
    auto attachment = attach(*worker);
    std::vector<StepEvent> events;
    while (!stopping) {
      events.clear();
      if (!attachment->wait_step_events(4, 20, events)) return;
      for (const StepEvent& event : events)
        EXPECT_TRUE(attachment->complete_step_event(event.event_id, kDone));
    }
  });
  EXPECT_EQ(await_end(*worker, create_one(*worker)), TaskState::kComplete);
  stopping = true;
  thread.join();
}

TEST_F(AttachmentTest, OtherProcessesSeeWhereHandlersRunAndWhy) {
  HandlerSpec spec = kThreadsSpec;
  spec.why = "config";
  spec.concurrent_max = 2;
  auto worker = running(spec);
  const auto seen = [&] { return open_store(path_)->list_workers()->at(0).handlers_json; };
  EXPECT_EQ(seen(), R"([{"callable":"work","executor":"threads","why":"config",)"
                    R"("max_concurrent":2,"deadline_ms":null}])");
  spec.name = "work";
  spec.executor = Executor::kMain;
  spec.why = "fallback: no threads here";
  ASSERT_TRUE(worker->register_handlers(std::span(&spec, 1)));
  EXPECT_THAT(seen(), testing::HasSubstr(R"("executor":"main","why":"fallback: no threads here")"));
  spec.why.assign(1'001, 'x');
  const auto refused = worker->register_handlers(std::span(&spec, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "callables[0].why");
}

TEST_F(AttachmentTest, AnExecutorWithoutRoomTakesNothingUntilItHasSome) {
  auto worker = running(kThreadsSpec);
  auto attachment = attach(*worker);
  const auto task = create_one(*worker);
  std::vector<StepEvent> events;
  EXPECT_EQ(*attachment->wait_step_events(1, 50, events), 0U);
  EXPECT_EQ(step_of(task).state, StepState::kEnqueued);
  ASSERT_TRUE(worker->set_executor_room(Executor::kThreads, 1));
  const StepEvent event = next(*attachment);
  EXPECT_TRUE(attachment->complete_step_event(event.event_id, kDone));
  EXPECT_EQ(await_end(*worker, task), TaskState::kComplete);
  EXPECT_EQ(worker->set_executor_room(Executor::kMain, 100'001).error().field, "places");
}

TEST_F(AttachmentTest, AHandlersOwnLimitHoldsInsideTheRoom) {
  HandlerSpec spec = kThreadsSpec;
  spec.concurrent_max = 2;
  auto worker = running(spec, threads_room(10));
  auto attachment = attach(*worker);
  create_and_wait(*worker, std::vector<TaskRequest>(6, chain_request()));
  std::set<base::Uuid> seen;
  for (int round = 0; round < 3; ++round) {
    std::vector<StepEvent> events;
    while (events.size() < 2) ASSERT_TRUE(attachment->wait_step_events(10, 10'000, events));
    EXPECT_EQ(*attachment->wait_step_events(10, 30, events), 0U) << "no more than its limit";
    for (const StepEvent& event : events) {
      EXPECT_TRUE(seen.insert(event.task->uuid).second);
      EXPECT_TRUE(attachment->complete_step_event(event.event_id, kDone));
    }
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST_F(AttachmentTest, ADeadlineOfTheHandlersIsToldToTheThreadAndToTheOwner) {
  HandlerSpec spec = kThreadsSpec;
  spec.deadline_ms = 30;
  auto worker = running(spec, threads_room(1));
  auto attachment = attach(*worker);
  create_one(*worker);
  const StepEvent event = next(*attachment);
  const Notice owners = await_notice(*worker);
  EXPECT_EQ(owners.event_id, event.event_id);
  EXPECT_EQ(owners.reason, AbortReason::kTimeout);
  const auto own = attachment->poll_notices(10);
  ASSERT_TRUE(own && own->size() == 1);
  EXPECT_EQ((*own)[0].event_id, event.event_id);
  EXPECT_EQ(attachment->complete_step_event(event.event_id, kDone).error().code,
            ErrorCode::kFENCED);
}

TEST_F(AttachmentTest, ACancelFromAnotherProcessReachesTheThreadThatRunsTheStep) {
  auto worker = running(kThreadsSpec, threads_room(1));
  auto attachment = attach(*worker);
  Bell bell;
  ASSERT_TRUE(attachment->set_wakeup([&] { bell.ring(); }));
  const auto task = create_one(*worker);
  std::vector<StepEvent> events;
  while (*attachment->poll_step_events(1, events) == 0) ASSERT_TRUE(bell.wait(10'000'000));
  ASSERT_TRUE(open_store(path_)->cancel_task(task, base::SystemClock().wall_us()));
  std::vector<Notice> notices;
  while ((notices = *attachment->poll_notices(1)).empty()) ASSERT_TRUE(bell.wait(10'000'000));
  EXPECT_EQ(notices[0].event_id, events[0].event_id);
  EXPECT_EQ(notices[0].reason, AbortReason::kCancel);
  ASSERT_TRUE(attachment->set_wakeup({}));
}

TEST_F(AttachmentTest, HandedBackStepsRunAgainWithTheSameAttempt) {
  auto worker = running(kThreadsSpec, threads_room(2));
  auto dying = attach(*worker);
  const auto task = create_one(*worker);
  const StepEvent event = next(*dying);
  EXPECT_EQ(event.claim.attempt, 1U);
  const auto held = worker->end_attachment(dying->id());
  ASSERT_EQ(held, (std::vector<base::Uuid>{event.event_id}));
  EXPECT_EQ(dying->complete_step_event(event.event_id, kDone).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(*worker->hand_back(held), 1U);
  auto replacement = attach(*worker);
  const StepEvent again = next(*replacement);
  EXPECT_EQ(again.task->uuid, task);
  EXPECT_EQ(again.claim.attempt, 1U) << "the attempt was not counted";
  EXPECT_TRUE(replacement->complete_step_event(again.event_id, kDone));
  EXPECT_EQ(await_end(*worker, task), TaskState::kComplete);
}

TEST_F(AttachmentTest, AnAttachmentOutlivesItsWorkerAndSaysClosed) {
  auto worker = running(kThreadsSpec, threads_room(2));
  const std::string token = worker->attach_token();
  auto attachment = attach(*worker);
  ASSERT_TRUE(worker->stop());
  EXPECT_EQ(Attachment::open(token, Executor::kThreads, "t").error().code, ErrorCode::kCLOSED);
  worker.reset();
  EXPECT_EQ(Attachment::open(token, Executor::kThreads, "t").error().code, ErrorCode::kNOT_FOUND);
  std::vector<StepEvent> events;
  EXPECT_EQ(attachment->poll_step_events(1, events).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(attachment->wait_step_events(1, 1'000, events).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(attachment->complete_step_event({}, kDone).error().code, ErrorCode::kCLOSED);
  EXPECT_EQ(attachment->set_wakeup([] {}).error().code, ErrorCode::kCLOSED);
  attachment->detach();
}

TEST_F(AttachmentTest, BadNamesAndTokensAreRefused) {
  auto worker = running(kThreadsSpec);
  EXPECT_EQ(Attachment::open("no token", Executor::kThreads, "t").error().field, "token");
  EXPECT_EQ(Attachment::open(worker->attach_token(), Executor::kThreads, "").error().field, "name");
  EXPECT_EQ(Attachment::open(worker->attach_token(), Executor::kThreads, std::string(256, 'x'))
                .error()
                .field,
            "name");
}

TEST_F(AttachmentTest, ADrainWaitsForAttachedStepsAndThenTakesThemBack) {
  auto worker = running(kThreadsSpec, threads_room(2));
  auto attachment = attach(*worker);
  const auto tasks = create_and_wait(*worker, {chain_request(), chain_request()});
  const StepEvent first = next(*attachment);
  const StepEvent second = next(*attachment);
  std::thread completer([&] {
    std::vector<StepEvent> events;
    auto waited = attachment->wait_step_events(1, 20'000, events);
    EXPECT_EQ(waited.error().code, ErrorCode::kDRAINING) << "a waiter hears of the drain";
    EXPECT_TRUE(attachment->complete_step_event(first.event_id, kDone));
  });
  EXPECT_EQ(*worker->drain(2'000), 1U) << "the other one is handed back";
  completer.join();
  EXPECT_EQ(Attachment::open(worker->attach_token(), Executor::kThreads, "t").error().code,
            ErrorCode::kDRAINING);
  const auto notices = attachment->poll_notices(10);
  ASSERT_TRUE(notices && notices->size() == 1);
  EXPECT_EQ((*notices)[0].event_id, second.event_id);
  EXPECT_EQ((*notices)[0].reason, AbortReason::kShutdown);
  const auto returned = step_of(second.task->uuid);
  EXPECT_EQ(returned.state, StepState::kEnqueued);
  EXPECT_EQ(returned.attempt, 0U);
}

/// Threads that take by wake-ups alone, and end and are replaced all the while.
class ComingAndGoing {
 public:
  ComingAndGoing(Worker& worker, std::size_t threads, std::size_t tasks)
      : worker_(worker), tasks_(tasks), bells_(threads) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { run(i); });
  }
  ~ComingAndGoing() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void run(std::size_t which) {
    base::Random random(which + 1);
    while (done_ < tasks_) {
      auto attachment = Attachment::open(worker_.attach_token(), Executor::kThreads, "thread");
      ASSERT_TRUE(attachment);
      ASSERT_TRUE((*attachment)->set_wakeup([this, which] { bells_[which].ring(); }));
      live(**attachment, bells_[which], random);
      if (random.below(2) == 0) (*attachment)->detach();
      const auto held = worker_.end_attachment((*attachment)->id());
      EXPECT_EQ(*worker_.hand_back(held), held.size());
    }
  }
  /// Takes some steps and ends, sometimes with one in its hands.
  void live(Attachment& attachment, Bell& bell, base::Random& random) {
    std::uint64_t left = 1 + random.below(40);
    while (left > 0 && done_ < tasks_) {
      std::vector<StepEvent> events;
      if (*attachment.poll_step_events(2, events) == 0) {
        ASSERT_TRUE(bell.wait(20'000'000)) << "nobody was woken";
        continue;
      }
      for (const StepEvent& event : events) {
        if (left > 0 && --left == 0 && random.below(2) == 0) continue;
        EXPECT_TRUE(attachment.complete_step_event(event.event_id, kDone));
        if (++done_ == tasks_)
          for (Bell& one : bells_) one.ring();
      }
    }
  }

  Worker& worker_;
  const std::size_t tasks_;
  std::vector<Bell> bells_;
  std::atomic<std::size_t> done_{0};
  std::vector<std::thread> threads_;
};

TEST_F(AttachmentTest, NoStepIsLostWhileThreadsComeAndGo) {
  constexpr std::size_t kTasks = 600;
  auto worker = running(kThreadsSpec, threads_room(8));
  {
    const ComingAndGoing threads(*worker, 4, kTasks);
    create_and_wait(*worker, std::vector<TaskRequest>(kTasks, chain_request()));
  }
  EXPECT_EQ(*worker->drain(0), 0U);
}

TEST_F(AttachmentTest, AnAttachmentMayEndWhileItsThreadPollsAndWaits) {
  auto worker = running(kThreadsSpec, threads_room(8));
  for (int round = 0; round < 50; ++round) {
    auto attachment = attach(*worker);
    std::atomic<bool> began{false};
    std::thread thread([&] {
      std::vector<StepEvent> events;
      for (;;) {
        began = true;
        auto waited = attachment->wait_step_events(4, 20'000, events);
        if (!waited) {
          EXPECT_EQ(waited.error().code, ErrorCode::kCLOSED);
          return;
        }
      }
    });
    while (!began) std::this_thread::yield();
    create_one(*worker);
    const auto held = worker->end_attachment(attachment->id());
    thread.join();
    EXPECT_EQ(*worker->hand_back(held), held.size());
  }
}

TEST_F(AttachmentTest, StopWithOpenAttachmentsReturnsAndWakesTheirWaiters) {
  auto worker = running(kThreadsSpec, threads_room(2));
  std::vector<std::thread> threads;
  std::atomic<int> waiting{0};
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, attachment = attach(*worker)] {
      ++waiting;
      std::vector<StepEvent> events;
      auto waited = attachment->wait_step_events(1, 60'000, events);
      while (waited) waited = attachment->wait_step_events(1, 60'000, events);
      EXPECT_TRUE(waited.error().code == ErrorCode::kCLOSED ||
                  waited.error().code == ErrorCode::kDRAINING);
    });
  while (waiting < 3) std::this_thread::yield();
  create_one(*worker);
  EXPECT_TRUE(worker->stop());
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tasker::worker
