#include "core/worker/configured_worker.h"

#include <utility>

#include "core/base/clock.h"
#include "core/store/sqlite/sqlite_store.h"

namespace tasker::worker {

base::Result<std::unique_ptr<Worker>> open_configured_worker(config::Config config,
                                                             std::shared_ptr<base::Logger> logger) {
  store::sqlite::Options options;
  options.path = config.store_path;
  options.durability = config.durability == "normal" ? store::sqlite::Durability::kNormal
                                                     : store::sqlite::Durability::kFull;
  auto store = store::sqlite::open(options, logger);
  if (!store) return base::fail(store.error());
  return Worker::open(std::move(config), std::move(*store), std::move(logger),
                      std::make_shared<base::SystemClock>());
}

}  // namespace tasker::worker
