#include "core/store/sqlite/schema.h"

#include <fmt/format.h>

#include "core/store/sqlite/migrations.h"

namespace tasker::store::sqlite {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

std::uint32_t newest_schema_version() { return static_cast<std::uint32_t>(kMigrations.size()); }

namespace {

// Inside one transaction: another process may be making the store at this moment.
Result<std::uint32_t> read_marks(Connection& connection, const std::string& path) {
  const auto version = connection.scalar("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto application = connection.scalar("PRAGMA application_id");
  if (!application) return fail(application.error());
  if (*application != kApplicationId) {
    const auto objects = connection.scalar("SELECT count(*) FROM sqlite_schema");
    if (!objects) return fail(objects.error());
    if (*objects == 0 && *version == 0 && *application == 0) return 0U;
    return fail(ErrorCode::kSTORE_CORRUPT,
                fmt::format("store {}: an SQLite database of another program (application id "
                            "{}, expected {})",
                            path, *application, kApplicationId),
                "store_path");
  }
  if (*version > static_cast<std::int64_t>(newest_schema_version()))
    return fail(ErrorCode::kSTORE_SCHEMA_NEWER,
                fmt::format("store {}: schema version {}, this version of Tasker knows up to "
                            "{}; use a newer Tasker",
                            path, *version, newest_schema_version()),
                "store_path");
  return static_cast<std::uint32_t>(*version);
}

}  // namespace

Result<std::uint32_t> read_schema_version(Connection& connection, const std::string& path) {
  if (connection.in_transaction()) return read_marks(connection, path);
  if (auto begun = connection.run("BEGIN"); !begun) return fail(begun.error());
  auto version = read_marks(connection, path);
  auto ended = connection.run("COMMIT");
  if (version && !ended) return fail(ended.error());
  return version;
}

namespace {

Status apply_next(Connection& connection, const std::string& path) {
  if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun) return begun;
  const auto version = read_schema_version(connection, path);
  if (!version) return fail(version.error());
  if (*version >= newest_schema_version()) return connection.run("COMMIT");
  if (auto applied = connection.run(kMigrations[*version]); !applied) return applied;
  const std::string mark = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                       kApplicationId, *version + 1);
  if (auto marked = connection.run(mark.c_str()); !marked) return marked;
  return connection.run("COMMIT");
}

}  // namespace

Status migrate(Connection& connection, const std::string& path) {
  for (;;) {
    const auto version = read_schema_version(connection, path);
    if (!version) return fail(version.error());
    if (*version == newest_schema_version()) return {};
    auto applied = apply_next(connection, path);
    if (!applied) {
      if (connection.in_transaction()) (void)connection.run("ROLLBACK");
      return applied;
    }
  }
}

}  // namespace tasker::store::sqlite
