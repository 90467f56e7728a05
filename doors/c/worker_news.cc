// News without polling, and the queues besides step events.
#include <string>
#include <vector>

#include "core/worker/json_writer.h"
#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/call.h"
#include "doors/c/steps.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::Status;

Status poll_domain_events(WorkerObject& object, std::uint32_t max, tasker_buffer* out) {
  if (auto fits = check_range(max, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  std::vector<std::string> events;
  object.core().poll_domain_events(max, events);
  object.news().settle();
  *out = TASKER_BUFFER_INIT;
  if (events.empty()) return {};
  std::string text;
  worker::append_json_array(text, events, [&](const std::string& event) { text += event; });
  give(out, text);
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::base::Status;
using tasker::c::call;
using tasker::c::Use;

tasker_status tasker_worker_set_wakeup(tasker_worker* worker, tasker_wakeup_callback on_wakeup,
                                       void* user_data, tasker_finalizer finalizer,
                                       tasker_error** out_error) {
  // Outside of the call proper, so that the finalizer, of this one on failure and of the last one
  // on success, runs when the worker is not in use any more.
  tasker::c::Wakeup wakeup{on_wakeup, {user_data, finalizer}};
  return call(worker, out_error,
              [&](const Use& used) { return tasker::c::set_wakeup(*used, wakeup); });
}

tasker_status tasker_worker_event_fd(tasker_worker* worker, int32_t* out_fd,
                                     tasker_error** out_error) {
  return call(worker, out_error,
              [&](const Use& used) { return tasker::c::event_descriptor(*used, out_fd); });
}

tasker_status tasker_worker_wait(tasker_worker* worker, uint32_t timeout_ms,
                                 tasker_error** out_error) {
  return call(worker, out_error,
              [&](const Use& used) { return tasker::c::wait_for_news(*used, timeout_ms); });
}

tasker_status tasker_worker_poll_replies(tasker_worker* worker, uint32_t max_replies,
                                         tasker_buffer* out_replies, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::poll_replies(*used, max_replies, out_replies);
  });
}

tasker_status tasker_worker_poll_notices(tasker_worker* worker, uint32_t max_notices,
                                         tasker_buffer* out_notices, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::poll_notices(*used, max_notices, out_notices);
  });
}

tasker_status tasker_worker_keep_domain_events(tasker_worker* worker, tasker_error** out_error) {
  return call(worker, out_error, [](const Use& used) -> Status {
    used->core().keep_domain_events();
    return {};
  });
}

tasker_status tasker_worker_poll_domain_events(tasker_worker* worker, uint32_t max_events,
                                               tasker_buffer* out_events,
                                               tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::poll_domain_events(*used, max_events, out_events);
  });
}
