#include "doors/c/handle_table.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/process_id.h"
#include "core/base/random.h"
#include "doors/c/attachment_object.h"
#include "doors/c/error_object.h"
#include "doors/c/flat_worker.h"
#include "doors/c/process_log.h"
#include "doors/c/worker_object.h"

namespace tasker::c {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constinit std::atomic<HandleTable*> current = nullptr;

// Where the numbers of a process begin: anywhere, so that a handle of another copy of the library
// in the same process is not taken for one of this copy's. Leaves room for 2^50 more below 2^53.
std::uint64_t random_start() {
  base::Random random = base::Random::from_system();
  return (1 + random.below(1U << 30)) << 20U;
}

constexpr std::uint64_t kKinds = 4;

template <class Handle>
std::uint64_t number_of(const Handle* handle) {
  return reinterpret_cast<std::uintptr_t>(handle);
}

template <class Handle>
Handle* handle_of(std::uint64_t number) {
  return reinterpret_cast<Handle*>(static_cast<std::uintptr_t>(number));
}

}  // namespace

/// One for each type of handle.
struct HandleTable::Kind {
  std::uint64_t number;  // below kKinds
  const char* name;      // of the parameter too
};

HandleTable& HandleTable::here() {
  const pid_t pid = base::process_id();
  for (;;) {
    HandleTable* table = current.load();
    if (table && table->pid_ == pid) return *table;
    auto* fresh = new HandleTable(pid, table);
    if (current.compare_exchange_strong(table, fresh)) return *fresh;
    delete fresh;
  }
}

HandleTable::HandleTable(pid_t pid, const HandleTable* before)
    : pid_(pid),
      before_(before),
      oldest_(before ? before->oldest_ : random_start()),
      first_(before ? before->next_.load() : oldest_),
      next_(first_),
      log_(std::make_unique<ProcessLog>()),
      flat_(std::make_unique<FlatWorker>()) {}

HandleTable::~HandleTable() = default;

constexpr HandleTable::Kind HandleTable::kWorker{0, "worker"};
constexpr HandleTable::Kind HandleTable::kError{1, "error"};
constexpr HandleTable::Kind HandleTable::kAttachment{2, "attachment"};

std::uint64_t HandleTable::next_handle(const Kind& kind) {
  return next_.fetch_add(1) * kKinds + kind.number;
}

Error HandleTable::why_missing(std::uint64_t handle, const Kind& kind) const {
  const std::uint64_t serial = handle / kKinds;
  if (handle == 0)
    return {ErrorCode::kINVALID_ARGUMENT, fmt::format("{0} is NULL; expected one", kind.name),
            kind.name};
  if (handle % kKinds != kind.number || serial < oldest_ || serial >= next_.load())
    return {ErrorCode::kINVALID_ARGUMENT,
            fmt::format("{0} is {1:#x}, which is no {0} of this process", kind.name, handle),
            kind.name};
  if (serial < first_)
    return {ErrorCode::kFORKED,
            fmt::format("{} {:#x} belongs to the process that this one was forked from", kind.name,
                        handle),
            kind.name};
  return {ErrorCode::kCLOSED, fmt::format("the {} is closed", kind.name), kind.name};
}

template <class Object>
Result<std::shared_ptr<Object>> HandleTable::found(std::shared_ptr<Object> object,
                                                   std::uint64_t handle, const Kind& kind) const {
  if (!object) return fail(why_missing(handle, kind));
  return object;
}

tasker_worker* HandleTable::add(std::shared_ptr<WorkerObject> worker) {
  const std::uint64_t handle = next_handle(kWorker);
  workers_.add(handle, std::move(worker));
  return handle_of<tasker_worker>(handle);
}

Result<std::shared_ptr<WorkerObject>> HandleTable::find(const tasker_worker* worker) const {
  return found(workers_.find(number_of(worker)), number_of(worker), kWorker);
}

Result<std::shared_ptr<WorkerObject>> HandleTable::remove(const tasker_worker* worker) {
  return found(workers_.remove(number_of(worker)), number_of(worker), kWorker);
}

tasker_attachment* HandleTable::add(std::shared_ptr<AttachmentObject> attachment) {
  const std::uint64_t handle = next_handle(kAttachment);
  attachments_.add(handle, std::move(attachment));
  return handle_of<tasker_attachment>(handle);
}

Result<std::shared_ptr<AttachmentObject>> HandleTable::find(
    const tasker_attachment* attachment) const {
  return found(attachments_.find(number_of(attachment)), number_of(attachment), kAttachment);
}

Result<std::shared_ptr<AttachmentObject>> HandleTable::remove(const tasker_attachment* attachment) {
  return found(attachments_.remove(number_of(attachment)), number_of(attachment), kAttachment);
}

tasker_error* HandleTable::add(std::shared_ptr<ErrorObject> error) {
  const std::uint64_t handle = next_handle(kError);
  errors_.add(handle, std::move(error));
  return handle_of<tasker_error>(handle);
}

std::shared_ptr<ErrorObject> HandleTable::find(const tasker_error* error) const {
  return errors_.find(number_of(error));
}

Result<std::shared_ptr<ErrorObject>> HandleTable::remove(const tasker_error* error) {
  return found(errors_.remove(number_of(error)), number_of(error), kError);
}

}  // namespace tasker::c
