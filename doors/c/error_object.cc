#include "doors/c/error_object.h"

#include <memory>

#include "doors/c/guard.h"
#include "doors/c/handle_table.h"

namespace tasker::c {

namespace {

// Below every number of a table. There is always one, for when there is no memory for another.
constexpr std::uintptr_t kOutOfMemory = 1;
constexpr const char* kOutOfMemoryMessage = "out of memory";
constexpr const char* kOutOfMemoryJson =
    R"({"code":"TOO_LARGE","message":"out of memory","retryable":false})";

bool is_out_of_memory(const tasker_error* error) {
  return reinterpret_cast<std::uintptr_t>(error) == kOutOfMemory;
}

std::shared_ptr<ErrorObject> find(const tasker_error* error) {
  return guard_value(std::shared_ptr<ErrorObject>(),
                     [&] { return HandleTable::here().find(error); });
}

}  // namespace

tasker_status refuse_out_of_memory(tasker_error** out_error) noexcept {
  if (out_error) *out_error = reinterpret_cast<tasker_error*>(kOutOfMemory);
  return TASKER_ERR_TOO_LARGE;
}

tasker_status refuse(tasker_error** out_error, const base::Error& error) noexcept {
  if (!out_error) return status_of(error.code);
  try {
    *out_error = HandleTable::here().add(std::make_shared<ErrorObject>(error));
    return status_of(error.code);
  } catch (...) {
    return refuse_out_of_memory(out_error);
  }
}

tasker_status refuse_exception(tasker_error** out_error, const char* what) noexcept {
  try {
    return refuse(out_error, base::Error{base::ErrorCode::kINTERNAL, what});
  } catch (...) {
    return refuse_out_of_memory(out_error);
  }
}

}  // namespace tasker::c

using tasker::c::HandleTable;

tasker_status tasker_error_status(const tasker_error* error) {
  if (tasker::c::is_out_of_memory(error)) return TASKER_ERR_TOO_LARGE;
  const auto object = tasker::c::find(error);
  return object ? tasker::c::status_of(object->code) : TASKER_ERR_INVALID_ARGUMENT;
}

const char* tasker_error_message(const tasker_error* error) {
  if (tasker::c::is_out_of_memory(error)) return tasker::c::kOutOfMemoryMessage;
  const auto object = tasker::c::find(error);
  return object ? object->message.c_str() : "";
}

const char* tasker_error_field(const tasker_error* error) {
  const auto object = tasker::c::find(error);
  return object ? object->field.c_str() : "";
}

const char* tasker_error_json(const tasker_error* error) {
  if (tasker::c::is_out_of_memory(error)) return tasker::c::kOutOfMemoryJson;
  const auto object = tasker::c::find(error);
  return object ? object->json.c_str() : "";
}

uint8_t tasker_error_retryable(const tasker_error* error) {
  const auto object = tasker::c::find(error);
  return object && tasker::base::code_retryable(object->code) ? 1 : 0;
}

tasker_status tasker_error_destroy(tasker_error* error) {
  if (!error || tasker::c::is_out_of_memory(error)) return TASKER_OK;
  return tasker::c::guard(nullptr, [&]() -> tasker::base::Status {
    const auto removed = HandleTable::here().remove(error);
    if (!removed) return tasker::base::fail(removed.error());
    return {};
  });
}
