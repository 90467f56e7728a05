// A worker's executors: their rooms and channels, and what it does for attachments.
#include <string>

#include "core/worker/door_documents.h"
#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/call.h"
#include "doors/c/handle_table.h"
#include "doors/c/steps.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Status;

Status end_attachment(WorkerObject& object, worker::AttachmentId id, tasker_buffer* out_event_ids) {
  if (auto given = check_not_null(out_event_ids, "out_event_ids"); !given) return given;
  const std::string& token = object.core().attach_token();
  auto& attachments = HandleTable::here().attachments();
  const auto inside = [&](const AttachmentObject& one) {
    return one.is(token, id) && one.news().inside_callback();
  };
  if (attachments.any(inside))
    return fail(ErrorCode::kINVALID_STATE, "a wake-up may not end the attachment that calls it");
  const std::string held = worker::event_ids_json(object.core().end_attachment(id));
  // Its thread is gone, or finds it closed: nobody else frees its handle.
  const auto ended =
      attachments.remove_first([&](const AttachmentObject& one) { return one.is(token, id); });
  if (ended) ended->close();
  give(out_event_ids, held);
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::base::fail;
using tasker::base::Status;
using tasker::c::call;
using tasker::c::check_not_null;
using tasker::c::executor_argument;
using tasker::c::Use;

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_poll_executor_step_events(tasker_worker* worker, int32_t executor,
                                                      uint32_t max_events, uint32_t timeout_ms,
                                                      tasker_buffer* out_events,
                                                      tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) -> Status {
    const auto of = executor_argument(executor);
    if (!of) return fail(of.error());
    return tasker::c::poll_steps(*used, {*of, max_events, timeout_ms}, out_events);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_poll_executor_step_events_into(tasker_worker* worker, int32_t executor,
                                                           uint32_t max_events, char* buffer,
                                                           size_t capacity, size_t* out_size,
                                                           tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) -> Status {
    const auto of = executor_argument(executor);
    if (!of) return fail(of.error());
    return tasker::c::poll_steps_into(*used, {*of, max_events, 0}, {buffer, capacity, out_size});
  });
}

tasker_status tasker_worker_set_executor_room(tasker_worker* worker, int32_t executor,
                                              uint32_t places, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) -> Status {
    const auto of = executor_argument(executor);
    if (!of) return fail(of.error());
    return used->core().set_executor_room(*of, places);
  });
}

tasker_status tasker_worker_hand_back(tasker_worker* worker, const char* event_ids_json,
                                      size_t event_ids_bytes, uint32_t* out_handed_back,
                                      tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::hand_back(*used, event_ids_json, event_ids_bytes, out_handed_back);
  });
}

tasker_status tasker_worker_get_attach_token(tasker_worker* worker, tasker_buffer* out_token,
                                             tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) -> Status {
    if (auto given = check_not_null(out_token, "out_token"); !given) return given;
    tasker::c::give(out_token, used->core().attach_token());
    return {};
  });
}

tasker_status tasker_worker_end_attachment(tasker_worker* worker, uint32_t id,
                                           tasker_buffer* out_event_ids, tasker_error** out_error) {
  return call(worker, out_error,
              [&](const Use& used) { return tasker::c::end_attachment(*used, id, out_event_ids); });
}
