// Durable domain events: written with what caused them, delivered at least once, in order.
#include <algorithm>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {

using model::StepState;
using model::SubscriberId;
using model::WorkerId;

void OutboxConformance::SetUp() {
  StoreConformance::SetUp();
  workflow_ = put_wide(6);
  task_ = create(workflow_);
  worker_ = join();
  claims_ = claim(worker_);
}

OutboxEvent OutboxConformance::event_of(std::string name) {
  OutboxEvent event;
  event.event_id = new_uuid();
  event.name = std::move(name);
  event.publisher = "test";
  event.template_id = workflow_.stored.id;
  event.claimed_at_us = 7;
  event.fired_at_us = tick();
  return event;
}

CompletionOutcome OutboxConformance::publish(std::size_t step,
                                             const std::vector<std::string>& names, Store* on) {
  Completion done = success(workflow_, claims_.at(step), worker_);
  for (const std::string& name : names) done.events.push_back(event_of(name));
  return complete(on != nullptr ? *on : store(), std::move(done)).completions.at(0);
}

SubscriberId OutboxConformance::subscribe(const std::string& name, SubscriberSettings settings) {
  settings.name = name;
  settings.patterns_json = R"(["*"])";
  return must(store().put_subscriber(settings, tick()));
}

SubscriberId OutboxConformance::subscribe_and_hold(const std::string& name,
                                                   SubscriberSettings settings) {
  const SubscriberId id = subscribe(name, std::move(settings));
  EXPECT_TRUE(must(store().acquire_subscriber(id, worker_, tick())));
  return id;
}

Taken OutboxConformance::take(SubscriberId id, WorkerId worker, std::uint64_t seen) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.takes.push_back({id, worker, seen, [](std::string_view) { return true; }});
  return write(batch).taken.at(0);
}

CompletionOutcome OutboxConformance::end(SubscriberId id, const Delivery& delivery,
                                         DeliveryEnd::Kind kind, std::int64_t due_at_us) {
  WriteBatch batch;
  batch.now_us = tick();
  batch.delivery_ends.push_back({id, delivery.stored.number, delivery.attempt, worker_, kind,
                                 due_at_us, R"({"message":"no"})"});
  return write(batch).delivery_ends.at(0);
}

SubscriberRecord OutboxConformance::record_of(const std::string& name) {
  for (const SubscriberRecord& record : must(store().list_subscribers()))
    if (record.settings.name == name) return record;
  throw std::runtime_error("no subscriber " + name);
}

namespace {

using Kind = DeliveryEnd::Kind;

std::vector<std::string> names_of(const Taken& taken) {
  std::vector<std::string> names;
  for (const Delivery& delivery : taken.deliveries) names.push_back(delivery.stored.event.name);
  return names;
}
using Names = std::vector<std::string>;

TEST_P(OutboxConformance, AnEventIsWrittenWithTheCompletionThatCausedIt) {
  const SubscriberId id = subscribe_and_hold("s");
  EXPECT_EQ(must(store().newest_event()), 0U);
  Completion done = success(workflow_, claims_.at(2), worker_);
  OutboxEvent event = event_of("a.b");
  event.payload_json = R"({"x":1})";
  event.document_json = R"({"success":true})";
  event.template_step = 2;
  done.events.push_back(event);
  ASSERT_EQ(complete(done).completions.at(0), CompletionOutcome::kRecorded);
  const Taken taken = take(id, worker_);
  ASSERT_EQ(taken.deliveries.size(), 1U);
  const Delivery& delivery = taken.deliveries[0];
  EXPECT_EQ(delivery.attempt, 1U);
  EXPECT_EQ(delivery.stored.number, must(store().newest_event()));
  EXPECT_EQ(delivery.stored.step, claims_.at(2).step);
  EXPECT_EQ(delivery.stored.attempt, 1U);
  EXPECT_EQ(delivery.stored.event.event_id, event.event_id);
  EXPECT_EQ(delivery.stored.event.name, "a.b");
  EXPECT_EQ(delivery.stored.event.publisher, "test");
  EXPECT_EQ(delivery.stored.event.template_id, workflow_.stored.id);
  EXPECT_EQ(delivery.stored.event.template_step, 2U);
  EXPECT_EQ(delivery.stored.event.claimed_at_us, 7);
  EXPECT_EQ(delivery.stored.event.fired_at_us, event.fired_at_us);
  EXPECT_EQ(delivery.stored.event.payload_json, R"({"x":1})");
  EXPECT_EQ(delivery.stored.event.document_json, R"({"success":true})");
  EXPECT_EQ(must(store().load_event(delivery.stored.number)).event.name, "a.b");
  EXPECT_EQ(code_of(store().load_event(99)), base::ErrorCode::kNOT_FOUND);
}

TEST_P(OutboxConformance, AFailureWritesItsEventsToo) {
  const SubscriberId id = subscribe_and_hold("s");
  Completion failed = failure(claims_.at(0), worker_, StepState::kWaitingForRetry, now_us());
  failed.events.push_back(event_of("it.failed"));
  failed.events.back().document_json = "{}";
  ASSERT_EQ(complete(failed).completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(names_of(take(id, worker_)), Names{"it.failed"});
  EXPECT_EQ(must(store().check_integrity()), Names{});
}

TEST_P(OutboxConformance, AFencedCompletionWritesNone) {
  Completion late = success(workflow_, claims_.at(0), worker_);
  late.attempt = 9;
  late.events.push_back(event_of("a.b"));
  ASSERT_EQ(complete(late).completions.at(0), CompletionOutcome::kFenced);
  EXPECT_EQ(must(store().newest_event()), 0U);
}

TEST_P(OutboxConformance, ATakeSeesTheEventsOfItsOwnBatch) {
  const SubscriberId id = subscribe_and_hold("s");
  WriteBatch batch;
  batch.now_us = tick();
  batch.completions.push_back(success(workflow_, claims_.at(0), worker_));
  batch.completions[0].events.push_back(event_of("a.b"));
  batch.takes.push_back({id, worker_, 0, [](std::string_view) { return true; }});
  EXPECT_EQ(names_of(write(batch).taken.at(0)), Names{"a.b"});
}

TEST_P(OutboxConformance, EventsComeInTheirOrderAndOnce) {
  const SubscriberId id = subscribe_and_hold("s");
  publish(0, {"a.one", "a.two"});
  publish(1, {"a.three"});
  const Taken taken = take(id, worker_);
  EXPECT_EQ(names_of(taken), (Names{"a.one", "a.two", "a.three"}));
  EXPECT_EQ(names_of(take(id, worker_)), Names{});
  for (const Delivery& delivery : taken.deliveries)
    EXPECT_EQ(end(id, delivery, Kind::kAcknowledged), CompletionOutcome::kRecorded);
  EXPECT_EQ(end(id, taken.deliveries[0], Kind::kAcknowledged), CompletionOutcome::kFenced);
  EXPECT_EQ(names_of(take(id, worker_)), Names{});
  const SubscriberRecord record = record_of("s");
  EXPECT_EQ(record.out + record.waiting + record.dead + record.behind, 0U);
  EXPECT_EQ(record.position, taken.deliveries[2].stored.number);
}

TEST_P(OutboxConformance, ASubscriberChoosesByName) {
  const SubscriberId id = subscribe_and_hold("s");
  publish(0, {"a.one", "b.one", "a.two"});
  WriteBatch batch;
  batch.now_us = tick();
  batch.takes.push_back(
      {id, worker_, 0, [](std::string_view name) { return name.starts_with("a."); }});
  EXPECT_EQ(names_of(write(batch).taken.at(0)), (Names{"a.one", "a.two"}));
}

TEST_P(OutboxConformance, ANewSubscriberBeginsWithTheNextEventOrTheOldest) {
  publish(0, {"a.one"});
  const SubscriberId next = subscribe_and_hold("next");
  SubscriberSettings settings;
  settings.from_oldest = true;
  const SubscriberId oldest = subscribe_and_hold("oldest", settings);
  publish(1, {"a.two"});
  EXPECT_EQ(names_of(take(next, worker_)), Names{"a.two"});
  EXPECT_EQ(names_of(take(oldest, worker_)), (Names{"a.one", "a.two"}));
  EXPECT_EQ(subscribe("next", settings), next) << "a known name";
  EXPECT_EQ(names_of(take(next, worker_)), Names{}) << "keeps its position";
}

TEST_P(OutboxConformance, NoMoreAreOutThanTheSubscriberAllows) {
  SubscriberSettings settings;
  settings.in_flight_max = 2;
  const SubscriberId id = subscribe_and_hold("s", settings);
  publish(0, {"a.one", "a.two", "a.three"});
  const Taken taken = take(id, worker_);
  EXPECT_EQ(names_of(taken), (Names{"a.one", "a.two"}));
  end(id, taken.deliveries[0], Kind::kAcknowledged);
  EXPECT_EQ(names_of(take(id, worker_, taken.seen)), Names{"a.three"});
}

TEST_P(OutboxConformance, AFailedEventKeepsItsPlaceWhileItWaits) {
  SubscriberSettings settings;
  settings.in_flight_max = 1;
  const SubscriberId id = subscribe_and_hold("s", settings);
  publish(0, {"a.one", "a.two"});
  const Delivery first = take(id, worker_).deliveries.at(0);
  const std::int64_t due_us = now_us() + 1'000'000;
  EXPECT_EQ(end(id, first, Kind::kRetry, due_us), CompletionOutcome::kRecorded);
  const Taken nothing = take(id, worker_);
  EXPECT_EQ(names_of(nothing), Names{}) << "nothing overtakes it";
  EXPECT_EQ(nothing.next_due_us, due_us);
  while (tick() < due_us) {
  }
  const Taken again = take(id, worker_);
  ASSERT_EQ(names_of(again), Names{"a.one"});
  EXPECT_EQ(again.deliveries[0].attempt, 2U);
  EXPECT_EQ(end(id, first, Kind::kAcknowledged), CompletionOutcome::kFenced) << "an attempt ago";
  EXPECT_EQ(end(id, again.deliveries[0], Kind::kAcknowledged), CompletionOutcome::kRecorded);
  EXPECT_EQ(names_of(take(id, worker_)), Names{"a.two"});
}

TEST_P(OutboxConformance, ADeadDeliveryIsOutOfTheWayUntilItIsRetriedOrDropped) {
  SubscriberSettings settings;
  settings.in_flight_max = 1;
  const SubscriberId id = subscribe_and_hold("s", settings);
  publish(0, {"a.one", "a.two"});
  const Delivery first = take(id, worker_).deliveries.at(0);
  EXPECT_EQ(end(id, first, Kind::kDead), CompletionOutcome::kRecorded);
  const Delivery second = take(id, worker_).deliveries.at(0);
  EXPECT_EQ(second.stored.event.name, "a.two");
  EXPECT_EQ(end(id, second, Kind::kDead), CompletionOutcome::kRecorded);
  DeadDeliveryFilter filter;
  filter.limit = 1;
  DeadDeliveryPage page = must(store().list_dead_deliveries(filter));
  EXPECT_EQ(page.total, 2U);
  ASSERT_EQ(page.deliveries.size(), 1U);
  EXPECT_EQ(page.deliveries[0].subscriber, "s");
  EXPECT_EQ(page.deliveries[0].number, first.stored.number);
  EXPECT_EQ(page.deliveries[0].attempts, 1U);
  EXPECT_EQ(page.deliveries[0].error_json, R"({"message":"no"})");
  EXPECT_EQ(page.deliveries[0].stored.event.name, "a.one");
  EXPECT_EQ(page.deliveries[0].task_uuid, task(task_).header.uuid);
  filter.subscriber = "other";
  EXPECT_EQ(must(store().list_dead_deliveries(filter)).total, 0U);

  EXPECT_EQ(must(store().retry_dead_deliveries("s", first.stored.number)), 1U);
  EXPECT_EQ(code_of(store().retry_dead_deliveries("s", first.stored.number)),
            base::ErrorCode::kNOT_FOUND);
  EXPECT_EQ(code_of(store().retry_dead_deliveries("x", std::nullopt)), base::ErrorCode::kNOT_FOUND);
  const Delivery again = take(id, worker_).deliveries.at(0);
  EXPECT_EQ(again.stored.event.name, "a.one");
  EXPECT_EQ(again.attempt, 1U) << "with a fresh set of attempts";
  EXPECT_EQ(must(store().drop_dead_deliveries("s", std::nullopt)), 1U);
  EXPECT_EQ(must(store().list_dead_deliveries({})).total, 0U);
  EXPECT_EQ(must(store().check_integrity()), Names{});
}

TEST_P(OutboxConformance, OnlyOneWorkerHoldsASubscriberAndOnlyWhileItHasARecord) {
  const SubscriberId id = subscribe_and_hold("s");
  const WorkerId other = join();
  EXPECT_TRUE(must(store().acquire_subscriber(id, worker_, tick()))) << "held already";
  EXPECT_FALSE(must(store().acquire_subscriber(id, other, tick())));
  publish(0, {"a.one"});
  EXPECT_FALSE(take(id, other).is_held);
  const Delivery lost = take(id, worker_).deliveries.at(0);
  must(store().unregister_worker(worker_));
  EXPECT_TRUE(must(store().acquire_subscriber(id, other, tick())));
  EXPECT_EQ(end(id, lost, Kind::kAcknowledged), CompletionOutcome::kFenced);
  const Delivery again = take(id, other).deliveries.at(0);
  EXPECT_EQ(again.stored.event.name, "a.one");
  EXPECT_EQ(again.attempt, 2U) << "who died with it in his hands has had his attempt";
  EXPECT_EQ(code_of(store().acquire_subscriber(SubscriberId{99}, other, tick())),
            base::ErrorCode::kNOT_FOUND);
}

TEST_P(OutboxConformance, AnEventThatEndsItsWorkersIsDeadAfterItsLastAttempt) {
  SubscriberSettings settings;
  settings.max_attempts = 1;
  const SubscriberId id = subscribe_and_hold("s", settings);
  publish(0, {"a.one"});
  ASSERT_EQ(take(id, worker_).deliveries.size(), 1U);
  must(store().unregister_worker(worker_));
  const WorkerId other = join();
  ASSERT_TRUE(must(store().acquire_subscriber(id, other, tick())));
  EXPECT_EQ(take(id, other).deliveries.size(), 0U);
  const DeadDeliveryPage page = must(store().list_dead_deliveries({}));
  ASSERT_EQ(page.total, 1U);
  EXPECT_NE(page.deliveries[0].error_json.find("worker_lost"), std::string::npos);
}

TEST_P(OutboxConformance, AReleaseCostsNoAttempt) {
  const SubscriberId id = subscribe_and_hold("s");
  publish(0, {"a.one", "a.two"});
  const Taken taken = take(id, worker_);
  const WorkerId other = join();
  must(store().release_subscriber(id, other, 0));
  EXPECT_FALSE(must(store().acquire_subscriber(id, other, tick()))) << "not his to release";
  must(store().release_subscriber(id, worker_, taken.seen));
  EXPECT_EQ(record_of("s").worker, WorkerId{});
  EXPECT_EQ(end(id, taken.deliveries[0], Kind::kAcknowledged), CompletionOutcome::kFenced);
  ASSERT_TRUE(must(store().acquire_subscriber(id, other, tick())));
  const Taken again = take(id, other);
  ASSERT_EQ(names_of(again), (Names{"a.one", "a.two"}));
  EXPECT_EQ(again.deliveries[0].attempt, 1U);
}

TEST_P(OutboxConformance, PositionAndDeliveriesSurviveTheStoresReopening) {
  const SubscriberId id = subscribe_and_hold("s");
  publish(0, {"a.one", "a.two"});
  const Taken taken = take(id, worker_);
  end(id, taken.deliveries[0], Kind::kAcknowledged);
  reopen();
  publish(1, {"a.three"});
  EXPECT_EQ(names_of(take(id, worker_)), Names{"a.three"});
  must(store().release_subscriber(id, worker_, 0));
  ASSERT_TRUE(must(store().acquire_subscriber(id, worker_, tick())));
  EXPECT_EQ(names_of(take(id, worker_)), (Names{"a.two", "a.three"}));
}

TEST_P(OutboxConformance, ASubscriberIsForgottenWithItsDeliveriesUnlessItIsHeld) {
  const SubscriberId id = subscribe_and_hold("s");
  publish(0, {"a.one"});
  take(id, worker_);
  EXPECT_EQ(code_of(store().remove_subscriber("s")), base::ErrorCode::kINVALID_STATE);
  must(store().release_subscriber(id, worker_, 0));
  must(store().remove_subscriber("s"));
  EXPECT_EQ(code_of(store().remove_subscriber("s")), base::ErrorCode::kNOT_FOUND);
  EXPECT_TRUE(must(store().list_subscribers()).empty());
  EXPECT_NE(subscribe("s"), id) << "another one under the same name";
  EXPECT_EQ(must(store().check_integrity()), Names{});
}

TEST_P(OutboxConformance, WhatAllHavePassedIsRemovedOnceItIsOldEnough) {
  const SubscriberId id = subscribe_and_hold("s");
  const SubscriberId slow = subscribe_and_hold("slow");
  publish(0, {"a.one", "a.two"});
  const std::int64_t later_us = tick();
  publish(1, {"a.three", "a.four"});
  const Taken taken = take(id, worker_);
  for (std::size_t i = 1; i < 4; ++i) end(id, taken.deliveries[i], Kind::kAcknowledged);
  const std::int64_t end_us = tick();
  EXPECT_EQ(must(store().remove_passed_events(end_us, 0, 100)).count, 0U) << "one has not begun";
  const Taken slowly = take(slow, worker_);
  for (const Delivery& delivery : slowly.deliveries) end(slow, delivery, Kind::kAcknowledged);
  EXPECT_EQ(must(store().remove_passed_events(later_us, 0, 100)).count, 1U)
      << "a.two: a.one is open, the others are too young";
  RemovedEvents removed = must(store().remove_passed_events(end_us, 0, 1));
  EXPECT_EQ(removed.count, 0U);
  EXPECT_TRUE(removed.has_more);
  removed = must(store().remove_passed_events(end_us, removed.looked_up_to, 100));
  EXPECT_EQ(removed.count, 1U) << "a.three: the newest stays, so that numbers go on";
  const std::uint64_t newest = must(store().newest_event());
  EXPECT_EQ(newest, taken.deliveries[3].stored.number);
  publish(2, {"a.five"});
  EXPECT_GT(must(store().newest_event()), newest);
  EXPECT_EQ(must(store().check_integrity()), Names{});
}

TEST_P(OutboxConformance, WithoutSubscribersEventsGoByAgeAlone) {
  publish(0, {"a.one", "a.two", "a.three"});
  EXPECT_EQ(must(store().remove_passed_events(tick(), 0, 100)).count, 2U);
}

TEST_P(OutboxConformance, EventsAreNewsForOtherWorkersSubscribersAlone) {
  const SubscriberId id = subscribe_and_hold("s");
  Completion done = success(workflow_, claims_.at(0), worker_);
  done.events.push_back(event_of("a.one"));
  WriteBatch batch;
  batch.now_us = tick();
  batch.budget.worker = worker_;
  batch.completions.push_back(done);
  EXPECT_FALSE(write(batch).has_events_for_others) << "it is this worker's own subscriber";
  must(store().release_subscriber(id, worker_, 0));
  ASSERT_TRUE(must(store().acquire_subscriber(id, join(), tick())));
  batch.now_us = tick();
  batch.completions[0] = success(workflow_, claims_.at(1), worker_);
  batch.completions[0].events.push_back(event_of("a.two"));
  EXPECT_TRUE(write(batch).has_events_for_others);
  batch.completions[0] = success(workflow_, claims_.at(2), worker_);
  EXPECT_FALSE(write(batch).has_events_for_others);
}

}  // namespace
}  // namespace tasker::store::conformance
