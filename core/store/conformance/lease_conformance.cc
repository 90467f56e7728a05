// Workers and their leases, and the claims that outlive both.
#include <set>

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {
namespace {

using model::StepState;

bool every_worker(const WorkerRecord&) { return true; }

TEST_P(LeaseConformance, AWorkersRecordReadsBackAsRegistered) {
  WorkerInfo info;
  info.name = "worker – ü";
  info.hostname = "host.example";
  info.pid = 4'194'303;
  info.process_identity = "boot/4194303/1234";
  info.started_at_us = tick();
  info.lease_expires_at_us = now_us() + 15'000'000;
  const model::WorkerId id = must(store().register_worker(info));
  reopen();
  const std::vector<WorkerRecord> workers = must(store().list_workers());
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].id, id);
  EXPECT_EQ(workers[0].info.name, info.name);
  EXPECT_EQ(workers[0].info.hostname, info.hostname);
  EXPECT_EQ(workers[0].info.pid, info.pid);
  EXPECT_EQ(workers[0].info.process_identity, info.process_identity);
  EXPECT_EQ(workers[0].info.started_at_us, info.started_at_us);
  EXPECT_EQ(workers[0].info.lease_expires_at_us, info.lease_expires_at_us);
}

TEST_P(LeaseConformance, AWorkersHandlersAreKeptWithIt) {
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId id = join();
  EXPECT_EQ(must(other->list_workers()).at(0).handlers_json, "[]");
  const std::string handlers_json = R"([{"callable":"a – ü","why":"said so"}])";
  must(store().describe_handlers(id, R"([{"callable":"before"}])"));
  must(store().describe_handlers(id, handlers_json));
  EXPECT_EQ(must(other->list_workers()).at(0).handlers_json, handlers_json);
  must(store().unregister_worker(id));
  must(store().describe_handlers(id, handlers_json));
  EXPECT_TRUE(must(other->list_workers()).empty());
}

TEST_P(LeaseConformance, RenewingMovesTheEndOfTheLease) {
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId id = join();
  const std::int64_t expires_at_us = now_us() + 123'000'000;
  EXPECT_TRUE(must(store().renew_lease(id, expires_at_us)));
  EXPECT_EQ(must(other->list_workers()).at(0).info.lease_expires_at_us, expires_at_us);
}

TEST_P(LeaseConformance, AWorkerWithoutARecordCanNotRenew) {
  const model::WorkerId id = join();
  must(store().unregister_worker(id));
  EXPECT_FALSE(must(store().renew_lease(id, now_us() + 1)));
  EXPECT_FALSE(must(store().renew_lease(model::WorkerId{987'654}, now_us() + 1)));
  EXPECT_TRUE(must(store().list_workers()).empty());
}

TEST_P(LeaseConformance, AnIdIsNeverGivenTwice) {
  std::set<model::WorkerId> seen;
  for (int i = 0; i < 20; ++i) {
    const model::WorkerId id = join();
    EXPECT_NE(id, model::WorkerId{}) << "the default value means nobody";
    EXPECT_TRUE(seen.insert(id).second) << "a dead worker's claims would belong to a new one";
    if (i % 2 == 0) must(store().unregister_worker(id));
    if (i % 5 == 0) reopen();
  }
}

TEST_P(LeaseConformance, ThePredicateSeesEachClaimingWorkerAndDecides) {
  const Workflow workflow = put_wide(3);
  const model::TaskId id = create(workflow);
  const model::WorkerId alive = join(store(), "alive");
  const model::WorkerId dead = join(store(), "dead");
  const Claim kept = claim(alive, 1).at(0);
  const Claim lost = claim(dead, 1).at(0);
  const std::int64_t claimed_at_us = now_us();
  std::set<std::string> asked;
  const std::vector<LostClaim> claims = must(store().list_lost_claims(
      [&](const WorkerRecord& worker) {
        asked.insert(worker.info.name);
        EXPECT_EQ(worker.id, worker.info.name == "dead" ? dead : alive);
        EXPECT_EQ(worker.info.hostname, "host");
        return worker.info.name == "dead";
      },
      100));
  EXPECT_EQ(asked.count("dead"), 1U);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].step, lost.step);
  EXPECT_EQ(claims[0].worker, dead);
  EXPECT_EQ(claims[0].template_id, workflow.stored.id);
  EXPECT_EQ(claims[0].template_step, lost.template_step);
  EXPECT_EQ(claims[0].attempt, 1U);
  EXPECT_EQ(claims[0].claimed_at_us, claimed_at_us);
  EXPECT_EQ(step_state(id, kept.step.index), StepState::kInProgress);
}

TEST_P(LeaseConformance, ClaimsOfAWorkerWithoutARecordAreListedByItsIdAlone) {
  create(put_wide(2));
  const model::WorkerId gone = join();
  ASSERT_EQ(claim(gone).size(), 2U);
  must(store().unregister_worker(gone));
  const std::vector<LostClaim> claims = must(store().list_lost_claims(
      [&](const WorkerRecord& worker) {
        EXPECT_EQ(worker.id, gone);
        EXPECT_EQ(worker.info.name, "");
        EXPECT_EQ(worker.info.lease_expires_at_us, 0);
        return true;
      },
      100));
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].worker, gone);
}

TEST_P(LeaseConformance, OnlyRunningStepsAreLostClaims) {
  const Workflow workflow = put_wide(6);
  const model::TaskId id = create(workflow);
  const model::WorkerId worker = join();
  const std::vector<Claim> claims = claim(worker, 5);
  complete(success(workflow, claims[0], worker));
  release(release_of(claims[1], worker));
  complete(failure(claims[2], worker, StepState::kWaitingForRetry, now_us() + 1'000'000));
  complete(failure(claims[3], worker, StepState::kEnqueued));
  const std::vector<LostClaim> lost = must(store().list_lost_claims(every_worker, 100));
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].step, claims[4].step);
  must(store().cancel_task(task(id).header.uuid, tick()));
  EXPECT_TRUE(must(store().list_lost_claims(every_worker, 100)).empty());
}

TEST_P(LeaseConformance, NoMoreLostClaimsAreListedThanAskedFor) {
  create(put_wide(10));
  const model::WorkerId first = join();
  const model::WorkerId second = join();
  ASSERT_EQ(claim(first, 5).size(), 5U);
  ASSERT_EQ(claim(second, 5).size(), 5U);
  EXPECT_EQ(must(store().list_lost_claims(every_worker, 7)).size(), 7U);
  EXPECT_EQ(must(store().list_lost_claims(every_worker, 1)).size(), 1U);
  EXPECT_EQ(must(store().list_lost_claims(every_worker, 100)).size(), 10U);
  EXPECT_EQ(must(store().list_lost_claims(
                     [&](const WorkerRecord& worker) { return worker.id == second; }, 7))
                .size(),
            5U)
      << "claims of the living take no place in the list";
}

TEST_P(LeaseConformance, ALostClaimSettledOnceIsSettledForAll) {
  const Workflow workflow = put_chain();
  create(workflow);
  const std::unique_ptr<Store> other = open_another();
  const model::WorkerId dead = join();
  const Claim claimed = claim(dead).at(0);
  const Completion settled = failure(claimed, dead, StepState::kEnqueued);
  EXPECT_EQ(complete(settled).completions.at(0), CompletionOutcome::kRecorded);
  EXPECT_EQ(complete(*other, settled).completions.at(0), CompletionOutcome::kFenced)
      << "two workers saw the same lapse";
  EXPECT_EQ(claim(join()).at(0).attempt, 2U);
}

}  // namespace
}  // namespace tasker::store::conformance
