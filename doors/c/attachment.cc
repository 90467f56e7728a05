// Attachments: how any thread of the process takes and settles the steps of one executor.
#include <memory>
#include <string>
#include <utility>

#include "doors/c/arguments.h"
#include "doors/c/attachment_object.h"
#include "doors/c/call.h"
#include "doors/c/handle_table.h"
#include "doors/c/steps.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Status;

Status attach(const char* token, std::size_t token_bytes, std::int32_t executor, const char* name,
              std::size_t name_bytes, tasker_attachment** out_attachment) {
  const auto token_text = required_text(token, token_bytes, "token");
  if (!token_text) return fail(token_text.error());
  const auto takes = executor_argument(executor);
  if (!takes) return fail(takes.error());
  const auto name_text = required_text(name, name_bytes, "name");
  if (!name_text) return fail(name_text.error());
  if (auto given = check_not_null(out_attachment, "out_attachment"); !given) return given;
  auto object = AttachmentObject::attach(*token_text, *takes, std::string(*name_text));
  if (!object) return fail(object.error());
  *out_attachment = HandleTable::here().add(std::move(*object));
  return {};
}

Status detach(tasker_attachment* attachment) {
  if (!attachment) return {};
  HandleTable& table = HandleTable::here();
  const auto object = table.find(attachment);
  if (!object) return fail(object.error());
  if ((*object)->news().inside_callback())
    return fail(ErrorCode::kINVALID_STATE, "a wake-up may not detach the attachment that calls it");
  auto removed = table.remove(attachment);
  if (!removed) return fail(removed.error());
  (*removed)->close();
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::base::Status;
using tasker::c::AttachmentUse;
using tasker::c::call;
using tasker::c::guard;

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_attachment_attach(const char* token, size_t token_bytes, int32_t executor,
                                       const char* name, size_t name_bytes,
                                       tasker_attachment** out_attachment,
                                       tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::attach(token, token_bytes, executor, name, name_bytes, out_attachment);
  });
}

tasker_status tasker_attachment_detach(tasker_attachment* attachment, tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::detach(attachment); });
}

tasker_status tasker_attachment_get_id(tasker_attachment* attachment, uint32_t* out_id,
                                       tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) -> Status {
    if (auto given = tasker::c::check_not_null(out_id, "out_id"); !given) return given;
    *out_id = used->id();
    return {};
  });
}

tasker_status tasker_attachment_poll_step_events(tasker_attachment* attachment, uint32_t max_events,
                                                 uint32_t timeout_ms, tasker_buffer* out_events,
                                                 tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::poll_steps(*used, {used->executor(), max_events, timeout_ms}, out_events);
  });
}

tasker_status tasker_attachment_poll_step_events_into(tasker_attachment* attachment,
                                                      uint32_t max_events, char* buffer,
                                                      size_t capacity, size_t* out_size,
                                                      tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::poll_steps_into(*used, {used->executor(), max_events, 0},
                                      {buffer, capacity, out_size});
  });
}

tasker_status tasker_attachment_complete_step_event(tasker_attachment* attachment,
                                                    const char* event_id, size_t event_id_bytes,
                                                    const char* result_json, size_t result_bytes,
                                                    tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::complete_one(*used, {event_id, event_id_bytes, result_json, result_bytes});
  });
}

tasker_status tasker_attachment_complete_step_events(tasker_attachment* attachment,
                                                     const tasker_completion* completions,
                                                     size_t count, tasker_status* out_statuses,
                                                     tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::complete_all(*used, completions, count, out_statuses);
  });
}

tasker_status tasker_attachment_complete_step_events_json(tasker_attachment* attachment,
                                                          const char* completions_json,
                                                          size_t completions_bytes,
                                                          tasker_buffer* out_refusals,
                                                          tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::complete_json(*used, completions_json, completions_bytes, out_refusals);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_attachment_checkpoint_step_event(tasker_attachment* attachment,
                                                      const char* event_id, size_t event_id_bytes,
                                                      const char* checkpoint_json,
                                                      size_t checkpoint_bytes,
                                                      char* out_new_event_id,
                                                      tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::checkpoint(used.shared(),
                                 {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes},
                                 out_new_event_id);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_attachment_checkpoint_step_event_begin(
    tasker_attachment* attachment, const char* event_id, size_t event_id_bytes,
    const char* checkpoint_json, size_t checkpoint_bytes, uint64_t* out_request,
    tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::begin_checkpoint(
        *used, {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes}, out_request);
  });
}

tasker_status tasker_attachment_poll_replies(tasker_attachment* attachment, uint32_t max_replies,
                                             tasker_buffer* out_replies, tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::poll_replies(*used, max_replies, out_replies);
  });
}

tasker_status tasker_attachment_hand_back(tasker_attachment* attachment, const char* event_ids_json,
                                          size_t event_ids_bytes, uint32_t* out_handed_back,
                                          tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::hand_back(*used, event_ids_json, event_ids_bytes, out_handed_back);
  });
}

tasker_status tasker_attachment_poll_notices(tasker_attachment* attachment, uint32_t max_notices,
                                             tasker_buffer* out_notices, tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::poll_notices(*used, max_notices, out_notices);
  });
}

tasker_status tasker_attachment_set_wakeup(tasker_attachment* attachment,
                                           tasker_wakeup_callback on_wakeup, void* user_data,
                                           tasker_finalizer finalizer, tasker_error** out_error) {
  // Outside of the call proper, as in tasker_worker_set_wakeup.
  tasker::c::Wakeup wakeup{on_wakeup, {user_data, finalizer}};
  return call(attachment, out_error,
              [&](const AttachmentUse& used) { return tasker::c::set_wakeup(*used, wakeup); });
}

tasker_status tasker_attachment_event_fd(tasker_attachment* attachment, int32_t* out_fd,
                                         tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::event_descriptor(*used, out_fd);
  });
}

tasker_status tasker_attachment_wait(tasker_attachment* attachment, uint32_t timeout_ms,
                                     tasker_error** out_error) {
  return call(attachment, out_error, [&](const AttachmentUse& used) {
    return tasker::c::wait_for_news(*used, timeout_ms);
  });
}
