// What a worker says of itself.
#include <string>

#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::fail;
using base::Status;

Status give_document(const tasker_worker* worker, tasker_buffer* out, const char* name,
                     std::string (worker::Worker::*make)() const) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out, name); !given) return given;
  give(out, ((*used)->core().*make)());
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::c::guard;
using tasker::worker::Worker;

tasker_status tasker_worker_get_status(tasker_worker* worker, tasker_buffer* out_status,
                                       tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::give_document(worker, out_status, "out_status", &Worker::status_json);
  });
}

tasker_status tasker_worker_get_metrics(tasker_worker* worker, tasker_buffer* out_metrics,
                                        tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::give_document(worker, out_metrics, "out_metrics", &Worker::metrics_json);
  });
}

tasker_status tasker_worker_get_dispatch_metrics(tasker_worker* worker, tasker_buffer* out_metrics,
                                                 tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::give_document(worker, out_metrics, "out_metrics",
                                    &Worker::dispatch_metrics_json);
  });
}

tasker_status tasker_worker_check_starvation_warnings(tasker_worker* worker,
                                                      tasker_error** out_error) {
  return guard(out_error, [&]() -> tasker::base::Status {
    auto used = tasker::c::use(worker);
    if (!used) return tasker::base::fail(used.error());
    (*used)->core().check_starvation_warnings();
    return {};
  });
}
