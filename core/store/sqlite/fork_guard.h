// What a fork of a process that has stores open needs from SQLite.
//
// SQLite keeps state for the whole process: locks that another thread may hold at the moment of the
// fork, and a list of open files that tells a child that it holds file locks which are its
// parent's. The first would make the child hang, the second would let it write to a file without
// a lock. So forks wait until no such lock is held, and a child may not open what its parent had
// open. One guard serves all copies of this library that share an SQLite.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>
#include <utility>

#include "core/base/result.h"

namespace tasker::store::sqlite {

/// A store file that a connection of this process has open.
struct OpenFileRecord {
  std::atomic<pid_t> pid{0};  ///< of the process that has opened it; 0: the record is free
  std::atomic<dev_t> device{0};
  std::atomic<ino_t> inode{0};
  OpenFileRecord* next = nullptr;
};

/// Holds forks off while it lives. Threads: one.
class ForkPause {
 public:
  ForkPause();
  ~ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;
};

/// Keeps the file of a connection on record. Threads: one at a time.
class OpenFile {
 public:
  OpenFile() = default;
  ~OpenFile() { close(); }
  OpenFile(OpenFile&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }

  /// FORKED when a process that this one was forked from had the file open then.
  static base::Status check(const std::string& path);
  /// Records the file, which exists. Throws bad_alloc.
  explicit OpenFile(const std::string& path);

 private:
  void close();

  OpenFileRecord* record_ = nullptr;
};

}  // namespace tasker::store::sqlite
