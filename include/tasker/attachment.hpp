// A thread's own way to a worker of its process. tasker.hpp includes it.
//
//   tasker::Attachment attachment(token, tasker::Executor::kThreads, "my thread");
//   while (auto events = attachment.poll_step_events(8, std::chrono::seconds(1)))
//     for (const tasker::StepEvent& event : *events) attachment.complete_step_event(…);
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasker/error.hpp"
#include "tasker/steps.hpp"
#include "tasker/tasker.h"

namespace tasker {

/// Takes steps of one executor straight from the core, and settles them. It may outlive the worker;
/// every call then throws CLOSED, as it does after Worker::end_attachment.
/// Threads: every member may be called from any, several at once, but for moving, detaching and
/// destroying it; made for one.
class Attachment {
 public:
  /// @param token  of Worker::attach_token
  /// @param name   for log and status, 1 to 255 bytes
  /// @throws Error NOT_FOUND (no worker of this process has the token), DRAINING, CLOSED, FORKED
  Attachment(std::string_view token, Executor executor, std::string_view name) {
    detail::run([&](tasker_error** error) {
      return tasker_attachment_attach(token.data(), token.size(),
                                      static_cast<std::int32_t>(executor), name.data(), name.size(),
                                      &handle_, error);
    });
  }
  Attachment(Attachment&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Attachment& operator=(Attachment&&) = delete;
  /// As detach().
  ~Attachment() { tasker_attachment_detach(handle_, nullptr); }

  /// For functions of tasker.h.
  tasker_attachment* get() const noexcept { return handle_; }

  /// Ends it. What it holds stays taken until Worker::end_attachment; a `detached` notice tells the
  /// worker's owner. @throws Error INVALID_STATE inside its wake-up; CLOSED when it was detached
  void detach() {
    detail::run([&](tasker_error** error) { return tasker_attachment_detach(handle_, error); });
  }

  /// What names it in notices, in the status and for Worker::end_attachment.
  std::uint32_t id() {
    std::uint32_t id = 0;
    detail::run(
        [&](tasker_error** error) { return tasker_attachment_get_id(handle_, &id, error); });
    return id;
  }

  /// As Worker::poll_step_events. The attachment holds them from now on.
  std::optional<std::vector<StepEvent>> poll_step_events(std::uint32_t events_max,
                                                         std::chrono::milliseconds timeout) {
    return detail::poll_events([&](tasker_buffer* out, tasker_error** error) {
      return tasker_attachment_poll_step_events(handle_, events_max, detail::milliseconds(timeout),
                                                out, error);
    });
  }

  /// As Worker::complete_step_event, for an event that it holds.
  void complete_step_event(std::string_view event_id, std::string_view result_json) {
    detail::run([&](tasker_error** error) {
      return tasker_attachment_complete_step_event(handle_, event_id.data(), event_id.size(),
                                                   result_json.data(), result_json.size(), error);
    });
  }

  /// As Worker::complete_step_events, for events that it holds.
  std::vector<tasker_status> complete_step_events(const std::vector<Completion>& completions) {
    return detail::complete_all(completions, [&](auto... given) {
      return tasker_attachment_complete_step_events(handle_, given...);
    });
  }

  /// As Worker::checkpoint_step_event; the continuation goes to any taker of the executor.
  std::string checkpoint_step_event(std::string_view event_id, std::string_view checkpoint_json) {
    return detail::event_id_of([&](char* id, tasker_error** error) {
      return tasker_attachment_checkpoint_step_event(handle_, event_id.data(), event_id.size(),
                                                     checkpoint_json.data(), checkpoint_json.size(),
                                                     id, error);
    });
  }

  /// The same without blocking. @return number that its reply in poll_replies() will carry
  std::uint64_t checkpoint_step_event_begin(std::string_view event_id,
                                            std::string_view checkpoint_json) {
    std::uint64_t request = 0;
    detail::run([&](tasker_error** error) {
      return tasker_attachment_checkpoint_step_event_begin(handle_, event_id.data(),
                                                           event_id.size(), checkpoint_json.data(),
                                                           checkpoint_json.size(), &request, error);
    });
    return request;
  }

  /// Up to `replies_max` (1..4096) replies as a JSON array of `{"request","result"}` and
  /// `{"request","error"}`; empty text when none waits.
  std::string poll_replies(std::uint32_t replies_max = 64) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_attachment_poll_replies(handle_, replies_max, out, error);
    });
  }

  /// As Worker::hand_back, for events that it holds; others are passed over.
  std::uint32_t hand_back(const std::vector<std::string>& event_ids) {
    return detail::handed_back(
        event_ids, [&](auto... given) { return tasker_attachment_hand_back(handle_, given...); });
  }

  /// As Worker::poll_notices, for events that it took.
  std::string poll_notices(std::uint32_t notices_max = 64) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_attachment_poll_notices(handle_, notices_max, out, error);
    });
  }

  /// Sets what is told when steps, notices or replies wait for it, on a thread kept for it. An
  /// empty function removes it. @throws Error INVALID_STATE inside it
  void set_wakeup(std::function<void()> on_wakeup) {
    detail::set_wakeup(std::move(on_wakeup), [&](auto... given) {
      return tasker_attachment_set_wakeup(handle_, given...);
    });
  }

  /// As Worker::event_fd. It lives until detach().
  int event_fd() {
    std::int32_t descriptor = -1;
    detail::run([&](tasker_error** error) {
      return tasker_attachment_event_fd(handle_, &descriptor, error);
    });
    return descriptor;
  }

  /// Waits until something is there for it or `timeout` (0..60 s) has passed.
  News wait(std::chrono::milliseconds timeout) {
    return detail::wait_news([&](tasker_error** error) {
      return tasker_attachment_wait(handle_, detail::milliseconds(timeout), error);
    });
  }

 private:
  tasker_attachment* handle_ = nullptr;
};

}  // namespace tasker
