// The store of a command: opened as the command needs it, tasks found by their ids.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/cli/commands.h"
#include "core/store/sqlite/sqlite_store.h"
#include "core/store/store.h"

namespace tasker::cli {

/// Opens the store named in `context`. A missing file, or one that can be no store, is
/// STORE_UNAVAILABLE here, whose exit code tells it from a missing task and from wrong input.
/// Integrity is not checked: that is `store check`'s work, and a command on a large store should
/// not wait for it.
base::Result<std::unique_ptr<store::Store>> open_store(const Context& context,
                                                       store::sqlite::OpenMode mode);

/// The task that `text` names: a UUID, or at least 6 characters with which the UUID of exactly one
/// of the newest 10 000 tasks begins or ends. INVALID_ARGUMENT when it is neither or names
/// several; NOT_FOUND.
base::Result<base::Uuid> find_task_uuid(store::Reader& reader, std::string_view text);

/// Whether a worker's lease on this store has not lapsed yet.
base::Result<bool> has_live_worker(store::Reader& reader, std::int64_t now_us);

}  // namespace tasker::cli
