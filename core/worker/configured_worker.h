// A worker from a configuration text: the store that it names opened, the worker registered in it.
#pragma once

#include <memory>

#include "core/base/logger.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// Opens the store of `config` and a worker in it. Blocks while the file is opened, migrated and
/// checked. The store's errors, and Worker::open's.
base::Result<std::unique_ptr<Worker>> open_configured_worker(config::Config config,
                                                             std::shared_ptr<base::Logger> logger);

}  // namespace tasker::worker
