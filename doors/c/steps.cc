#include "doors/c/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/worker/completion_batch.h"
#include "core/worker/door_documents.h"
#include "core/worker/json_writer.h"
#include "doors/c/arguments.h"
#include "doors/c/awaited.h"
#include "doors/c/buffer.h"
#include "doors/c/guard.h"
#include "doors/c/string_array.h"

namespace tasker::c {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// How many events are taken from the core at once.
constexpr std::size_t kChunk = 64;
// A text that grows ends with the event that brings it here.
constexpr std::size_t kTextBytesMax = 64U << 20;
constexpr std::size_t kUuidBytes = 36;

/// Takes events and writes them as a JSON array, for as long as they fit.
class EventText {
 public:
  EventText(StepsObject& object, const Wanted& wanted)
      : object_(object), wanted_(wanted), taken_(object, wanted.executor), text_("[") {}

  /// The array has to fit into `capacity` bytes: one event is taken at a time, so that no more than
  /// one is taken in vain.
  Status fill_within(std::size_t capacity) {
    capacity_ = capacity;
    return fill(1);
  }
  Status fill() { return fill(kChunk); }

  const std::string& text() const { return text_; }
  /// Bytes that an array of the first event alone takes, when that did not fit; else 0.
  std::size_t needed() const { return needed_; }
  void set_delivered() { taken_.set_delivered(written_); }

 private:
  Status fill(std::size_t chunk) {
    while (written_ < wanted_.max_events && !is_full_ && text_.size() < kTextBytesMax) {
      const std::size_t wanted = std::min(wanted_.max_events - written_, chunk);
      auto came = object_.take_step_events(wanted_.executor, wanted,
                                           written_ == 0 ? wanted_.timeout_ms : 0, taken_.events());
      if (!came && written_ == 0) {
        object_.news().settle();  // news of steps was answered too, when no more will come
        return fail(came.error());
      }
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

  StepsObject& object_;
  const Wanted wanted_;
  TakenEvents taken_;
  std::string text_;
  std::size_t capacity_ = std::numeric_limits<std::size_t>::max();
  std::size_t written_ = 0;
  std::size_t needed_ = 0;
  bool is_full_ = false;
};

/// Empty for an empty text.
void give_or_nothing(tasker_buffer* out, std::string_view text) {
  tasker_buffer given = TASKER_BUFFER_INIT;
  if (!text.empty()) give(&given, text);
  *out = given;
}

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

}  // namespace

Result<worker::Executor> executor_argument(std::int32_t executor) {
  if (auto fits = check_range(static_cast<std::uint32_t>(executor), 0, worker::kExecutorCount - 1,
                              "executor");
      !fits)
    return fail(fits.error());
  return worker::kExecutors[static_cast<std::size_t>(executor)];
}

Status poll_steps(StepsObject& object, const Wanted& wanted, tasker_buffer* out_events) {
  if (auto fits = check_range(wanted.max_events, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto fits = check_range(wanted.timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits)
    return fits;
  if (auto given = check_not_null(out_events, "out_events"); !given) return given;
  EventText text(object, wanted);
  if (auto filled = text.fill(); !filled) return filled;
  give(out_events, text.text());
  text.set_delivered();
  return {};
}

Status poll_steps_into(StepsObject& object, const Wanted& wanted, const Target& target) {
  if (auto fits = check_range(wanted.max_events, 1, kPollMax, "max_events"); !fits) return fits;
  if (auto given = check_not_null(target.data, "buffer"); !given) return given;
  if (auto given = check_not_null(target.out_size, "out_size"); !given) return given;
  if (target.capacity < 2)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("capacity is {}; expected 2 or more bytes", target.capacity),
                "capacity");
  EventText text(object, wanted);
  if (auto filled = text.fill_within(target.capacity); !filled) return filled;
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

Status complete_one(StepsObject& object, const tasker_completion& completion) {
  const auto id = uuid_argument(completion.event_id, completion.event_id_bytes, "event_id");
  if (!id) return fail(id.error());
  const auto result = required_text(completion.result_json, completion.result_bytes, "result_json");
  if (!result) return fail(result.error());
  return object.complete_step_event(*id, *result);
}

Status complete_all(StepsObject& object, const tasker_completion* completions, std::size_t count,
                    tasker_status* out_statuses) {
  if (auto fits = check_range(count, 0, worker::kCompletionsMax, "count"); !fits) return fits;
  if (count > 0)
    if (auto given = check_not_null(completions, "completions"); !given) return given;
  std::size_t first = count;
  tasker_error* first_error = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    // Each in a guard of its own: what is thrown by one must not keep the others from being tried.
    tasker_error* error = nullptr;
    const tasker_status status =
        guard(&error, [&] { return complete_one(object, completions[i]); });
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

Status complete_json(StepsObject& object, const char* completions_json, std::size_t bytes,
                     tasker_buffer* out_refusals) {
  const auto json = required_text(completions_json, bytes, "completions_json");
  if (!json) return fail(json.error());
  if (auto given = check_not_null(out_refusals, "out_refusals"); !given) return given;
  const auto refusals = worker::complete_step_events_json(
      [&object](const base::Uuid& id, base::JsonText result) {
        return object.complete_step_event(id, result);
      },
      *json);
  if (!refusals) return fail(refusals.error());
  give_or_nothing(out_refusals, *refusals);
  return {};
}

Status checkpoint(const std::shared_ptr<StepsObject>& object, const CheckpointTexts& texts,
                  char* out_event_id) {
  const auto request = read_checkpoint(texts);
  if (!request) return fail(request.error());
  // Before the checkpoint is stored: nothing may fail once it is.
  std::string text;
  text.reserve(kUuidBytes + 1);
  const auto stored = await<base::Uuid>(object, [&](auto on_stored) {
    object->checkpoint_step_event(request->event_id, request->json, std::move(on_stored));
  });
  if (!stored) return fail(stored.error());
  stored->append_to(text);
  if (out_event_id) std::memcpy(out_event_id, text.c_str(), kUuidBytes + 1);
  return {};
}

Status begin_checkpoint(StepsObject& object, const CheckpointTexts& texts,
                        std::uint64_t* out_request) {
  if (auto given = check_not_null(out_request, "out_request"); !given) return given;
  const auto request = read_checkpoint(texts);
  if (!request) return fail(request.error());
  return object.begin(out_request, [&](std::function<void(Result<std::string>)> reply) {
    object.checkpoint_step_event(request->event_id, request->json,
                                 [reply = std::move(reply)](const Result<base::Uuid>& stored) {
                                   if (!stored) return reply(fail(stored.error()));
                                   reply(fmt::format("\"{}\"", stored->text()));
                                 });
    return Status();
  });
}

Status hand_back(StepsObject& object, const char* event_ids_json, std::size_t bytes,
                 std::uint32_t* out_handed_back) {
  const auto json = required_text(event_ids_json, bytes, "event_ids_json");
  if (!json) return fail(json.error());
  const auto texts = read_string_array(*json, "event_ids");
  if (!texts) return fail(texts.error());
  std::vector<base::Uuid> ids;
  for (const std::string& text : *texts) {
    const auto id =
        uuid_argument(text.data(), text.size(), fmt::format("event_ids[{}]", ids.size()).c_str());
    if (!id) return fail(id.error());
    ids.push_back(*id);
  }
  const auto handed_back = object.hand_back(ids);
  if (!handed_back) return fail(handed_back.error());
  if (out_handed_back) *out_handed_back = *handed_back;
  return {};
}

Status poll_notices(StepsObject& object, std::uint32_t max, tasker_buffer* out) {
  if (auto fits = check_range(max, 1, kPollMax, "max_notices"); !fits) return fits;
  if (auto given = check_not_null(out, "out_notices"); !given) return given;
  const auto notices = object.poll_notices(max);
  if (!notices) return fail(notices.error());
  object.news().settle();
  std::string text;
  if (!notices->empty())
    worker::append_json_array(text, *notices, [&](const worker::Notice& notice) {
      worker::append_notice_json(text, notice);
    });
  give_or_nothing(out, text);
  return {};
}

Status poll_replies(StepsObject& object, std::uint32_t max, tasker_buffer* out) {
  if (auto fits = check_range(max, 1, kPollMax, "max_replies"); !fits) return fits;
  if (auto given = check_not_null(out, "out_replies"); !given) return given;
  tasker_buffer replies = TASKER_BUFFER_INIT;
  object.requests().poll(max, [&](std::string_view text) { give(&replies, text); });
  *out = replies;
  object.news().settle();
  return {};
}

Status set_wakeup(StepsObject& object, Wakeup& wakeup) {
  if (wakeup.on_wakeup)
    if (auto listens = object.listen(); !listens) return listens;
  return object.news().set_wakeup(wakeup);
}

Status event_descriptor(StepsObject& object, std::int32_t* out_fd) {
  if (auto given = check_not_null(out_fd, "out_fd"); !given) return given;
  if (auto listens = object.listen(); !listens) return listens;
  const auto descriptor = object.news().descriptor();
  if (!descriptor) return fail(descriptor.error());
  *out_fd = *descriptor;
  return {};
}

Status wait_for_news(StepsObject& object, std::uint32_t timeout_ms) {
  if (auto fits = check_range(timeout_ms, 0, kPollTimeoutMsMax, "timeout_ms"); !fits) return fits;
  if (auto listens = object.listen(); !listens) return listens;
  return object.wait_for_news(timeout_ms);
}

}  // namespace tasker::c
