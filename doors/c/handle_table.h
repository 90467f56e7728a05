// Handles of the C ABI: numbers that name objects of this process, each used once.
//
// A handle is a serial number with its kind in the lowest two bits; it is never an address. The
// table of a process begins where its parent's ended, so that a number tells whose it is.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

class AttachmentObject;
class WorkerObject;
struct ErrorObject;
class FlatWorker;
class ProcessLog;

/// The objects of one kind. Threads: any.
template <class Object>
class Handles {
 public:
  using Pointer = std::shared_ptr<Object>;

  void add(std::uint64_t handle, Pointer object) {
    base::Lock lock(mutex_);
    objects_.emplace(handle, std::move(object));
  }
  /// Null when there is none.
  Pointer find(std::uint64_t handle) const {
    base::Lock lock(mutex_);
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  template <class Which>
  bool any(Which which) const {
    base::Lock lock(mutex_);
    for (const auto& [handle, object] : objects_)
      if (which(*object)) return true;
    return false;
  }
  /// Takes the first for which `which` holds out of the table; null when there is none.
  template <class Which>
  Pointer remove_first(Which which) {
    base::Lock lock(mutex_);
    for (auto entry = objects_.begin(); entry != objects_.end(); ++entry) {
      if (!which(*entry->second)) continue;
      Pointer object = std::move(entry->second);
      objects_.erase(entry);
      return object;
    }
    return nullptr;
  }
  /// Takes it out of the table; null when there is none.
  Pointer remove(std::uint64_t handle) {
    base::Lock lock(mutex_);
    const auto found = objects_.find(handle);
    if (found == objects_.end()) return nullptr;
    Pointer object = std::move(found->second);
    objects_.erase(found);
    return object;
  }

 private:
  mutable base::Mutex mutex_;
  std::unordered_map<std::uint64_t, Pointer> objects_ TASKER_GUARDED_BY(mutex_);
};

/// All that the library keeps for a process. After a fork the child gets one of its own, and no
/// lock of its parent's is ever taken in it. Threads: any.
class HandleTable {
 public:
  /// The table of this process, made on first use. Throws bad_alloc.
  static HandleTable& here();

  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  tasker_worker* add(std::shared_ptr<WorkerObject> worker);
  /// INVALID_ARGUMENT for what never was a worker of this process, CLOSED, FORKED.
  base::Result<std::shared_ptr<WorkerObject>> find(const tasker_worker* worker) const;
  base::Result<std::shared_ptr<WorkerObject>> remove(const tasker_worker* worker);

  // As those of workers.
  tasker_attachment* add(std::shared_ptr<AttachmentObject> attachment);
  base::Result<std::shared_ptr<AttachmentObject>> find(const tasker_attachment* attachment) const;
  base::Result<std::shared_ptr<AttachmentObject>> remove(const tasker_attachment* attachment);
  Handles<AttachmentObject>& attachments() { return attachments_; }

  tasker_error* add(std::shared_ptr<ErrorObject> error);
  /// Null for what is no error of this process, or none any more.
  std::shared_ptr<ErrorObject> find(const tasker_error* error) const;
  base::Result<std::shared_ptr<ErrorObject>> remove(const tasker_error* error);

  /// The worker of the flat names.
  FlatWorker& flat() { return *flat_; }
  /// The logger of lines that belong to no worker.
  ProcessLog& log() { return *log_; }

 private:
  HandleTable(pid_t pid, const HandleTable* before);
  ~HandleTable();

  struct Kind;
  static const Kind kWorker;
  static const Kind kError;
  static const Kind kAttachment;

  std::uint64_t next_handle(const Kind& kind);
  base::Error why_missing(std::uint64_t handle, const Kind& kind) const;
  template <class Object>
  base::Result<std::shared_ptr<Object>> found(std::shared_ptr<Object> object, std::uint64_t handle,
                                              const Kind& kind) const;

  const pid_t pid_;
  const HandleTable* const before_;  // the parent process's: never read, kept reachable
  const std::uint64_t oldest_;       // first serial of the oldest ancestor
  const std::uint64_t first_;        // first serial of this process
  std::atomic<std::uint64_t> next_;
  Handles<WorkerObject> workers_;
  Handles<AttachmentObject> attachments_;
  Handles<ErrorObject> errors_;
  const std::unique_ptr<ProcessLog> log_;
  const std::unique_ptr<FlatWorker> flat_;
};

}  // namespace tasker::c
