#include "core/worker/lease_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/engine/outcome.h"
#include "core/worker/process_identity.h"

namespace tasker::worker {

using base::fail;
using base::LogLevel;
using base::Result;

namespace {

constexpr std::uint32_t kLostClaimsPerSweep = 4'096;

}  // namespace

Result<model::WorkerId> LeaseKeeper::acquire(store::Store& store) {
  store::WorkerInfo info;
  info.name = worker_name_;
  info.hostname = host_name();
  info.pid = getpid();
  info.process_identity = own_process_identity();
  info.started_at_us = clock_.wall_us();
  info.lease_expires_at_us = info.started_at_us + ttl_us_;
  return store.register_worker(info);
}

Result<bool> LeaseKeeper::renew(store::Store& store, model::WorkerId own) {
  return store.renew_lease(own, clock_.wall_us() + ttl_us_);
}

bool LeaseKeeper::is_lost(const store::WorkerRecord& worker, model::WorkerId own) const {
  if (worker.id == own) return false;
  return worker.info.lease_expires_at_us < clock_.wall_us() ||
         is_process_gone(worker.info.process_identity);
}

Result<std::vector<PendingCompletion>> LeaseKeeper::sweep(store::Store& store,
                                                          model::WorkerId own) {
  std::vector<PendingCompletion> ends;
  auto workers = store.list_workers();
  if (!workers) return fail(workers.error());
  std::erase_if(*workers, [&](const auto& worker) { return !is_lost(worker, own); });
  // Claims without a worker record are possible only where a process ended half-way: looked for
  // once.
  if (workers->empty() && std::exchange(swept_once_, true)) return ends;

  auto claims = store.list_lost_claims(
      [&](const store::WorkerRecord& worker) { return is_lost(worker, own); }, kLostClaimsPerSweep);
  if (!claims) return fail(claims.error());
  for (const store::LostClaim& lost : *claims) {
    auto compiled = templates_.by_id(lost.template_id, store);
    if (!compiled) return fail(compiled.error());
    PendingCompletion& end = ends.emplace_back();
    end.completion = engine::decide_lost_claim(**compiled, lost, clock_.wall_us());
    end.cause = EndCause::kWorkerLost;
  }
  if (!ends.empty())
    logger_.log(LogLevel::kWarn, "worker", "claims of lost workers are given back",
                {{"claims", static_cast<std::int64_t>(ends.size())}});
  if (ends.size() == kLostClaimsPerSweep) return ends;  // more are left: the records have to stay
  for (const store::WorkerRecord& worker : *workers) {
    logger_.log(LogLevel::kWarn, "worker", "a lost worker is removed",
                {{"worker_id", std::string_view(worker.info.name)}, {"pid", worker.info.pid}});
    if (auto removed = store.unregister_worker(worker.id); !removed) return fail(removed.error());
  }
  return ends;
}

}  // namespace tasker::worker
