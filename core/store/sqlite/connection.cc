#include "core/store/sqlite/connection.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tasker::store::sqlite {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

void pause_us(std::int64_t duration_us) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  const timespec pause{duration_us / kSecondUs, static_cast<long>(duration_us % kSecondUs * 1'000)};
  nanosleep(&pause, nullptr);  // tidy: allow(sleep) another process's lock wakes nobody
}

namespace {

// SQLite's own handler starts at 1 ms and soon sleeps 100 ms; another process's commit takes a
// fraction of that.
int wait_for_lock(void* context, int calls) {
  constexpr std::int64_t kFirstUs = 100;
  constexpr std::int64_t kLongestUs = 5'000;
  constexpr int kDoublings = 6;
  const std::int64_t timeout_us = *static_cast<const std::uint32_t*>(context) * 1'000LL;
  const int ramp = std::min(calls, kDoublings);
  const std::int64_t waited_us =
      kFirstUs * ((1LL << ramp) - 1) + static_cast<std::int64_t>(calls - ramp) * kLongestUs;
  if (waited_us >= timeout_us) return 0;
  const std::int64_t sleep_us = calls < kDoublings ? kFirstUs << calls : kLongestUs;
  pause_us(sleep_us);
  return 1;
}

}  // namespace

Error map_error(int extended_code, int system_errno, std::string_view path, std::string_view doing,
                std::string_view detail) {
  const auto error = [&](ErrorCode code, std::string_view reason) {
    return Error{code, fmt::format("store {}: {} while {}", path, reason, doing), "store_path",
                 fmt::format("sqlite {} ({}){}", extended_code, detail,
                             system_errno ? fmt::format(", {}", std::strerror(system_errno))
                                          : std::string())};
  };
  // EFBIG: the process may not make the file larger (RLIMIT_FSIZE).
  const bool disk_full = system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return error(ErrorCode::kSTORE_FULL, "the disk is full");
    case SQLITE_IOERR:
      if (disk_full) return error(ErrorCode::kSTORE_FULL, "the disk is full");
      return error(ErrorCode::kSTORE_UNAVAILABLE, "reading or writing the file failed");
    case SQLITE_READONLY:
      return error(ErrorCode::kSTORE_READ_ONLY, "the file is read-only");
    case SQLITE_CORRUPT:
      return error(ErrorCode::kSTORE_CORRUPT, "the file is damaged");
    case SQLITE_NOTADB:
      return error(ErrorCode::kSTORE_CORRUPT, "the file is not an SQLite database");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(ErrorCode::kSTORE_UNAVAILABLE, "another process holds the lock");
    case SQLITE_CANTOPEN:
      if (disk_full) return error(ErrorCode::kSTORE_FULL, "the disk is full");
      if (system_errno == EROFS)
        return error(ErrorCode::kSTORE_READ_ONLY, "the file system is read-only");
      return error(ErrorCode::kSTORE_UNAVAILABLE, "the file cannot be opened");
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(ErrorCode::kSTORE_UNAVAILABLE, "access to the file is denied");
    case SQLITE_TOOBIG:
      return error(ErrorCode::kTOO_LARGE, "a text is too large for the store");
    default:
      return error(ErrorCode::kSTORE_FAILED, "a statement was refused");
  }
}

int Connection::last_system_errno() const {
  if (const int known = sqlite3_system_errno(handle_.get()); known != 0) return known;
  // A failed write to the write-ahead log leaves its reason with that file alone.
  sqlite3_file* log = nullptr;
  int reason = 0;
  if (sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) ==
          SQLITE_OK &&
      log != nullptr && log->pMethods != nullptr)
    (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &reason);
  return reason;
}

Error Connection::failure(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(handle_.get());
  const std::string detail = sqlite3_errmsg(handle_.get());
  return map_error(
      code,
      (code & 0xff) == SQLITE_IOERR ? last_system_errno() : sqlite3_system_errno(handle_.get()),
      path_, doing, detail);
}

Result<Connection> Connection::open(const std::string& path, Access access,
                                    std::uint32_t busy_timeout_ms) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::kReadWriteCreate:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case Access::kReadWrite:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Access::kReadOnly:
      flags |= SQLITE_OPEN_READONLY;
      break;
  }
  Connection connection(path);
  sqlite3* handle = nullptr;
  const ForkPause pause;
  if (auto checked = OpenFile::check(path); !checked) return base::fail(checked.error());
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  connection.handle_.reset(handle);
  if (code != SQLITE_OK) {
    const int system_errno = handle ? sqlite3_system_errno(handle) : 0;
    return base::fail(
        map_error(code, system_errno, path, "opening it", handle ? sqlite3_errmsg(handle) : ""));
  }
  connection.file_ = OpenFile(path);
  connection.busy_timeout_ms_ = std::make_unique<std::uint32_t>(busy_timeout_ms);
  sqlite3_busy_handler(handle, wait_for_lock, connection.busy_timeout_ms_.get());
  return connection;
}

Status Connection::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return base::fail(failure(fmt::format("running \"{}\"", base::shown(sql))));
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return base::fail(failure(fmt::format("preparing \"{}\"", base::shown(sql))));
  return Statement(statement);
}

Result<std::int64_t> Connection::scalar(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return base::fail(statement.error());
  switch (statement->step()) {
    case Row::kRow:
      return statement->integer(0);
    case Row::kDone:
      return 0;
    case Row::kFailed:
      break;
  }
  return base::fail(failure(fmt::format("running \"{}\"", base::shown(sql))));
}

base::Uuid Statement::uuid(int column) const {
  base::Uuid id;
  const void* data = sqlite3_column_blob(statement_.get(), column);
  if (data && sqlite3_column_bytes(statement_.get(), column) == static_cast<int>(id.bytes.size()))
    std::memcpy(id.bytes.data(), data, id.bytes.size());
  return id;
}

}  // namespace tasker::store::sqlite
