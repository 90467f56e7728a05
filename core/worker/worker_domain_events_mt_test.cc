// Domain events through a whole worker, and claims of handlers that were never named.
#include <gmock/gmock.h>

#include <map>

#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using model::TaskState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

model::PublishedEvent published(std::string name, std::string condition,
                                std::string delivery = "fast", std::string schema = "{}") {
  model::PublishedEvent event;
  event.name = std::move(name);
  event.description = "of the test";
  event.condition = std::move(condition);
  event.delivery_mode = std::move(delivery);
  event.schema_json = std::move(schema);
  return event;
}

/// Names of the events that wait, oldest first.
std::vector<std::string> poll_names(Worker& worker) {
  std::vector<std::string> documents;
  worker.poll_domain_events(10'000, documents);
  std::vector<std::string> names;
  for (const std::string& document : documents) {
    constexpr std::string_view kBefore = R"("eventName":")";
    const std::size_t at = document.find(kBefore) + kBefore.size();
    names.push_back(document.substr(at, document.find('"', at) - at));
  }
  return names;
}

class WorkerDomainEvents : public testing::Test {
 protected:
  /// A task of two steps, the first of which publishes `events`, and tries twice.
  std::unique_ptr<Worker> running(std::vector<model::PublishedEvent> events) {
    auto worker = open_worker(path_);
    model::TaskTemplate body = chain_template(2);
    body.steps[0].publishes_events = std::move(events);
    body.steps[0].retry.max_attempts = 2;
    EXPECT_TRUE(worker->put_template(body));
    EXPECT_TRUE(worker->register_all_handlers());
    EXPECT_TRUE(worker->start());
    return worker;
  }
  static std::vector<model::PublishedEvent> one_for_each_condition() {
    return {published("on.success", "success"), published("on.failure", "failure"),
            published("on.retryable", "retryable_failure"),
            published("on.permanent", "permanent_failure"), published("on.any", "always")};
  }
  static void fail(Worker& worker, const StepEvent& event, bool retryable) {
    EXPECT_TRUE(worker.complete_step_event(
        event.event_id, std::string(R"({"success":false,"error":{"message":"m","retryable":)") +
                            (retryable ? "true}}" : "false}}")));
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("tasker.db");
};

TEST_F(WorkerDomainEvents, ASuccessPublishesOnceItIsCommitted) {
  auto worker = running({published("parcel.weighed", "success", "broadcast")});
  worker->keep_domain_events();
  const auto task = create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, R"({"weight":7})"));
  const StepEvent second = next_event(*worker);  // so the first one's end is committed
  std::vector<std::string> documents;
  ASSERT_EQ(worker->poll_domain_events(10, documents), 1U);
  EXPECT_THAT(documents[0], HasSubstr(R"("eventName":"parcel.weighed")"));
  EXPECT_THAT(documents[0], HasSubstr(R"("taskUuid":")" + task.text()));
  EXPECT_THAT(documents[0],
              HasSubstr(R"("success":true,"result":{"weight":7},"status":"completed")"));
  EXPECT_THAT(documents[0], testing::EndsWith(R"(,"payload":{"weight":7}}})"));
  EXPECT_TRUE(worker->complete_success(second.event_id, "{}"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kComplete);
  EXPECT_THAT(poll_names(*worker), IsEmpty()) << "the second step declares none";
}

TEST_F(WorkerDomainEvents, EachConditionHoldsWhenItSays) {
  auto worker = running(one_for_each_condition());
  worker->keep_domain_events();
  const auto task = create_one(*worker);
  fail(*worker, next_event(*worker), true);
  StepEvent again = next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("on.failure", "on.retryable", "on.any"));
  fail(*worker, again, true);  // no attempt is left
  EXPECT_EQ(*await_end(*worker, task), TaskState::kBlockedByFailures);
  EXPECT_THAT(poll_names(*worker), ElementsAre("on.failure", "on.permanent", "on.any"));

  const auto other = create_one(*worker);
  fail(*worker, next_event(*worker), false);
  EXPECT_EQ(*await_end(*worker, other), TaskState::kBlockedByFailures);
  EXPECT_THAT(poll_names(*worker), ElementsAre("on.failure", "on.permanent", "on.any"));

  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
  next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("on.success", "on.any"));
}

TEST_F(WorkerDomainEvents, NobodyWhoReadsMeansNothingKept) {
  auto worker = running(one_for_each_condition());
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
  next_event(*worker);
  worker->keep_domain_events();
  EXPECT_THAT(poll_names(*worker), IsEmpty());
}

TEST_F(WorkerDomainEvents, DurableEventsDoNotComeThisWay) {
  auto worker =
      running({published("a.durable", "always", "durable"), published("a.fast", "always", "fast"),
               published("a.broadcast", "always", "broadcast")});
  worker->keep_domain_events();
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
  next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("a.fast", "a.broadcast"));
}

TEST_F(WorkerDomainEvents, AResultThatBreaksTheSchemaSkipsItsEventAlone) {
  auto worker = running({published("strict.one", "always", "fast", R"({"required":["parcel_id"]})"),
                         published("loose.one", "always"),
                         // As a store of an older version may hold it.
                         published("broken.one", "always", "fast", R"({"pattern":"("})")});
  worker->keep_domain_events();
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, R"({"weight":7})"));
  const StepEvent second = next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("loose.one"));
  EXPECT_THAT(worker->metrics_json(), HasSubstr(R"("tasker_domain_events_published_total":1,)"
                                                R"("tasker_domain_events_dropped_total":0,)"
                                                R"("tasker_domain_events_refused_total":2)"));
  EXPECT_TRUE(worker->complete_success(second.event_id, "{}"));
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, R"({"parcel_id":"p"})"));
  next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("strict.one", "loose.one"));
}

TEST_F(WorkerDomainEvents, WhatAFailureReportsIsItsPayload) {
  auto worker = running({published("parcel.lost", "failure", "fast", R"({"required":["where"]})")});
  worker->keep_domain_events();
  const auto task = create_one(*worker);
  EXPECT_TRUE(worker->complete_step_event(
      next_event(*worker).event_id,
      R"({"success":false,"result":{"where":"here"},"metadata":{"retryable":false},)"
      R"("error":{"message":"m","retryable":false}})"));
  EXPECT_EQ(*await_end(*worker, task), TaskState::kBlockedByFailures);
  std::vector<std::string> documents;
  ASSERT_EQ(worker->poll_domain_events(10, documents), 1U);
  EXPECT_THAT(documents[0], HasSubstr(R"("success":false,"result":{"where":"here"})"));
  EXPECT_THAT(documents[0], HasSubstr(R"("error":{"message":"m")"));
  EXPECT_THAT(documents[0], testing::EndsWith(R"(,"payload":{"where":"here"}}})"));
}

TEST_F(WorkerDomainEvents, AFencedCompletionPublishesNothing) {
  auto worker = running(one_for_each_condition());
  worker->keep_domain_events();
  const auto task = create_one(*worker);
  const StepEvent event = next_event(*worker);
  // Straight in the store, so that only the fence can tell.
  ASSERT_TRUE(open_store(path_)->cancel_task(task, 1));
  const auto late = worker->complete_success(event.event_id, "{}");
  if (late) {
    EXPECT_EQ(await_notice(*worker).event_id, event.event_id);
  } else {
    EXPECT_EQ(late.error().code, base::ErrorCode::kFENCED) << "seen before the completion came";
  }
  EXPECT_THAT(poll_names(*worker), IsEmpty());
}

TEST_F(WorkerDomainEvents, ADomainEventWakesUpWhateverElseWaits) {
  auto worker = running({published("a.b", "success")});
  worker->keep_domain_events();
  base::Mutex mutex;
  base::Condition woken;
  int calls = 0;
  worker->set_wakeup([&] {
    base::Lock lock(mutex);
    ++calls;
    woken.notify_all();
  });
  const auto await_calls = [&](int wanted) {
    base::Lock lock(mutex);
    return woken.wait_for(mutex, 10'000'000, [&] { return calls >= wanted; });
  };
  create_one(*worker);
  ASSERT_TRUE(await_calls(1));
  // The step event that follows and the domain event are two kinds: two calls, in either order.
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
  ASSERT_TRUE(await_calls(3));
  next_event(*worker);
  EXPECT_THAT(poll_names(*worker), ElementsAre("a.b"));
  worker->set_wakeup({});
}

TEST_F(WorkerDomainEvents, ReadersAndHandlersOnManyThreadsLoseNothing) {
  auto worker = running({published("a.b", "always")});
  worker->keep_domain_events();
  constexpr std::size_t kTasks = 500;
  std::atomic<std::size_t> read{0};
  std::atomic<bool> done{false};
  const auto reader = [&] {
    std::vector<std::string> documents;
    while (!done) {
      documents.clear();
      read += worker->poll_domain_events(16, documents);
      std::this_thread::yield();
    }
  };
  std::thread one(reader);
  std::thread two(reader);
  {
    HandlerThread handlers(*worker, HandlerThread::succeed);
    HandlerThread more(*worker, HandlerThread::succeed);
    const auto created =
        create_and_wait(*worker, std::vector<TaskRequest>(kTasks, chain_request()));
    for (const auto& task : created)
      EXPECT_EQ(*await_end(*worker, task->uuid), TaskState::kComplete);
  }
  done = true;
  one.join();
  two.join();
  std::vector<std::string> rest;
  read += worker->poll_domain_events(10'000, rest);
  EXPECT_EQ(read, kTasks);
}

TEST(WorkerHandlers, AllHandlersIncludesTemplatesThatComeLaterByWhateverWay) {
  TempFolder folder;
  const std::string path = folder.file("tasker.db");
  auto worker = open_worker(path);
  ASSERT_TRUE(worker->register_all_handlers());
  ASSERT_TRUE(worker->start());
  ASSERT_TRUE(worker->put_template(chain_template(1)));
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));

  // By another process, with a handler that this one has never heard of.
  model::TaskTemplate other = chain_template(1);
  other.name = "other";
  other.steps[0].handler.callable = "unheard.Of";
  ASSERT_TRUE(open_store(path)->put_template(other, 1));
  TaskRequest request = chain_request();
  request.name = "other";
  ASSERT_TRUE(create_and_wait(*worker, {request})[0]);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(event.compiled->stored.body.steps[0].handler.callable, "unheard.Of");
  EXPECT_TRUE(worker->complete_success(event.event_id, "{}"));
}

TEST(WorkerHandlers, AllHandlersMeansThoseOfItsNamespaces) {
  TempFolder folder;
  config::Config config;
  config.namespaces = {"elsewhere"};
  auto worker = open_worker(folder.file("tasker.db"), config);
  ASSERT_TRUE(worker->register_all_handlers());
  ASSERT_TRUE(worker->start());
  ASSERT_TRUE(worker->put_template(chain_template(1)));
  model::TaskTemplate mine = chain_template(1);
  mine.namespace_name = "elsewhere";
  ASSERT_TRUE(worker->put_template(mine));
  create_one(*worker);
  TaskRequest request = chain_request();
  request.namespace_name = "elsewhere";
  ASSERT_TRUE(create_and_wait(*worker, {request})[0]);
  const StepEvent event = next_event(*worker);
  EXPECT_EQ(event.compiled->stored.body.namespace_name, "elsewhere");
  std::vector<StepEvent> more;
  EXPECT_EQ(worker->poll_step_events(5, more), 0U);
}

}  // namespace
}  // namespace tasker::worker
