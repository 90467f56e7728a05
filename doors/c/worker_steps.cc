// Running steps: polls, completions, checkpoints.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "core/worker/completion_batch.h"
#include "core/worker/step_event.h"
#include "doors/c/arguments.h"
#include "doors/c/awaited.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/worker_object.h"

namespace tasker::c {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

// How many events are taken from the core at once.
constexpr std::size_t kChunk = 64;
// A text that grows ends with the event that brings it here.
constexpr std::size_t kTextBytesMax = 64U << 20;
constexpr std::size_t kUuidBytes = 36;

/// Takes events and writes them as a JSON array, for as long as they fit.
class EventText {
 public:
  explicit EventText(WorkerObject& object) : object_(object), taken_(object), text_("[") {}

  /// The array has to fit into `capacity` bytes: one event is taken at a time, so that no more than
  /// one is taken in vain.
  Status fill_within(std::size_t max, std::size_t capacity) {
    capacity_ = capacity;
    return fill(max, 0, 1);
  }
  Status fill(std::size_t max, std::uint32_t timeout_ms) { return fill(max, timeout_ms, kChunk); }

  const std::string& text() const { return text_; }
  /// Bytes that an array of the first event alone takes, when that did not fit; else 0.
  std::size_t needed() const { return needed_; }
  void set_delivered() { taken_.set_delivered(written_); }

 private:
  Status fill(std::size_t max, std::uint32_t timeout_ms, std::size_t chunk) {
    while (written_ < max && !is_full_ && text_.size() < kTextBytesMax) {
      const std::size_t wanted = std::min(max - written_, chunk);
      auto came = object_.take_step_events(wanted, written_ == 0 ? timeout_ms : 0, taken_.events());
      if (!came && written_ == 0) return fail(came.error());
      while (written_ < taken_.events().size() && !is_full_) write_next();
      if (came && *came == wanted) continue;
      object_.news().settle();
      break;
    }
    text_ += ']';
    return {};
  }

  void write_next() {
    const std::size_t before = text_.size();
    if (before > 1) text_ += ',';
    worker::append_step_event_json(text_, taken_.events()[written_]);
    if (text_.size() < capacity_) {
      ++written_;
      return;
    }
    is_full_ = true;
    if (written_ == 0) needed_ = text_.size() + 1;
    text_.resize(before);
  }

  WorkerObject& object_;
  TakenEvents taken_;
  std::string text_;
  std::size_t capacity_ = std::numeric_limits<std::size_t>::max();
  std::size_t written_ = 0;
  std::size_t needed_ = 0;
  bool is_full_ = false;
};

Status poll(const tasker_worker* worker, std::uint32_t max_events, std::uint32_t timeout_ms,
            tasker_buffer* out_events) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max_events, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto fits = check_range(timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits) return fits;
  if (auto given = check_not_null(out_events, "out_events"); !given) return given;
  EventText text(**used);
  if (auto filled = text.fill(max_events, timeout_ms); !filled) return filled;
  give(out_events, text.text());
  text.set_delivered();
  return {};
}

/// Memory of the caller's.
struct Target {
  char* data;
  std::size_t capacity;
  std::size_t* out_size;
};

Status poll_into(const tasker_worker* worker, std::uint32_t max_events, const Target& target) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(max_events, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(target.data, "buffer"); !given) return given;
  if (auto given = check_not_null(target.out_size, "out_size"); !given) return given;
  if (target.capacity < 2)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("capacity is {}; expected 2 or more bytes", target.capacity),
                "capacity");
  EventText text(**used);
  if (auto filled = text.fill_within(max_events, target.capacity); !filled) return filled;
  if (text.needed() > 0) {
    *target.out_size = text.needed();
    return fail(
        ErrorCode::kTOO_LARGE,
        fmt::format("capacity is {}; the next step event needs {}", target.capacity, text.needed()),
        "capacity");
  }
  std::memcpy(target.data, text.text().data(), text.text().size());
  *target.out_size = text.text().size();
  text.set_delivered();
  return {};
}

Status complete(WorkerObject& object, const tasker_completion& completion) {
  const auto id = uuid_argument(completion.event_id, completion.event_id_bytes, "event_id");
  if (!id) return fail(id.error());
  const auto result = required_text(completion.result_json, completion.result_bytes, "result_json");
  if (!result) return fail(result.error());
  return object.core().complete_step_event(*id, *result);
}

Status complete_one(const tasker_worker* worker, const tasker_completion& completion) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  return complete(**used, completion);
}

Status complete_all(const tasker_worker* worker, const tasker_completion* completions,
                    std::size_t count, tasker_status* out_statuses) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto fits = check_range(count, 0, worker::kCompletionsMax, "count"); !fits) return fits;
  if (count > 0)
    if (auto given = check_not_null(completions, "completions"); !given) return given;
  std::size_t first = count;
  tasker_error* first_error = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    // Each in a guard of its own: what is thrown by one must not keep the others from being tried.
    tasker_error* error = nullptr;
    const tasker_status status = guard(&error, [&] { return complete(**used, completions[i]); });
    if (out_statuses) out_statuses[i] = status;
    if (status == TASKER_OK) continue;
    if (first == count) {
      first = i;
      first_error = error;
    } else {
      (void)tasker_error_destroy(error);
    }
  }
  if (first == count) return {};
  const auto release = std::unique_ptr<tasker_error, decltype(&tasker_error_destroy)>(
      first_error, tasker_error_destroy);
  return fail(base::Error{static_cast<ErrorCode>(-tasker_error_status(first_error)),
                          tasker_error_message(first_error),
                          fmt::format("completions[{}]", first)});
}

Status complete_json(const tasker_worker* worker, std::string_view json,
                     tasker_buffer* out_refusals) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out_refusals, "out_refusals"); !given) return given;
  const auto refusals = worker::complete_step_events_json((*used)->core(), json);
  if (!refusals) return fail(refusals.error());
  if (refusals->empty())
    *out_refusals = TASKER_BUFFER_INIT;
  else
    give(out_refusals, *refusals);
  return {};
}

/// The texts of a checkpoint call.
struct CheckpointTexts {
  const char* event_id;
  std::size_t event_id_bytes;
  const char* json;
  std::size_t bytes;
};

struct CheckpointRequest {
  base::Uuid event_id;
  std::string_view json;
};

Result<CheckpointRequest> read_checkpoint(const CheckpointTexts& texts) {
  const auto id = uuid_argument(texts.event_id, texts.event_id_bytes, "event_id");
  if (!id) return fail(id.error());
  const auto json = required_text(texts.json, texts.bytes, "checkpoint_json");
  if (!json) return fail(json.error());
  return CheckpointRequest{*id, *json};
}

Status checkpoint(const tasker_worker* worker, const CheckpointTexts& texts, char* out_event_id) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  const auto request = read_checkpoint(texts);
  if (!request) return fail(request.error());
  // Before the checkpoint is stored: nothing may fail once it is.
  std::string text;
  text.reserve(kUuidBytes + 1);
  const auto stored = await<base::Uuid>(*used, [&](auto on_stored) {
    (*used)->core().checkpoint_step_event(request->event_id, request->json, std::move(on_stored));
  });
  if (!stored) return fail(stored.error());
  stored->append_to(text);
  if (out_event_id) std::memcpy(out_event_id, text.c_str(), kUuidBytes + 1);
  return {};
}

Status begin_checkpoint(const tasker_worker* worker, const CheckpointTexts& texts,
                        std::uint64_t* out_request) {
  auto used = use(worker);
  if (!used) return fail(used.error());
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  const auto checkpoint = read_checkpoint(texts);
  if (!checkpoint) return fail(checkpoint.error());
  return (*used)->begin(out_request, [&](std::function<void(Result<std::string>)> reply) {
    (*used)->core().checkpoint_step_event(
        checkpoint->event_id, checkpoint->json,
        [reply = std::move(reply)](const Result<base::Uuid>& stored) {
          if (!stored) return reply(fail(stored.error()));
          reply(fmt::format("\"{}\"", stored->text()));
        });
    return Status();
  });
}

}  // namespace
}  // namespace tasker::c

using tasker::c::guard;

tasker_status tasker_worker_poll_step_events(tasker_worker* worker, uint32_t max_events,
                                             uint32_t timeout_ms, tasker_buffer* out_events,
                                             tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::poll(worker, max_events, timeout_ms, out_events); });
}

tasker_status tasker_worker_poll_step_events_into(tasker_worker* worker, uint32_t max_events,
                                                  char* buffer, size_t capacity, size_t* out_size,
                                                  tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::poll_into(worker, max_events, {buffer, capacity, out_size});
  });
}

tasker_status tasker_worker_complete_step_event(tasker_worker* worker, const char* event_id,
                                                size_t event_id_bytes, const char* result_json,
                                                size_t result_bytes, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::complete_one(worker, {event_id, event_id_bytes, result_json, result_bytes});
  });
}

tasker_status tasker_worker_complete_step_events(tasker_worker* worker,
                                                 const tasker_completion* completions, size_t count,
                                                 tasker_status* out_statuses,
                                                 tasker_error** out_error) {
  return guard(out_error,
               [&] { return tasker::c::complete_all(worker, completions, count, out_statuses); });
}

tasker_status tasker_worker_complete_step_events_json(tasker_worker* worker,
                                                      const char* completions_json,
                                                      size_t completions_bytes,
                                                      tasker_buffer* out_refusals,
                                                      tasker_error** out_error) {
  return guard(out_error, [&]() -> tasker::base::Status {
    const auto json =
        tasker::c::required_text(completions_json, completions_bytes, "completions_json");
    if (!json) return tasker::base::fail(json.error());
    return tasker::c::complete_json(worker, *json, out_refusals);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_checkpoint_step_event(tasker_worker* worker, const char* event_id,
                                                  size_t event_id_bytes,
                                                  const char* checkpoint_json,
                                                  size_t checkpoint_bytes, char* out_new_event_id,
                                                  tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::checkpoint(
        worker, {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes}, out_new_event_id);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_checkpoint_step_event_begin(
    tasker_worker* worker, const char* event_id, size_t event_id_bytes, const char* checkpoint_json,
    size_t checkpoint_bytes, uint64_t* out_request, tasker_error** out_error) {
  return guard(out_error, [&] {
    return tasker::c::begin_checkpoint(
        worker, {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes}, out_request);
  });
}
