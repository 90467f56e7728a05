// Steps, as a Worker and an Attachment hand them out and take them back. tasker.hpp includes it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tasker/error.hpp"

namespace tasker {

/// One step to run. Copies are independent, but share the abort flag.
/// Threads: any for const members, several at once.
class StepEvent {
 public:
  /// From the JSON of one event. @throws Error INVALID_JSON without event id, step id or handler
  explicit StepEvent(std::string document) : document_(std::move(document)) {
    id_ = required("event_id", {"event_id"});
    step_uuid_ = required("step_uuid", {"step_uuid"});
    handler_ =
        required("step_definition.handler.callable", {"step_definition", "handler", "callable"});
  }

  /// The whole event as JSON (contract/schema/step_event.json).
  const std::string& json() const noexcept { return document_; }
  /// Names the completion: UUID text, new for each dispatch.
  const std::string& id() const noexcept { return id_; }
  const std::string& step_uuid() const noexcept { return step_uuid_; }
  /// The template's `handler.callable`.
  const std::string& handler() const noexcept { return handler_; }
  /// json::find in the event. A view that lives as long as this event.
  std::optional<std::string_view> member(std::initializer_list<std::string_view> path) const {
    return json::find(document_, path);
  }
  /// Whether the step is settled already: timed out, cancelled, lost, or the worker shuts down.
  /// What the handler returns will be refused, so it should stop. Kept up to date by Worker::run.
  bool aborted() const noexcept { return *aborted_; }

 private:
  friend class Worker;

  std::string required(const char* field, std::initializer_list<std::string_view> path) const {
    const auto found = member(path);
    auto value = found ? json::text(*found) : std::nullopt;
    if (!value) {
      throw Error(TASKER_ERR_INVALID_JSON, std::string("a step event lacks ") + field, field);
    }
    return *std::move(value);
  }

  std::string document_;
  std::string id_;
  std::string step_uuid_;
  std::string handler_;
  std::shared_ptr<std::atomic<bool>> aborted_ = std::make_shared<std::atomic<bool>>(false);
};

/// A handler's step has failed.
struct Failure {
  std::string message;
  std::string error_type = "handler_error";  ///< for people and metrics
  bool retryable = true;                     ///< false: no attempt is left to it
  std::optional<double> retry_after_seconds =
      std::nullopt;  ///< in place of the template's back-off
};

/// The handler yields: its progress is stored, the step is dispatched again with the same attempt.
struct Checkpoint {
  std::string json;  ///< contract/schema/checkpoint.json
};

/// What came of a step: a std::string is its result, a JSON object (empty: `{}`).
using StepResult = std::variant<std::string, Failure, Checkpoint>;

/// Runs one step. An exception is a retryable failure of type `handler_error` with its text. Called
/// on the threads of Worker::run, for several steps at once.
using Handler = std::function<StepResult(const StepEvent&)>;
/// By the template's `handler.callable`.
using Handlers = std::map<std::string, Handler, std::less<>>;

/// One element of complete_step_events.
struct Completion {
  std::string_view event_id;     ///< UUID text
  std::string_view result_json;  ///< contract/schema/step_result.json
};

/// What a wait has seen.
enum class News {
  kMaybe,     ///< there may be news
  kNone,      ///< time has passed
  kDraining,  ///< no more step events will come, and nothing else waits
};

/// Where handlers run: each executor is a dispatch channel of its own with so many places. The
/// library runs none of them; its steps are taken by attachments, or by polls of the worker's.
enum class Executor : std::int32_t {
  kMain = TASKER_EXECUTOR_MAIN,
  kThreads = TASKER_EXECUTOR_THREADS,
  kProcess = TASKER_EXECUTOR_PROCESS,
};

/// A handler whose steps the worker takes, and how.
struct HandlerPlace {
  std::string name;  ///< its callable, 1 to 500 bytes
  Executor executor = Executor::kMain;
  std::optional<std::uint32_t> max_concurrent = std::nullopt;  ///< 1..100000; nothing: no limit
  std::optional<std::uint32_t> deadline_ms =
      std::nullopt;      ///< 1..86400000; nothing: the worker's `handler_timeout_ms`
  std::string why = {};  ///< it runs there, for people; at most 1000 bytes
};

namespace detail {

inline std::vector<StepEvent> step_events(std::string_view array) {
  std::vector<StepEvent> events;
  for (const std::string_view event : json::elements(array)) {
    events.emplace_back(std::string(event));
  }
  return events;
}

/// What `call(tasker_buffer*, tasker_error**)` polls; nothing when no more will come.
template <class Call>
std::optional<std::vector<StepEvent>> poll_events(Call&& call) {
  Buffer buffer;
  const bool more =
      run_or(TASKER_ERR_DRAINING, [&](tasker_error** error) { return call(buffer.out(), error); });
  if (!more) return std::nullopt;
  return step_events(buffer.view());
}

/// A status for each, of `call(tasker_completion*, count, tasker_status*, tasker_error**)`.
template <class Call>
std::vector<tasker_status> complete_all(const std::vector<Completion>& completions, Call&& call) {
  std::vector<tasker_completion> list;
  list.reserve(completions.size());
  for (const Completion& each : completions) {
    list.push_back({each.event_id.data(), each.event_id.size(), each.result_json.data(),
                    each.result_json.size()});
  }
  std::vector<tasker_status> statuses(list.size(), TASKER_ERR_INVALID_ARGUMENT);
  // The first refusal is the call's own outcome too; here each element has its own.
  tasker_error* error = nullptr;
  const tasker_status status = call(list.data(), list.size(), statuses.data(), &error);
  const bool is_of_an_element =
      std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  const bool is_of_call =
      std::string_view(tasker_error_field(error)).substr(0, 12) != "completions[";
  if (status != TASKER_OK && (!is_of_an_element || is_of_call)) throw Error(status, error);
  tasker_error_destroy(error);
  return statuses;
}

/// The event id that `call(char*, tasker_error**)` writes.
template <class Call>
std::string event_id_of(Call&& call) {
  constexpr std::size_t kIdBytes = 37;
  char id[kIdBytes] = {};
  run([&](tasker_error** error) { return call(id, error); });
  return id;
}

/// What `call(tasker_error**)`, which waits, has seen.
template <class Call>
News wait_news(Call&& call) {
  tasker_error* error = nullptr;
  const tasker_status status = call(&error);
  if (status == TASKER_OK) return News::kMaybe;
  const Error failure(status, error);
  if (status == TASKER_ERR_TIMED_OUT) return News::kNone;
  if (status == TASKER_ERR_DRAINING) return News::kDraining;
  throw Error(failure);
}

/// How many `call(text, bytes, std::uint32_t*, tasker_error**)` has handed back.
template <class Call>
std::uint32_t handed_back(const std::vector<std::string>& event_ids, Call&& call) {
  const std::string list = json::array_of_strings(event_ids);
  std::uint32_t count = 0;
  run([&](tasker_error** error) { return call(list.data(), list.size(), &count, error); });
  return count;
}

}  // namespace detail

}  // namespace tasker
