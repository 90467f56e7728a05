// The one way into the library for every exported function that takes an error: nothing thrown gets
// past it, and a failure becomes a status and an error that the caller owns.
#pragma once

#include <exception>
#include <new>

#include "core/base/result.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// The status of a code: its number in contract/errors.def, negative.
inline tasker_status status_of(base::ErrorCode code) { return -static_cast<tasker_status>(code); }

/// Hands the error to the caller, if it wants it, and returns its status. When there is no memory
/// for it, the caller gets one that always exists.
tasker_status refuse(tasker_error** out_error, const base::Error& error) noexcept;
/// As refuse, for an allocation that failed.
tasker_status refuse_out_of_memory(tasker_error** out_error) noexcept;
/// As refuse, for an exception that should not have come this far.
tasker_status refuse_exception(tasker_error** out_error, const char* what) noexcept;

/// Runs the body of an exported function, which returns a base::Status.
template <class Body>
tasker_status guard(tasker_error** out_error, Body body) noexcept {
  try {
    const base::Status status = body();
    return status ? TASKER_OK : refuse(out_error, status.error());
  } catch (const std::bad_alloc&) {
    return refuse_out_of_memory(out_error);
  } catch (const std::exception& exception) {
    return refuse_exception(out_error, exception.what());
  } catch (...) {
    return refuse_exception(out_error, "an exception of an unknown type");
  }
}

/// Runs the body of an exported function that has no error to give: `fallback` stands for whatever
/// is thrown.
template <class Value, class Body>
Value guard_value(Value fallback, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return fallback;
  }
}

}  // namespace tasker::c
