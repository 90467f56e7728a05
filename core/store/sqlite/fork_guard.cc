#include "core/store/sqlite/fork_guard.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace tasker::store::sqlite {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

// Grows with any change to OpenFileRecord or Guard: copies of this library meet under this name.
constexpr const char* kGuardName = "tasker-fork-guard-1";
// Held while a file is opened and put on record.
constexpr int kOpeningMutex = SQLITE_MUTEX_STATIC_APP1;
constexpr int kFirstMutex = SQLITE_MUTEX_STATIC_MAIN;
constexpr int kLastMutex = SQLITE_MUTEX_STATIC_VFS3;
// A lock that is not free for so long belongs to somebody who waits for the disk; the fork goes on
// then, and the child is on its own.
constexpr int kTriesMax = 100'000;

/// Registered with SQLite as a file system that nobody uses, so that every copy of this library
/// finds the same one. Lives as long as the process.
struct Guard {
  sqlite3_vfs vfs{};
  std::atomic<OpenFileRecord*> records{nullptr};
  std::atomic<bool> is_held{false};  // by the thread that forks
};

Guard* find_guard() {
  sqlite3_vfs* const found = sqlite3_vfs_find(kGuardName);
  return found ? static_cast<Guard*>(found->pAppData) : nullptr;
}

constinit std::atomic<Guard*> installed = nullptr;

bool try_all() {
  for (int id = kFirstMutex; id <= kLastMutex; ++id) {
    if (sqlite3_mutex_try(sqlite3_mutex_alloc(id)) == SQLITE_OK) continue;
    while (--id >= kFirstMutex) sqlite3_mutex_leave(sqlite3_mutex_alloc(id));
    return false;
  }
  return true;
}

// Taken by trying, since other threads take several in orders of their own.
void before_fork() {
  bool is_held = false;
  for (int i = 0; i < kTriesMax && !(is_held = try_all()); ++i) (void)sched_yield();
  installed.load()->is_held = is_held;
}

void after_fork() {
  if (!installed.load()->is_held.exchange(false)) return;
  for (int id = kLastMutex; id >= kFirstMutex; --id) sqlite3_mutex_leave(sqlite3_mutex_alloc(id));
}

Guard& guard() {
  if (Guard* const known = installed) return *known;
  // Between the look and the registration no other thread or copy gets in.
  sqlite3_mutex* const opening = sqlite3_mutex_alloc(kOpeningMutex);
  struct Leave {
    sqlite3_mutex* mutex;
    ~Leave() { sqlite3_mutex_leave(mutex); }
  };
  auto fresh = std::make_unique<Guard>();
  sqlite3_mutex_enter(opening);
  const Leave leave{opening};
  if (Guard* const found = find_guard()) {
    installed = found;
    return *found;
  }
  if (const sqlite3_vfs* const usual = sqlite3_vfs_find(nullptr)) fresh->vfs = *usual;
  fresh->vfs.zName = kGuardName;
  fresh->vfs.pNext = nullptr;
  fresh->vfs.pAppData = fresh.get();
  (void)sqlite3_vfs_register(&fresh->vfs, 0);
  installed = fresh.get();
  (void)pthread_atfork(before_fork, after_fork, after_fork);
  return *fresh.release();
}

OpenFileRecord* free_record(Guard& of) {
  for (OpenFileRecord* record = of.records; record; record = record->next) {
    pid_t nobody = 0;
    if (record->pid.compare_exchange_strong(nobody, -1)) return record;
  }
  auto* const record = new OpenFileRecord;
  record->pid = -1;
  record->next = of.records;
  while (!of.records.compare_exchange_weak(record->next, record)) {
  }
  return record;
}

}  // namespace

ForkPause::ForkPause() {
  (void)guard();
  sqlite3_mutex_enter(sqlite3_mutex_alloc(kOpeningMutex));
}

ForkPause::~ForkPause() { sqlite3_mutex_leave(sqlite3_mutex_alloc(kOpeningMutex)); }

Status OpenFile::check(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return {};
  const pid_t own = getpid();
  for (const OpenFileRecord* record = guard().records; record; record = record->next) {
    const pid_t pid = record->pid;
    if (pid > 0 && pid != own && record->device == file.st_dev && record->inode == file.st_ino)
      return fail(ErrorCode::kFORKED,
                  fmt::format("store {} is open in process {}, which this one was forked from; "
                              "expected another file, or an exec after the fork",
                              path, pid),
                  "store_path");
  }
  return {};
}

OpenFile::OpenFile(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return;
  record_ = free_record(guard());
  record_->device = file.st_dev;
  record_->inode = file.st_ino;
  record_->pid = getpid();
}

void OpenFile::close() {
  OpenFileRecord* const record = std::exchange(record_, nullptr);
  if (record && record->pid == getpid()) record->pid = 0;
}

}  // namespace tasker::store::sqlite
