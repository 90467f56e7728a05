// This worker's lease, and the claims of workers whose lease lapsed or whose process is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/logger.h"
#include "core/base/result.h"
#include "core/store/store.h"
#include "core/worker/store_writer.h"
#include "core/worker/template_cache.h"

namespace tasker::worker {

/// Threads: the store writer's (all members are called from its controls).
class LeaseKeeper {
 public:
  LeaseKeeper(std::string worker_name, std::uint32_t lease_ttl_ms, TemplateCache& templates,
              base::Logger& logger, const base::Clock& clock)
      : worker_name_(std::move(worker_name)),
        ttl_us_(std::int64_t{lease_ttl_ms} * 1'000),
        templates_(templates),
        logger_(logger),
        clock_(clock) {}

  /// A new record with a new id.
  base::Result<model::WorkerId> acquire(store::Store& store);
  /// False: others have taken the steps; acquire again.
  base::Result<bool> renew(store::Store& store, model::WorkerId own);

  /// The ends of claims whose workers are gone: claimable again, or failed after the last attempt.
  /// Removes the records of workers that hold nothing more.
  base::Result<std::vector<PendingCompletion>> sweep(store::Store& store, model::WorkerId own);

 private:
  bool is_lost(const store::WorkerRecord& worker, model::WorkerId own) const;

  const std::string worker_name_;
  const std::int64_t ttl_us_;
  TemplateCache& templates_;
  base::Logger& logger_;
  const base::Clock& clock_;
  bool swept_once_ = false;
};

}  // namespace tasker::worker
