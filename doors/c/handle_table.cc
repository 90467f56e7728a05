#include "doors/c/handle_table.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/process_id.h"
#include "core/base/random.h"
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

constexpr std::uint64_t kWorkerKind = 0;
constexpr std::uint64_t kErrorKind = 1;

constinit std::atomic<HandleTable*> current = nullptr;

// Where the numbers of a process begin: anywhere, so that a handle of another copy of the library
// in the same process is not taken for one of this copy's. Leaves room for 2^51 more below 2^53.
std::uint64_t random_start() {
  base::Random random = base::Random::from_system();
  return (1 + random.below(1U << 30)) << 20U;
}

template <class Handle>
std::uint64_t number_of(const Handle* handle) {
  return reinterpret_cast<std::uintptr_t>(handle);
}

template <class Handle>
Handle* handle_of(std::uint64_t number) {
  return reinterpret_cast<Handle*>(static_cast<std::uintptr_t>(number));
}

}  // namespace

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

std::uint64_t HandleTable::next_handle(std::uint64_t kind) { return next_.fetch_add(1) * 2 + kind; }

Error HandleTable::why_missing(std::uint64_t handle, std::uint64_t kind,
                               const char* parameter) const {
  const std::uint64_t serial = handle / 2;
  const char* what = kind == kWorkerKind ? "worker" : "error";
  if (handle == 0)
    return {ErrorCode::kINVALID_ARGUMENT, fmt::format("{} is NULL; expected a {}", parameter, what),
            parameter};
  if (handle % 2 != kind || serial < oldest_ || serial >= next_.load())
    return {ErrorCode::kINVALID_ARGUMENT,
            fmt::format("{} is {:#x}, which is no {} of this process", parameter, handle, what),
            parameter};
  if (serial < first_)
    return {ErrorCode::kFORKED,
            fmt::format("{} {:#x} belongs to the process that this one was forked from", parameter,
                        handle),
            parameter};
  return {ErrorCode::kCLOSED, fmt::format("the {} is closed", what), parameter};
}

tasker_worker* HandleTable::add(std::shared_ptr<WorkerObject> worker) {
  const std::uint64_t handle = next_handle(kWorkerKind);
  workers_.add(handle, std::move(worker));
  return handle_of<tasker_worker>(handle);
}

Result<std::shared_ptr<WorkerObject>> HandleTable::find(const tasker_worker* worker) const {
  auto object = workers_.find(number_of(worker));
  if (!object) return fail(why_missing(number_of(worker), kWorkerKind, "worker"));
  return object;
}

Result<std::shared_ptr<WorkerObject>> HandleTable::remove(const tasker_worker* worker) {
  auto object = workers_.remove(number_of(worker));
  if (!object) return fail(why_missing(number_of(worker), kWorkerKind, "worker"));
  return object;
}

tasker_error* HandleTable::add(std::shared_ptr<ErrorObject> error) {
  const std::uint64_t handle = next_handle(kErrorKind);
  errors_.add(handle, std::move(error));
  return handle_of<tasker_error>(handle);
}

std::shared_ptr<ErrorObject> HandleTable::find(const tasker_error* error) const {
  return errors_.find(number_of(error));
}

Result<std::shared_ptr<ErrorObject>> HandleTable::remove(const tasker_error* error) {
  auto object = errors_.remove(number_of(error));
  if (!object) return fail(why_missing(number_of(error), kErrorKind, "error"));
  return object;
}

}  // namespace tasker::c
