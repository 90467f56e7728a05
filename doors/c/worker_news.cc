// News without polling, and the queues besides step events.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "core/worker/door_documents.h"
#include "core/worker/json_writer.h"
#include "doors/c/arguments.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Status;

Status set_wakeup(const tasker_worker* worker, Wakeup& wakeup) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  return (*used)->news().set_wakeup(wakeup);
}

Status wait(const tasker_worker* worker, std::uint32_t timeout_ms) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits) return fits;
  WorkerObject& object = **used;
  // Replies still come while the worker drains.
  const auto is_over = [&object] {
    const worker::WorkerState state = object.core().state();
    const bool ends = object.is_draining() || (state != worker::WorkerState::kCreated &&
                                               state != worker::WorkerState::kRunning);
    return ends && !object.requests().has_open();
  };
  switch (object.news().wait(timeout_ms, is_over)) {
    case News::Waited::kNews:
      break;
    case News::Waited::kTimedOut:
      return fail(ErrorCode::kTIMED_OUT, fmt::format("no news came within {} ms", timeout_ms));
    case News::Waited::kOver:
      return fail(ErrorCode::kDRAINING, "the worker drains: no more step events will come");
    case News::Waited::kClosed:
      return fail(ErrorCode::kCLOSED, "the worker is closed");
  }
  return {};
}

Status event_descriptor(const tasker_worker* worker, std::int32_t* out_fd) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out_fd, "out_fd"); !given) return given;
  const auto descriptor = (*used)->news().descriptor();
  if (!descriptor) return fail(descriptor.error());
  *out_fd = *descriptor;
  return {};
}

Status poll_replies(const tasker_worker* worker, std::uint32_t max, tasker_buffer* out) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max, 1, kPollMax, "max_replies"); !fits) return fits;
  if (auto given = check_not_null(out, "out_replies"); !given) return given;
  tasker_buffer replies = TASKER_BUFFER_INIT;
  (*used)->requests().poll(max, [&](std::string_view text) { give(&replies, text); });
  *out = replies;
  (*used)->news().settle();
  return {};
}

Status poll_notices(const tasker_worker* worker, std::uint32_t max, tasker_buffer* out) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max, 1, kPollMax, "max_notices"); !fits) return fits;
  if (auto given = check_not_null(out, "out_notices"); !given) return given;
  const auto notices = (*used)->core().poll_notices(max);
  (*used)->news().settle();
  *out = TASKER_BUFFER_INIT;
  if (notices.empty()) return {};
  std::string text;
  worker::append_json_array(text, notices, [&](const worker::Notice& notice) {
    worker::append_notice_json(text, notice);
  });
  give(out, text);
  return {};
}

Status poll_domain_events(const tasker_worker* worker, std::uint32_t max, tasker_buffer* out) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(out, "out_events"); !given) return given;
  std::vector<std::string> events;
  (*used)->core().poll_domain_events(max, events);
  (*used)->news().settle();
  *out = TASKER_BUFFER_INIT;
  if (events.empty()) return {};
  std::string text;
  worker::append_json_array(text, events, [&](const std::string& event) { text += event; });
  give(out, text);
  return {};
}

}  // namespace
}  // namespace tasker::c

using tasker::base::fail;
using tasker::base::Status;
using tasker::c::guard;

tasker_status tasker_worker_set_wakeup(tasker_worker* worker, tasker_wakeup_callback on_wakeup,
                                       void* user_data, tasker_finalizer finalizer,
                                       tasker_error** out_error) {
  // Outside of the call proper, so that the finalizer, of this one on failure and of the last one
  // on success, runs when the worker is not in use any more.
  tasker::c::Wakeup wakeup{on_wakeup, {user_data, finalizer}};
  return guard(out_error, [&] { return tasker::c::set_wakeup(worker, wakeup); });
}

tasker_status tasker_worker_event_fd(tasker_worker* worker, int32_t* out_fd,
                                     tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::event_descriptor(worker, out_fd); });
}

tasker_status tasker_worker_wait(tasker_worker* worker, uint32_t timeout_ms,
                                 tasker_error** out_error) {
  return guard(out_error, [&] { return tasker::c::wait(worker, timeout_ms); });
}

tasker_status tasker_worker_poll_replies(tasker_worker* worker, uint32_t max_replies,
                                         tasker_buffer* out_replies, tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::poll_replies(worker, max_replies, out_replies); });
}

tasker_status tasker_worker_poll_notices(tasker_worker* worker, uint32_t max_notices,
                                         tasker_buffer* out_notices, tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::poll_notices(worker, max_notices, out_notices); });
}

tasker_status tasker_worker_keep_domain_events(tasker_worker* worker, tasker_error** out_error) {
  return guard(out_error, [&]() -> Status {
    auto used = tasker::c::use(worker);
    if (!used) return fail(used.error());
    (*used)->core().keep_domain_events();
    return {};
  });
}

tasker_status tasker_worker_poll_domain_events(tasker_worker* worker, uint32_t max_events,
                                               tasker_buffer* out_events,
                                               tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::poll_domain_events(worker, max_events, out_events); });
}
