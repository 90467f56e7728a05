// From what a caller asks for to what a store writes: the one place where a task is made, for
// workers and the command line alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/engine/compiled_template.h"
#include "core/store/records.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// Limits of a task request (contract, 2.8). Lengths are in characters (code points), sizes in
/// bytes.
struct TaskLimits {
  std::size_t name_length_max = 255;
  std::size_t namespace_length_max = 255;
  std::size_t version_length_max = 50;
  std::size_t context_bytes_max = 1U << 20;
  std::size_t options_bytes_max = 1U << 20;
  std::size_t initiator_length_max = 255;
  std::size_t source_system_length_max = 255;
  std::size_t reason_length_max = 500;
  std::size_t tags_bytes_max = 64U << 10;
  std::size_t idempotency_key_length_max = 255;
  std::int32_t priority_min = -100;
  std::int32_t priority_max = 100;
};

/// Checks every member of `request` against `limits`. INVALID_ARGUMENT, INVALID_JSON or TOO_LARGE
/// with the member's contract name, such as `idempotency_key`, as the error's field.
base::Status check_task_request(const TaskRequest& request, const TaskLimits& limits = {});

/// The task that `request` asks for, of the template that it names.
///
/// Its context is the request's laid over the template's default context, its options likewise over
/// the template's `default_options`. Ids come from `random`, the task's own also from `now_us`
/// (microseconds since 1970-01-01 UTC). Errors: those of check_task_request.
base::Result<store::NewTask> make_task(const TaskRequest& request,
                                       const engine::CompiledTemplate& compiled,
                                       std::int64_t now_us, base::Random& random);

}  // namespace tasker::worker
