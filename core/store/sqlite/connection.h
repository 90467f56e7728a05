// One SQLite connection and its statements: opening, errors, binding and reading columns.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/uuid.h"
#include "core/store/sqlite/fork_guard.h"

namespace tasker::store::sqlite {

enum class Access { kReadWriteCreate, kReadWrite, kReadOnly };

class Statement;

/// Sleeps between two tries for a lock that another process holds.
void pause_us(std::int64_t duration_us);

/// Threads: one at a time.
class Connection {
 public:
  /// Waits for other processes' locks up to `busy_timeout_ms`. Errors are mapped by map_error;
  /// FORKED when a parent of this process had the file open at the fork.
  static base::Result<Connection> open(const std::string& path, Access access,
                                       std::uint32_t busy_timeout_ms);

  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;

  /// Runs statements that return nothing of interest.
  base::Status run(const char* sql);
  base::Result<Statement> prepare(std::string_view sql);
  /// First column of the first row as an integer; 0 if there is no row.
  base::Result<std::int64_t> scalar(const char* sql);

  std::int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  bool changed_a_row() const { return sqlite3_changes(handle_.get()) > 0; }
  int changes() const { return sqlite3_changes(handle_.get()); }
  bool read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  /// The last failure of this connection as an Error; `doing` says what was tried.
  base::Error failure(std::string_view doing) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  explicit Connection(std::string path) : path_(std::move(path)) {}
  int last_system_errno() const;

  std::string path_;
  std::unique_ptr<std::uint32_t> busy_timeout_ms_;  // its address is given to SQLite
  OpenFile file_;                                   // on record until the handle is closed
  std::unique_ptr<sqlite3, Close> handle_;
};

/// SQLite's result code to ours. The only place that knows both.
base::Error map_error(int extended_code, int system_errno, std::string_view path,
                      std::string_view doing, std::string_view detail);

enum class Row { kRow, kDone, kFailed };

/// A prepared statement. Text and blobs are borrowed until the next reset.
/// Threads: that of its connection.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), index, value);
    return *this;
  }
  Statement& bind(int index, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Statement& bind_null(int index) {
    sqlite3_bind_null(statement_.get(), index);
    return *this;
  }
  Statement& bind_or_null(int index, const std::optional<std::string>& text) {
    return text ? bind(index, std::string_view(*text)) : bind_null(index);
  }
  Statement& bind_unless_empty(int index, std::string_view text) {
    return text.empty() ? bind_null(index) : bind(index, text);
  }
  Statement& bind(int index, const base::Uuid& id) {
    return bind_blob(index, {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
  Statement& bind_blob(int index, std::string_view bytes) {
    sqlite3_bind_blob64(statement_.get(), index, bytes.data() ? bytes.data() : "", bytes.size(),
                        SQLITE_STATIC);
    return *this;
  }

  Row step() {
    const int code = sqlite3_step(statement_.get());
    return code == SQLITE_ROW ? Row::kRow : code == SQLITE_DONE ? Row::kDone : Row::kFailed;
  }
  void reset() { sqlite3_reset(statement_.get()); }
  /// Steps once and resets; for statements without rows. False: see Connection::failure.
  bool run() {
    const Row row = step();
    // Resetting reports the failure again, so that Connection::failure still finds it.
    reset();
    return row == Row::kDone;
  }

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return data
               ? std::string(
                     data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
               : std::string();
  }
  std::optional<std::string> text_or_null(int column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
  }
  std::string blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    return data
               ? std::string(
                     data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
               : std::string();
  }
  base::Uuid uuid(int column) const;
  bool is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement when its scope ends, so that no early return leaves a read transaction open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

}  // namespace tasker::store::sqlite
