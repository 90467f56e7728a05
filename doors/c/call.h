// The body of an exported function that takes a handle: runs with the object in use.
#pragma once

#include "core/base/result.h"
#include "doors/c/attachment_object.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {

/// Runs `body`, which returns a base::Status, with what use(handle) gives.
template <class Handle, class Body>
tasker_status call(const Handle* handle, tasker_error** out_error, Body body) noexcept {
  return guard(out_error, [&]() -> base::Status {
    const auto used = use(handle);
    if (!used) return base::fail(used.error());
    return body(*used);
  });
}

}  // namespace tasker::c
