// The store file's own format: recognising it, migrating it, refusing what is newer or foreign.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/store/sqlite/connection.h"

namespace tasker::store::sqlite {

/// Written into the file header, so that `file` and we know a Tasker store.
inline constexpr std::int64_t kApplicationId = 0x5461736b;  // "Task"

/// The schema version that this build writes.
std::uint32_t newest_schema_version();

/// What the file is, before anything is changed. STORE_CORRUPT for a database that is not a Tasker
/// store, STORE_SCHEMA_NEWER for one of a newer version.
/// @return its schema version; 0 for an empty file
base::Result<std::uint32_t> read_schema_version(Connection& connection, const std::string& path);

/// Brings the file to the newest version, one transaction a migration. Several processes may do so
/// at once: each version is applied by one of them.
base::Status migrate(Connection& connection, const std::string& path);

}  // namespace tasker::store::sqlite
