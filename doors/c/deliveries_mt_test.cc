// Durable domain events through the C ABI, from a step's result in one worker to a subscriber that
// is another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "doors/c/door_test_support.h"

namespace tasker::c {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kPatienceMs = 20'000;
constexpr std::string_view kResult = R"({"success":true,"result":{"parcel":7},"domain_events":)"
                                     R"([{"name":"parcel.weighed","payload":{"grams":12}}]})";

/// A worker that subscribes as `billing` to what another publishes, and handles no steps.
class Subscriber {
 public:
  explicit Subscriber(const TestWorker& publisher) : worker_("", publisher.store_path()) {
    constexpr std::string_view kSubscription =
        R"({"subscriber":"billing","events":["parcel.*"],"max_attempts":2,"backoff_base_ms":1})";
    const auto subscribed = status_from([&](tasker_error** error) {
      return tasker_worker_subscribe_domain_events(worker_.get(), kSubscription.data(),
                                                   kSubscription.size(), error);
    });
    EXPECT_TRUE(subscribed) << subscribed.error().message;
  }

  /// The next delivery; an empty text when none comes.
  std::string next() {
    for (;;) {
      OwnedText deliveries;
      EXPECT_EQ(tasker_worker_poll_deliveries(worker_.get(), 1, deliveries.out(), nullptr),
                TASKER_OK);
      // One delivery, which holds objects in arrays: the array's brackets are all to take off.
      if (!deliveries.view().empty())
        return std::string(deliveries.view().substr(1, deliveries.view().size() - 2));
      if (tasker_worker_wait(worker_.get(), kPatienceMs, nullptr) != TASKER_OK) return {};
    }
  }
  bool nothing_waits() {
    OwnedText deliveries;
    EXPECT_EQ(tasker_worker_poll_deliveries(worker_.get(), 1, deliveries.out(), nullptr),
              TASKER_OK);
    return deliveries.view().empty();
  }
  tasker_status acknowledge(std::string_view delivery) {
    const std::string id = member(delivery, "delivery_id");
    return tasker_worker_acknowledge_delivery(worker_.get(), id.data(), id.size(), nullptr);
  }
  tasker_status fail(std::string_view delivery, std::string_view failure) {
    const std::string id = member(delivery, "delivery_id");
    return tasker_worker_fail_delivery(worker_.get(), id.data(), id.size(), failure.data(),
                                       failure.size(), nullptr);
  }

 private:
  TestWorker worker_;
};

void publish_one(TestWorker& publisher) {
  const auto task = publisher.create(1).at(0);
  EXPECT_EQ(publisher.complete(publisher.next_event(), kResult), TASKER_OK);
  EXPECT_EQ(publisher.await_end(task), R"("complete")");
}

store::SubscriberRecord record_of(const TestWorker& worker) {
  const auto all = worker::open_store(worker.store_path())->list_subscribers();
  EXPECT_TRUE(all && all->size() == 1);
  return all && !all->empty() ? all->front() : store::SubscriberRecord{};
}

/// Waits until nothing is out or waits for the subscriber.
bool await_settled(const TestWorker& worker) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (std::chrono::steady_clock::now() < end) {
    const auto record = record_of(worker);
    if (record.out + record.waiting == 0) return true;
  }
  return false;
}

TEST(CDeliveries, AnEventInAResultComesToAnotherWorkerOnce) {
  TestWorker publisher;
  publisher.start();
  Subscriber subscriber(publisher);
  publish_one(publisher);
  const std::string delivery = subscriber.next();
  EXPECT_EQ(member(delivery, "kind"), "event");
  EXPECT_EQ(member(delivery, "subscriber"), "billing");
  EXPECT_EQ(member(delivery, "attempt"), "1");
  EXPECT_THAT(delivery, HasSubstr(R"("event_name":"parcel.weighed")"));
  EXPECT_THAT(delivery, HasSubstr(R"("payload":{"grams":12})"));
  EXPECT_EQ(subscriber.acknowledge(delivery), TASKER_OK);
  EXPECT_EQ(subscriber.acknowledge(delivery), TASKER_ERR_UNKNOWN_EVENT);
  EXPECT_TRUE(await_settled(publisher));
  EXPECT_TRUE(subscriber.nothing_waits());
  EXPECT_EQ(record_of(publisher).dead, 0U);
}

TEST(CDeliveries, OneThatFailsComesAgainAndIsDeadAfterItsLastAttempt) {
  TestWorker publisher;
  publisher.start();
  Subscriber subscriber(publisher);
  publish_one(publisher);
  const std::string first = subscriber.next();
  EXPECT_EQ(subscriber.fail(first, R"({"message":7})"), TASKER_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(subscriber.fail(first, R"({"message":"busy"})"), TASKER_OK);
  const std::string second = subscriber.next();
  EXPECT_EQ(member(second, "attempt"), "2");
  EXPECT_NE(member(second, "delivery_id"), member(first, "delivery_id"));
  EXPECT_EQ(subscriber.fail(second, R"({"message":"still busy"})"), TASKER_OK);
  ASSERT_TRUE(await_settled(publisher));
  EXPECT_EQ(record_of(publisher).dead, 1U);
  const auto dead = worker::open_store(publisher.store_path())->list_dead_deliveries({});
  ASSERT_TRUE(dead && dead->deliveries.size() == 1);
  EXPECT_EQ(dead->deliveries[0].attempts, 2U);
  EXPECT_THAT(dead->deliveries[0].error_json, HasSubstr("still busy"));
}

TEST(CDeliveries, AWorkerThatStandsByTakesOverWhatAClosedOneHadOut) {
  TestWorker publisher;
  publisher.start();
  auto first = std::make_unique<Subscriber>(publisher);
  Subscriber second(publisher);
  publish_one(publisher);
  const std::string unanswered = first->next();
  EXPECT_TRUE(second.nothing_waits());
  first.reset();
  const std::string again = second.next();
  EXPECT_EQ(member(again, "number"), member(unanswered, "number"));
  EXPECT_EQ(member(again, "attempt"), "1");
  EXPECT_EQ(second.acknowledge(again), TASKER_OK);
  EXPECT_TRUE(await_settled(publisher));
}

}  // namespace
}  // namespace tasker::c
