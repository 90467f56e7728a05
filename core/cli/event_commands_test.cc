#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/cli.h"
#include "core/cli/program_test_support.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

class EventCommands : public ProgramTest {
 protected:
  /// A store with a subscriber `billing` that nobody holds, and `dead` dead deliveries of it.
  std::string store_with_dead(std::uint64_t dead) {
    const std::string path = (bed_.folder() / "events.db").string();
    const std::string yaml = file("diamond.yaml", worker::kDiamondYaml);
    EXPECT_EQ(run_bare({"--store", path, "template", "add", yaml}).code, kExitOk);
    EXPECT_EQ(run_bare({"--store", path, "task", "create", "demo/diamond"}).code, kExitOk);
    store::sqlite::Options options;
    options.path = path;
    auto opened = store::sqlite::open(options, base::make_null_logger());
    EXPECT_TRUE(opened);
    store::Store& store = **opened;
    store::SubscriberSettings settings;
    settings.name = "billing";
    settings.patterns_json = R"(["parcel.*"])";
    const auto subscriber = store.put_subscriber(settings, 1);
    const model::WorkerId worker = *store.register_worker({});
    EXPECT_TRUE(*store.acquire_subscriber(*subscriber, worker, 1));
    store::WriteBatch batch;
    batch.now_us = 1'700'000'000'000'000;
    batch.claim = true;
    batch.budget.worker = worker;
    batch.budget.executor_of_handler.assign(100, 0);
    batch.budget.room = {1};
    const store::Claim claim = store.write(batch)->claims.at(0);
    batch = {};
    batch.now_us = 1'700'000'000'000'000;
    store::Completion failed;
    failed.step = claim.step;
    failed.attempt = claim.attempt;
    failed.worker = worker;
    failed.next = model::StepState::kWaitingForRetry;
    failed.error_json = "{}";
    for (std::uint64_t i = 0; i < dead; ++i) {
      store::OutboxEvent event;
      event.name = "parcel.lost";
      event.document_json = "{}";
      event.fired_at_us = batch.now_us;
      failed.events.push_back(event);
    }
    batch.completions.push_back(failed);
    batch.takes.push_back({*subscriber, worker, 0, [](std::string_view) { return true; }});
    const auto taken = store.write(batch);
    batch = {};
    for (const store::Delivery& delivery : taken->taken.at(0).deliveries)
      batch.delivery_ends.push_back({*subscriber, delivery.stored.number, delivery.attempt, worker,
                                     store::DeliveryEnd::Kind::kDead, 0,
                                     R"({"message":"no such account"})"});
    EXPECT_TRUE(store.write(batch));
    EXPECT_TRUE(store.unregister_worker(worker));
    return path;
  }
};

TEST_F(EventCommands, SubscribersAreListedWithHowFarTheyAre) {
  const std::string path = store_with_dead(2);
  const Ran ran = run_bare({"--store", path, "event", "subscribers"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("billing"));
  const auto document = parse(run_bare({"--store", path, "event", "subscribers", "--json"}).out);
  const auto subscriber = document["subscribers"].at(0);
  EXPECT_EQ(std::string_view(subscriber["subscriber"]), "billing");
  EXPECT_EQ(std::string_view(subscriber["events"].at(0)), "parcel.*");
  EXPECT_EQ(int64_t(subscriber["dead"]), 2);
  EXPECT_EQ(int64_t(subscriber["behind"]), 0);
}

TEST_F(EventCommands, DeadDeliveriesAreListedRetriedAndDropped) {
  const std::string path = store_with_dead(3);
  const Ran ran = run_bare({"--store", path, "event", "dead"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("parcel.lost"));
  EXPECT_THAT(ran.out, HasSubstr("no such account"));
  const auto document = parse(run_bare({"--store", path, "event", "dead", "--subscriber", "billing",
                                        "--limit", "1", "--json"})
                                  .out);
  EXPECT_EQ(int64_t(document["total"]), 3);
  EXPECT_EQ(document["dead"].get_array().size(), 1U);
  EXPECT_EQ(std::string_view(document["dead"].at(0)["error"]["message"]), "no such account");
  const std::string number = std::to_string(int64_t(document["dead"].at(0)["number"]));
  EXPECT_EQ(run_bare({"--store", path, "event", "retry", "billing", number, "--json"}).out,
            "{\"retried\":1}\n");
  EXPECT_EQ(run_bare({"--store", path, "event", "retry", "billing", number}).code, kExitNotFound);
  EXPECT_EQ(run_bare({"--store", path, "event", "drop", "billing", "--all", "--json"}).out,
            "{\"dropped\":2}\n");
  EXPECT_EQ(run_bare({"--store", path, "event", "drop", "nobody", "--all"}).code, kExitNotFound);
  const Ran vague = run_bare({"--store", path, "event", "drop", "billing"});
  EXPECT_EQ(vague.code, kExitRefused);
  EXPECT_THAT(vague.err, HasSubstr("--all"));
}

TEST_F(EventCommands, ASubscriberThatNobodyListensForIsForgotten) {
  const std::string path = store_with_dead(1);
  EXPECT_EQ(run_bare({"--store", path, "event", "forget", "billing", "--json"}).out,
            "{\"forgotten\":\"billing\"}\n");
  EXPECT_EQ(run_bare({"--store", path, "event", "forget", "billing"}).code, kExitNotFound);
  EXPECT_THAT(run_bare({"--store", path, "event", "subscribers"}).err, HasSubstr("no subscribers"));
  EXPECT_EQ(run_bare({"--store", path, "store", "check"}).code, kExitOk);
}

}  // namespace
}  // namespace tasker::cli
