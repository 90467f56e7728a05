// Durable domain events through whole workers: from a step's end to a subscriber, of this process
// or of another.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/worker/json_members.h"
#include "core/worker/worker_test_support.h"

namespace tasker::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kPatienceMs = 20'000;

struct Item {
  std::string kind;
  base::Uuid delivery_id;
  std::string name;
  std::int64_t attempt = 0;
  std::string text;
};

std::string string_of(std::string_view object, std::string_view name) {
  const std::string text = member_text(object, name).value_or("\"\"");
  return text.substr(1, text.size() - 2);
}

Item read_item(const std::string& text) {
  Item item;
  item.kind = string_of(text, "kind");
  item.delivery_id = *base::parse_uuid(string_of(text, "delivery_id"));
  item.text = text;
  if (item.kind != "event") return item;
  item.name = string_of(member_text(text, "event").value_or("{}"), "event_name");
  item.attempt = std::stoll(member_text(text, "attempt").value_or("0"));
  return item;
}

model::PublishedEvent published(std::string name, std::string condition = "success",
                                std::string delivery = "durable") {
  model::PublishedEvent event;
  event.name = std::move(name);
  event.description = "of the test";
  event.condition = std::move(condition);
  event.delivery_mode = std::move(delivery);
  return event;
}

class WorkerDeliveries : public testing::Test {
 protected:
  std::unique_ptr<Worker> running(std::vector<model::PublishedEvent> events,
                                  config::Config config = {}) {
    auto worker = open_worker(path_, std::move(config));
    model::TaskTemplate body = chain_template(2);
    body.steps[0].publishes_events = std::move(events);
    body.steps[0].retry.max_attempts = 2;
    EXPECT_TRUE(worker->put_template(body));
    EXPECT_TRUE(worker->register_all_handlers());
    EXPECT_TRUE(worker->start());
    return worker;
  }
  /// Runs the task's two steps, the first with this result document.
  static void run_task(Worker& worker, const std::string& document = R"({"success":true})") {
    create_one(worker);
    EXPECT_TRUE(worker.complete_step_event(next_event(worker).event_id, document));
    EXPECT_TRUE(worker.complete_success(next_event(worker).event_id, "{}"));
  }
  static void subscribe(Worker& worker, const std::string& more = "",
                        const std::string& name = "s") {
    const auto subscribed = worker.subscribe_domain_events(R"({"subscriber":")" + name +
                                                           R"(","events":["*"])" + more + "}");
    EXPECT_TRUE(subscribed) << subscribed.error().message;
  }
  /// Waits for `count` items.
  static std::vector<Item> await_items(Worker& worker, std::size_t count) {
    std::vector<std::string> texts;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (texts.size() < count && std::chrono::steady_clock::now() < deadline)
      if (worker.poll_deliveries(count - texts.size(), texts) == 0) std::this_thread::yield();
    EXPECT_THAT(texts, SizeIs(count));
    std::vector<Item> items;
    for (const std::string& text : texts) items.push_back(read_item(text));
    return items;
  }
  static Item await_item(Worker& worker) {
    auto items = await_items(worker, 1);
    return items.empty() ? Item{} : items[0];
  }
  static std::vector<std::string> poll_now(Worker& worker) {
    std::vector<std::string> texts;
    worker.poll_deliveries(1'000, texts);
    return texts;
  }
  store::SubscriberRecord record(const std::string& name = "s") {
    const auto all = open_store(path_)->list_subscribers();
    for (const store::SubscriberRecord& found : *all)
      if (found.settings.name == name) return found;
    return {};
  }
  /// Waits until nothing of the subscriber is out or waiting.
  bool await_settled() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    const auto store = open_store(path_);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto found = store->list_subscribers();
      if (found && !found->empty() && (*found)[0].out + (*found)[0].waiting == 0) return true;
      std::this_thread::yield();
    }
    return false;
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("tasker.db");
};

TEST_F(WorkerDeliveries, AnEventComesWithTheWholeDocumentOfTheContract) {
  auto worker = running({published("parcel.weighed")});
  subscribe(*worker);
  const auto task = create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, R"({"weight":7})"));
  const Item item = await_item(*worker);
  EXPECT_EQ(item.kind, "event");
  EXPECT_EQ(item.name, "parcel.weighed");
  EXPECT_EQ(item.attempt, 1);
  EXPECT_THAT(item.text, HasSubstr(R"("subscriber":"s","number":1,"attempt":1,"max_attempts":5)"));
  EXPECT_THAT(item.text, HasSubstr(R"("event_version":"1.0","metadata":{"task_uuid":")" +
                                   task.text() + R"(","step_uuid":")"));
  EXPECT_THAT(item.text, HasSubstr(R"("success":true,"result":{"weight":7},"status":"completed")"));
  EXPECT_THAT(item.text, testing::EndsWith(R"(,"payload":{"weight":7}}}})"));
  EXPECT_TRUE(worker->acknowledge_delivery(item.delivery_id));
  EXPECT_EQ(worker->acknowledge_delivery(item.delivery_id).error().code,
            base::ErrorCode::kUNKNOWN_EVENT);
  EXPECT_TRUE(await_settled());
  EXPECT_THAT(poll_now(*worker), IsEmpty());
}

TEST_F(WorkerDeliveries, ConditionsHoldForDurableEventsToo) {
  auto worker = running({published("on.success", "success"), published("on.failure", "failure"),
                         published("on.retryable", "retryable_failure"),
                         published("on.permanent", "permanent_failure"),
                         published("on.any", "always"), published("on.fast", "always", "fast")});
  subscribe(*worker);
  create_one(*worker);
  const auto names = [&](std::size_t count) {
    std::vector<std::string> found;
    for (const Item& item : await_items(*worker, count)) found.push_back(item.name);
    return found;
  };
  const std::string failed =
      R"({"success":false,"result":{"why":1},"error":{"message":"m","retryable":true}})";
  EXPECT_TRUE(worker->complete_step_event(next_event(*worker).event_id, failed));
  EXPECT_THAT(names(3), ElementsAre("on.failure", "on.retryable", "on.any"));
  EXPECT_TRUE(worker->complete_step_event(next_event(*worker).event_id, failed));
  const auto items = await_items(*worker, 3);
  EXPECT_EQ(items[1].name, "on.permanent");
  EXPECT_THAT(items[1].text, HasSubstr(R"("error":{"message":"m")"));
  EXPECT_THAT(items[1].text, testing::EndsWith(R"(,"payload":{"why":1}}}})"));
  create_one(*worker);
  EXPECT_TRUE(worker->complete_success(next_event(*worker).event_id, "{}"));
  EXPECT_THAT(names(2), ElementsAre("on.success", "on.any"));
}

TEST_F(WorkerDeliveries, AHandlerPublishesItself) {
  auto worker = running({published("declared.one"), published("declared.two")});
  subscribe(*worker);
  run_task(
      *worker,
      R"({"success":true,"result":{"r":1},"domain_events":[{"name":"own.one","payload":{"p":1}},)"
      R"({"name":"own.failed","condition":"failure"},{"name":"own.fast","delivery_mode":"fast"},)"
      R"({"name":"declared.two","payload":{"p":2}}]})");
  const auto items = await_items(*worker, 3);
  EXPECT_EQ(items[0].name, "own.one");
  EXPECT_THAT(items[0].text, testing::EndsWith(R"(,"payload":{"p":1}}}})"));
  EXPECT_THAT(items[0].text, HasSubstr(R"("result":{"r":1})"));
  EXPECT_EQ(items[1].name, "declared.two");
  EXPECT_THAT(items[1].text, testing::EndsWith(R"(,"payload":{"p":2}}}})"));
  EXPECT_EQ(items[2].name, "declared.one");
  EXPECT_THAT(poll_now(*worker), IsEmpty());
}

TEST_F(WorkerDeliveries, ABroadcastEventHasOneIdOnBothWays) {
  auto worker = running({published("a.b", "success", "broadcast")});
  worker->keep_domain_events();
  subscribe(*worker);
  run_task(*worker);
  const Item item = await_item(*worker);
  std::vector<std::string> fast;
  ASSERT_EQ(worker->poll_domain_events(5, fast), 1U);
  EXPECT_EQ(string_of(fast[0], "eventId"),
            string_of(member_text(item.text, "event").value_or("{}"), "event_id"));
}

TEST_F(WorkerDeliveries, AFailedDeliveryComesAgainAndIsDeadInTheEnd) {
  auto worker = running({published("a.b")});
  subscribe(*worker, R"(,"max_attempts":3,"backoff_base_ms":1)");
  run_task(*worker);
  const Item first = await_item(*worker);
  EXPECT_EQ(worker->fail_delivery(first.delivery_id, "[]").error().code,
            base::ErrorCode::kINVALID_JSON);
  EXPECT_TRUE(worker->fail_delivery(first.delivery_id, R"({"message":"one"})"));
  const Item second = await_item(*worker);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_NE(second.delivery_id, first.delivery_id);
  EXPECT_TRUE(worker->fail_delivery(second.delivery_id, "{}"));
  const Item third = await_item(*worker);
  EXPECT_EQ(third.attempt, 3);
  EXPECT_TRUE(worker->fail_delivery(third.delivery_id, R"({"message":"three"})"));
  ASSERT_TRUE(await_settled());
  const auto dead = *open_store(path_)->list_dead_deliveries({});
  ASSERT_EQ(dead.total, 1U);
  EXPECT_EQ(dead.deliveries[0].attempts, 3U);
  EXPECT_EQ(dead.deliveries[0].error_json,
            R"({"message":"three","error_type":"subscriber_error","retryable":true})");
  // By hand, from another process: the worker hears of it.
  EXPECT_EQ(*open_store(path_)->retry_dead_deliveries("s", std::nullopt), 1U);
  EXPECT_EQ(await_item(*worker).attempt, 1);
}

TEST_F(WorkerDeliveries, AFailureThatMakesNoSenseToRetryIsDeadAtOnce) {
  auto worker = running({published("a.b")});
  subscribe(*worker);
  run_task(*worker);
  EXPECT_TRUE(worker->fail_delivery(await_item(*worker).delivery_id, R"({"retryable":false})"));
  ASSERT_TRUE(await_settled());
  EXPECT_EQ(record().dead, 1U);
}

TEST_F(WorkerDeliveries, WhoDoesNotAnswerInTimeHasFailed) {
  auto worker = running({published("a.b")});
  subscribe(*worker, R"(,"timeout_ms":1,"backoff_base_ms":1)");
  run_task(*worker);
  const auto items = await_items(*worker, 3);
  EXPECT_EQ(items[0].kind, "event");
  EXPECT_EQ(items[1].kind, "revoked");
  EXPECT_EQ(items[1].delivery_id, items[0].delivery_id);
  EXPECT_THAT(items[1].text, HasSubstr(R"("reason":"timeout")"));
  EXPECT_EQ(items[2].attempt, 2);
  EXPECT_EQ(worker->acknowledge_delivery(items[0].delivery_id).error().code,
            base::ErrorCode::kUNKNOWN_EVENT);
}

TEST_F(WorkerDeliveries, WithOnePlaceTheOrderHoldsThroughRetries) {
  auto worker = running({published("a.one"), published("a.two")});
  subscribe(*worker, R"(,"in_flight_max":1,"backoff_base_ms":20)");
  run_task(*worker);
  const Item first = await_item(*worker);
  EXPECT_TRUE(worker->fail_delivery(first.delivery_id, "{}"));
  const Item again = await_item(*worker);
  EXPECT_EQ(again.name, "a.one");
  EXPECT_TRUE(worker->acknowledge_delivery(again.delivery_id));
  EXPECT_EQ(await_item(*worker).name, "a.two");
}

TEST_F(WorkerDeliveries, AnotherProcessStandsByAndTakesOver) {
  auto producer = running({published("a.b")});
  auto first = open_worker(path_);
  auto second = open_worker(path_);
  subscribe(*first);
  subscribe(*second);
  run_task(*producer);
  const Item item = await_item(*first);
  run_task(*producer);
  const Item other = await_item(*first);
  EXPECT_TRUE(first->acknowledge_delivery(item.delivery_id));
  EXPECT_THAT(poll_now(*second), IsEmpty());
  ASSERT_TRUE(first->stop());
  const Item again = await_item(*second);
  EXPECT_EQ(string_of(member_text(again.text, "event").value_or("{}"), "event_id"),
            string_of(member_text(other.text, "event").value_or("{}"), "event_id"));
  EXPECT_EQ(again.attempt, 1) << "an orderly stop costs no attempt";
  EXPECT_TRUE(second->acknowledge_delivery(again.delivery_id));
}

TEST_F(WorkerDeliveries, ADrainWaitsForWhatIsOutAndCommitsItsAcknowledgement) {
  auto worker = running({published("a.b")});
  subscribe(*worker);
  run_task(*worker);
  const Item item = await_item(*worker);
  ASSERT_TRUE(worker->begin_drain());
  EXPECT_EQ(worker->subscribe_domain_events(R"({"subscriber":"x","events":["*"]})").error().code,
            base::ErrorCode::kDRAINING);
  std::thread draining([&] { EXPECT_TRUE(worker->drain(kPatienceMs)); });
  EXPECT_TRUE(worker->acknowledge_delivery(item.delivery_id));
  draining.join();
  EXPECT_EQ(record().out + record().waiting + record().behind, 0U);
  EXPECT_EQ(record().worker, model::WorkerId{});
}

TEST_F(WorkerDeliveries, ADrainRevokesWhatIsLeftAtNoCost) {
  auto worker = running({published("a.b")});
  subscribe(*worker);
  run_task(*worker);
  const Item item = await_item(*worker);
  ASSERT_TRUE(worker->drain(0));
  const Item revoked = await_item(*worker);
  EXPECT_EQ(revoked.kind, "revoked");
  EXPECT_EQ(revoked.delivery_id, item.delivery_id);
  EXPECT_THAT(revoked.text, HasSubstr(R"("reason":"shutdown")"));
  ASSERT_TRUE(worker->stop());
  auto next = open_worker(path_);
  subscribe(*next);
  EXPECT_EQ(await_item(*next).attempt, 1);
}

TEST_F(WorkerDeliveries, AnUnsubscribedOneGoesOnWhereItWas) {
  auto worker = running({published("a.b")});
  subscribe(*worker);
  EXPECT_EQ(worker->subscribe_domain_events(R"({"subscriber":"s","events":["*"]})").error().code,
            base::ErrorCode::kINVALID_STATE);
  EXPECT_EQ(worker->remove_subscriber("s").error().code, base::ErrorCode::kINVALID_STATE);
  run_task(*worker);
  EXPECT_TRUE(worker->acknowledge_delivery(await_item(*worker).delivery_id));
  ASSERT_TRUE(worker->unsubscribe_domain_events("s"));
  EXPECT_EQ(worker->unsubscribe_domain_events("s").error().code, base::ErrorCode::kNOT_FOUND);
  run_task(*worker);
  EXPECT_THAT(poll_now(*worker), IsEmpty());
  subscribe(*worker);
  EXPECT_THAT(await_item(*worker).text, HasSubstr(R"("number":2)"));
  ASSERT_TRUE(worker->unsubscribe_domain_events("s"));
  ASSERT_TRUE(worker->remove_subscriber("s"));
  EXPECT_EQ(worker->remove_subscriber("s").error().code, base::ErrorCode::kNOT_FOUND);
}

TEST_F(WorkerDeliveries, WrongSubscriptionsNameTheirField) {
  auto worker = open_worker(path_);
  const std::map<std::string, std::string> wrong = {
      {R"({"events":["*"]})", "subscriber"},
      {R"({"subscriber":"","events":["*"]})", "subscriber"},
      {R"({"subscriber":7,"events":["*"]})", "subscriber"},
      {R"({"subscriber":"s"})", "events"},
      {R"({"subscriber":"s","events":[]})", "events"},
      {R"({"subscriber":"s","events":["a..b"]})", "events[0]"},
      {R"({"subscriber":"s","events":["*",3]})", "events[1]"},
      {R"({"subscriber":"s","events":["*"],"from":"now"})", "from"},
      {R"({"subscriber":"s","events":["*"],"in_flight_max":0})", "in_flight_max"},
      {R"({"subscriber":"s","events":["*"],"max_attempts":101})", "max_attempts"},
      {R"({"subscriber":"s","events":["*"],"more":1})", "more"},
  };
  for (const auto& [json, field] : wrong) {
    const auto refused = worker->subscribe_domain_events(json);
    ASSERT_FALSE(refused) << json;
    EXPECT_EQ(refused.error().field, field) << refused.error().message;
  }
}

TEST_F(WorkerDeliveries, OldEventsThatAllHavePassedAreRemoved) {
  config::Config config;
  config.event_retention_ms = 0;
  config.lease_ttl_ms = 100;  // so that the housekeeper comes round often
  auto worker = running({published("a.b")}, config);
  subscribe(*worker);
  for (int i = 0; i < 5; ++i) {
    run_task(*worker);
    EXPECT_TRUE(worker->acknowledge_delivery(await_item(*worker).delivery_id));
  }
  const auto store = open_store(path_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (store->load_event(4) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_FALSE(store->load_event(4));
  EXPECT_TRUE(store->load_event(5)) << "the newest one stays";
}

TEST_F(WorkerDeliveries, HandlersAndSubscribersOnManyThreadsLoseNothing) {
  auto worker = running({published("a.b", "always")});
  subscribe(*worker, R"(,"in_flight_max":64,"backoff_base_ms":1,"max_attempts":100)");
  constexpr std::size_t kTasks = 400;
  base::Mutex mutex;
  std::set<std::string> seen;
  std::atomic<bool> done{false};
  const auto consume = [&](std::uint64_t seed) {
    base::Random random(seed);
    std::vector<std::string> texts;
    while (!done) {
      texts.clear();
      if (worker->poll_deliveries(8, texts) == 0) std::this_thread::yield();
      for (const std::string& text : texts) {
        const Item item = read_item(text);
        if (random.below(4) == 0) {
          EXPECT_TRUE(worker->fail_delivery(item.delivery_id, "{}"));
          continue;
        }
        {
          base::Lock lock(mutex);
          EXPECT_TRUE(
              seen.insert(string_of(member_text(text, "event").value_or("{}"), "event_id")).second)
              << "an acknowledged event came again";
        }
        EXPECT_TRUE(worker->acknowledge_delivery(item.delivery_id));
      }
    }
  };
  std::thread one(consume, 1);
  std::thread two(consume, 2);
  {
    HandlerThread handlers(*worker, HandlerThread::succeed);
    HandlerThread more(*worker, HandlerThread::succeed);
    for (const auto& task :
         create_and_wait(*worker, std::vector<TaskRequest>(kTasks, chain_request())))
      EXPECT_EQ(*await_end(*worker, task->uuid), model::TaskState::kComplete);
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(3 * kPatienceMs);
  const auto count = [&] {
    base::Lock lock(mutex);
    return seen.size();
  };
  while (count() < kTasks && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  done = true;
  one.join();
  two.join();
  EXPECT_EQ(count(), kTasks);
}

}  // namespace
}  // namespace tasker::worker
