#include "core/store/testing/fault_store.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/store/conformance/conformance.h"
#include "core/store/sqlite/sqlite_conformance.h"
#include "core/store/testing/manual_clock.h"

namespace tasker::store {

// Without faults the decorator changes nothing: all that a back end promises still holds.
namespace conformance {

class UnfaultedFactory final : public StoreFactory {
 public:
  base::Result<std::unique_ptr<Store>> open() override {
    base::Result<std::unique_ptr<Store>> inner = inner_.open();
    if (!inner) return inner;
    return testing::make_fault_store(
        std::move(*inner), std::make_shared<testing::FaultSchedule>(testing::FaultPlan{}));
  }

 private:
  sqlite::SqliteFactory inner_{sqlite::Durability::kNormal};
};

TASKER_STORE_CONFORMANCE(FaultStore,
                         ::testing::Values(BackEnd{
                             "Unfaulted", [] { return std::make_unique<UnfaultedFactory>(); }}));

}  // namespace conformance

namespace testing {
namespace {

using base::ErrorCode;
using conformance::code_of;
using conformance::must;

class FaultStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() { return must(factory_.open()); }
  std::unique_ptr<Store> open_under(FaultPlan plan) {
    schedule_ = std::make_shared<FaultSchedule>(std::move(plan));
    return make_fault_store(open(), schedule_);
  }
  base::Result<Store::PutTemplate> put(Store& store, const std::string& name) {
    return store.put_template(conformance::make_template(name, {{"a"}}), 1);
  }

  std::shared_ptr<FaultSchedule> schedule_;

 private:
  sqlite::SqliteFactory factory_{sqlite::Durability::kNormal};
};

TEST_F(FaultStoreTest, FailedCallsHaveNoEffectAndTheOthersHave) {
  const std::unique_ptr<Store> store = open_under({.seed = 7, .fail_share = 0.5});
  std::set<std::string> stored;
  std::set<ErrorCode> codes;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "template" + std::to_string(i);
    const base::Result<Store::PutTemplate> put_result = put(*store, name);
    if (put_result) {
      stored.insert(name);
    } else {
      codes.insert(put_result.error().code);
    }
  }
  EXPECT_EQ(codes, (std::set<ErrorCode>{ErrorCode::kSTORE_UNAVAILABLE, ErrorCode::kSTORE_FULL}));
  EXPECT_EQ(schedule_->calls(), 100U);
  EXPECT_EQ(schedule_->failures(), 100U - stored.size());
  EXPECT_GT(stored.size(), 20U);
  EXPECT_LT(stored.size(), 80U);
  std::set<std::string> found;
  for (const StoredTemplate& each : must(open()->list_templates())) found.insert(each.body.name);
  EXPECT_EQ(found, stored);
}

/// A step that stores checkpoint after checkpoint through the store under test.
class CheckpointUnderFaults : public FaultStoreTest {
 protected:
  CheckpointUnderFaults() {
    const auto truth = open();
    workflow_ = conformance::derive_workflow(
        must(truth->put_template(conformance::make_template("t", {{"a"}, {"b"}}), 1)).stored);
    worker_ = must(truth->register_worker({}));
    WriteBatch batch;
    NewTask task;
    task.uuid.bytes[0] = 1;
    task.template_id = workflow_.stored.id;
    task.plan = workflow_.plan;
    task.context_json = "{}";
    batch.tasks.push_back(std::move(task));
    batch.budget.worker = worker_;
    batch.budget.executor_of_handler.assign(static_cast<std::size_t>(workflow_.handler(0)) + 1, 0);
    batch.budget.room = {2};
    claims_ = must(truth->write(batch)).claims;
  }

  WriteBatch checkpoint_and_failure(int round) const {
    WriteBatch batch;
    batch.now_us = round;
    batch.checkpoints.push_back(
        {claims_[0].step, 1, worker_, std::to_string(round), 1, std::string()});
    Completion end;
    end.step = claims_[1].step;
    end.attempt = 1;
    end.worker = worker_;
    end.next = model::StepState::kError;
    end.error_json = R"({"message":"it broke"})";
    batch.completions.push_back(std::move(end));
    return batch;
  }

  std::size_t failures_recorded() { return must(open()->list_attempts(claims_[1].step)).size(); }

  conformance::Workflow workflow_;
  model::WorkerId worker_{};
  std::vector<Claim> claims_;
};

TEST_F(CheckpointUnderFaults, ACheckpointIsStoredWithItsBatchOrNotAtAll) {
  ASSERT_EQ(claims_.size(), 2U);
  const std::unique_ptr<Store> store = open_under({.seed = 11, .fail_share = 0.5});
  std::string last;
  std::size_t stored = 0;
  for (int round = 0; round < 40; ++round) {
    WriteBatch batch = checkpoint_and_failure(round);
    if (const auto outcome = store->write(batch)) {
      EXPECT_EQ(outcome->checkpoints.at(0), CompletionOutcome::kRecorded);
      last = std::to_string(round);
      ++stored;
    }
    const auto read = must(open()->load_checkpoint(claims_[0].step));
    ASSERT_EQ(read ? read->cursor_json : std::string(), last) << "round " << round;
    ASSERT_EQ(read ? read->history.size() : 0U, stored);
    ASSERT_EQ(failures_recorded(), stored == 0 ? 0U : 1U) << "with the checkpoint, once";
  }
  EXPECT_GT(stored, 5U);
  EXPECT_LT(stored, 35U);
}

TEST_F(CheckpointUnderFaults, ACheckpointWhoseAnswerIsLostIsStoredAllTheSame) {
  const std::unique_ptr<Store> store = open_under({.cut_at_call = 1, .cut_call_has_effect = true});
  WriteBatch batch = checkpoint_and_failure(3);
  EXPECT_EQ(code_of(store->write(batch)), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_EQ(must(open()->load_checkpoint(claims_[0].step))->cursor_json, "3");
  EXPECT_EQ(failures_recorded(), 1U);
}

TEST_F(FaultStoreTest, TheSameSeedGivesTheSameFaults) {
  const auto pattern = [&](std::uint64_t seed) {
    const std::unique_ptr<Store> store = open_under({.seed = seed, .fail_share = 0.3});
    std::string text;
    for (int i = 0; i < 64; ++i) text += store->next_due() ? '.' : 'F';
    return text;
  };
  const std::string first = pattern(1);
  EXPECT_EQ(pattern(1), first);
  EXPECT_NE(pattern(2), first);
}

TEST_F(FaultStoreTest, AfterACutEveryCallFailsThoseOfItsReadersToo) {
  const std::unique_ptr<Store> store = open_under({.cut_at_call = 3});
  const std::unique_ptr<Reader> reader = must(store->open_reader());
  EXPECT_TRUE(put(*store, "before"));
  EXPECT_FALSE(schedule_->is_cut());
  EXPECT_EQ(code_of(put(*store, "at")), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_TRUE(schedule_->is_cut());
  EXPECT_EQ(code_of(put(*store, "after")), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_EQ(code_of(reader->list_templates()), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_EQ(must(open()->list_templates()).size(), 1U);
}

TEST_F(FaultStoreTest, TheCallAtTheCutMayHaveItsEffectWithoutAnAnswer) {
  const std::unique_ptr<Store> store = open_under({.cut_at_call = 2, .cut_call_has_effect = true});
  EXPECT_TRUE(put(*store, "before"));
  EXPECT_EQ(code_of(put(*store, "at")), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_EQ(code_of(put(*store, "after")), ErrorCode::kSTORE_UNAVAILABLE);
  EXPECT_EQ(must(open()->list_templates()).size(), 2U);
}

TEST_F(FaultStoreTest, ACutByHandTakesEffectAtTheNextCall) {
  const std::unique_ptr<Store> store = open_under({});
  EXPECT_TRUE(store->info());
  schedule_->cut();
  EXPECT_EQ(code_of(store->info()), ErrorCode::kSTORE_UNAVAILABLE);
}

TEST_F(FaultStoreTest, ADelayTurnsTheClockAndTheCallSucceeds) {
  ManualClock clock;
  const std::int64_t before_us = clock.wall_us();
  const std::unique_ptr<Store> store =
      open_under({.delay_share = 1.0, .on_delay = [&] { clock.advance(250'000); }});
  EXPECT_TRUE(store->info());
  EXPECT_TRUE(store->next_due());
  EXPECT_EQ(clock.wall_us() - before_us, 500'000);
  EXPECT_EQ(clock.monotonic_us(), 500'000);
}

}  // namespace
}  // namespace testing
}  // namespace tasker::store
