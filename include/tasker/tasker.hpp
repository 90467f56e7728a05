// C++17 front end of Tasker: RAII over tasker.h, and a loop that runs handlers on threads of yours.
// Size: one file, so that vendoring the front end is copying two headers.
//
// Failures are exceptions of one class, tasker::Error. C++17 has no std::expected, this header uses
// nothing but tasker.h and the standard library, and a constructor has no other way to fail. What
// is an ordinary outcome is a value instead: nothing was ready, time has passed, no more will come.
// So an Error is always something that somebody has to look at, and code that handles none is
// right.
//
// Text that crosses is JSON, as in tasker.h; the few functions of tasker::json find a member in a
// document that the library wrote and quote a string. Bring a JSON library for more.
//
//   tasker::Worker worker(R"({"store_path":"tasker.db"})");
//   worker.put_template(yaml);
//   worker.run({{"shop.Charge", [](const tasker::StepEvent& event) -> tasker::StepResult {
//                  return charge(event.member({"task", "context"}));
//                }}},
//              {/*threads=*/4});  // until worker.drain(…) on another thread
//
// Threads: every member of Worker may be called from any thread, several at once, but for moving
// and destroying it. Functions of yours run on threads of the library where their comment says so;
// an exception that leaves one of those ends the process, as it would a std::thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tasker/tasker.h"

namespace tasker {

// -------------------------------------------------------------------------------------- JSON text

namespace json {

namespace detail {

inline constexpr std::size_t kNone = std::string_view::npos;

inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) {
    ++at;
  }
  return at;
}

/// One past the string that begins at `at`, or kNone.
inline std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return kNone;
}

/// One past the value that begins at `at`, or kNone. Counts brackets instead of nesting calls.
inline std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (at == kNone) return kNone;
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return kNone;
      --depth;
      ++at;
    } else if (depth == 0) {
      const std::size_t end = text.find_first_of(",]} \n\r\t", at);
      return end == at ? kNone : std::min(end, text.size());
    } else {
      ++at;
    }
    if (depth == 0) return at;
  }
  return kNone;
}

/// Calls `visit(key, value)` for each part of an object (`open` is '{') or list ('[', keys empty),
/// until it returns true. False for what is neither.
template <class Visit>
bool each_part(std::string_view text, char open, Visit visit) {
  std::size_t at = skip_space(text, 0);
  if (at >= text.size() || text[at] != open) return false;
  at = skip_space(text, at + 1);
  while (at < text.size() && text[at] != '}' && text[at] != ']') {
    std::string_view key;
    if (open == '{') {
      const std::size_t key_end = text[at] == '"' ? end_of_string(text, at) : kNone;
      if (key_end == kNone) return false;
      key = text.substr(at, key_end - at);
      at = skip_space(text, key_end);
      if (at >= text.size() || text[at] != ':') return false;
      at = skip_space(text, at + 1);
    }
    const std::size_t end = end_of_value(text, at);
    if (end == kNone) return false;
    if (visit(key, text.substr(at, end - at))) return true;
    at = skip_space(text, end);
    if (at < text.size() && text[at] == ',') at = skip_space(text, at + 1);
  }
  return true;
}

inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// The four hexadecimal digits at `at`, or nothing.
inline std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at > text.size() || text.size() - at < 4) return std::nullopt;
  std::uint32_t code = 0;
  const char* const end = text.data() + at + 4;
  const auto [read_to, error] = std::from_chars(text.data() + at, end, code, 16);
  if (error != std::errc() || read_to != end) return std::nullopt;
  return code;
}

/// Appends the character of the \u at `at` (its backslash); returns one past what it has read.
inline std::size_t append_escape(std::string& out, std::string_view text, std::size_t at) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  std::uint32_t code = hex4(text, at + 2).value_or(kReplacement);
  at = std::min(at + 6, text.size());
  const bool is_high = code >= 0xD800 && code < 0xDC00;
  if (is_high && text.substr(at, 2) == "\\u") {
    const std::uint32_t low = hex4(text, at + 2).value_or(0);
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00));
      return at + 6;
    }
  }
  if (code >= 0xD800 && code < 0xE000) code = kReplacement;
  append_utf8(out, code);
  return at;
}

/// Bytes of the well-formed UTF-8 character at `at`; 0 when there is none.
inline std::size_t utf8_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t bytes = lead >= 0xC2 && lead < 0xE0   ? 2
                            : lead >= 0xE0 && lead < 0xF0 ? 3
                            : lead >= 0xF0 && lead < 0xF5 ? 4
                                                          : 0;
  if (bytes == 0 || text.size() - at < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool is_shortest = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xF0 && second < 0x90);
  const bool is_character = !(lead == 0xED && second >= 0xA0) && !(lead == 0xF4 && second >= 0x90);
  return is_shortest && is_character ? bytes : 0;
}

}  // namespace detail

/// The text of a JSON string, escapes resolved, halves of surrogate pairs as U+FFFD; nothing when
/// `value` is not a string.
inline std::optional<std::string> text(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  std::string out;
  out.reserve(value.size());
  for (std::size_t at = 0; at < value.size();) {
    if (value[at] != '\\' || at + 1 == value.size()) {
      out.push_back(value[at++]);
      continue;
    }
    constexpr std::string_view kEscapes = "bfnrt", kMeanings = "\b\f\n\r\t";
    if (value[at + 1] == 'u') {
      at = detail::append_escape(out, value, at);
      continue;
    }
    const std::size_t known = kEscapes.find(value[at + 1]);
    out.push_back(known == std::string_view::npos ? value[at + 1] : kMeanings[known]);
    at += 2;
  }
  return out;
}

/// A JSON value as a whole number; nothing when it is none, or does not fit.
inline std::optional<std::int64_t> integer(std::string_view value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [read_to, error] = std::from_chars(value.data(), end, number);
  if (value.empty() || error != std::errc() || read_to != end) return std::nullopt;
  return number;
}

/// The text of one member, still JSON, such as `find(event, {"task", "context"})`; nothing when
/// `document` or something on the way is no object or lacks the member. A view into `document`.
inline std::optional<std::string_view> find(std::string_view document,
                                            std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    std::optional<std::string_view> found;
    detail::each_part(document, '{', [&](std::string_view key, std::string_view value) {
      const bool is_plain = key.find('\\') == std::string_view::npos;
      if (is_plain ? key.substr(1, key.size() - 2) == name : text(key) == name) found = value;
      return found.has_value();
    });
    if (!found) return std::nullopt;
    document = *found;
  }
  return document;
}

/// The elements of a JSON list, still JSON; none when `document` is no list. Views into `document`.
inline std::vector<std::string_view> elements(std::string_view document) {
  std::vector<std::string_view> values;
  detail::each_part(document, '[', [&](std::string_view, std::string_view value) {
    values.push_back(value);
    return false;
  });
  return values;
}

/// A string that is gone before its views are used.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
std::vector<std::string_view> elements(Text&& document) = delete;

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
inline std::string quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = detail::utf8_bytes(text, at);
    const auto c = static_cast<unsigned char>(text[at]);
    if (bytes == 0) {
      detail::append_utf8(out, 0xFFFD);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(text[at]);
    } else if (c < 0x20) {
      out += "\\u00";
      out.push_back(kHex[c >> 4U]);
      out.push_back(kHex[c & 0xFU]);
    } else {
      out += text.substr(at, bytes);
    }
    at += std::max<std::size_t>(bytes, 1);
  }
  out.push_back('"');
  return out;
}

}  // namespace json

// ------------------------------------------------------------------------------------------ errors

/// Why a call failed. Copies share their content, so copying never throws.
/// Threads: any, several at once.
class Error : public std::exception {
 public:
  /// Takes over what a function of tasker.h returned; `error` may be null.
  Error(tasker_status status, tasker_error* error) : Error(read(status, error)) {}
  /// An error of the caller's own making, such as for a test.
  Error(tasker_status status, std::string message, std::string field = {})
      : Error(Parts{status, std::move(message), std::move(field), {}, {}, false}) {}

  /// From the JSON of an error as replies and notices carry it (contract/schema/error.json).
  static Error from_json(std::string_view document) {
    const auto member = [document](std::string_view name) {
      const auto found = json::find(document, {name});
      return found ? json::text(*found).value_or("") : "";
    };
    Parts parts{status_of(member("code")), member("message"),
                member("field"),           {},
                std::string(document),     json::find(document, {"retryable"}) == "true"};
    return Error(std::move(parts));
  }

  /// One of the TASKER_ERR_ numbers.
  tasker_status status() const noexcept { return parts_->status; }
  /// Its name, such as `FENCED`.
  const char* code() const noexcept { return tasker_status_name(parts_->status); }
  /// One line: field, value and what was expected.
  const std::string& message() const noexcept { return parts_->message; }
  /// Path of the input at fault, such as `steps[2].retry`; empty when there is none.
  const std::string& field() const noexcept { return parts_->field; }
  /// The whole error as JSON (contract/schema/error.json); empty for one of the caller's own.
  const std::string& json() const noexcept { return parts_->json; }
  /// Whether the same call may succeed later.
  bool retryable() const noexcept { return parts_->retryable; }
  /// Code and message.
  const char* what() const noexcept override { return parts_->what.c_str(); }

 private:
  struct Parts {
    tasker_status status;
    std::string message;
    std::string field;
    std::string what;
    std::string json;
    bool retryable;
  };

  explicit Error(Parts parts) {
    if (parts.message.empty()) parts.message = tasker_status_meaning(parts.status);
    parts.what = std::string(tasker_status_name(parts.status)) + ": " + parts.message;
    parts_ = std::make_shared<const Parts>(std::move(parts));
  }

  static Parts read(tasker_status status, tasker_error* error) {
    if (error == nullptr) return Parts{status, {}, {}, {}, {}, false};
    const std::unique_ptr<tasker_error, tasker_status (*)(tasker_error*)> owner(
        error, &tasker_error_destroy);
    return Parts{status, tasker_error_message(error), tasker_error_field(error),
                 {},     tasker_error_json(error),    tasker_error_retryable(error) != 0};
  }

  static tasker_status status_of(std::string_view code) noexcept {
    for (tasker_status status = -1; tasker_status_name(status) != std::string_view("UNKNOWN");
         --status) {
      if (tasker_status_name(status) == code) return status;
    }
    return TASKER_ERR_INTERNAL;
  }

  std::shared_ptr<const Parts> parts_;
};

namespace detail {

/// Calls `call(tasker_error**)`. @throws Error unless it returns TASKER_OK
template <class Call>
void run(Call&& call) {
  tasker_error* error = nullptr;
  const tasker_status status = call(&error);
  if (status != TASKER_OK) throw Error(status, error);
}

/// Calls `call(tasker_error**)`. False when it returns `ordinary`. @throws Error for other failures
template <class Call>
bool run_or(tasker_status ordinary, Call&& call) {
  tasker_error* error = nullptr;
  const tasker_status status = call(&error);
  if (status == TASKER_OK) return true;
  Error failure(status, error);
  if (status != ordinary) throw failure;
  return false;
}

/// A tasker_buffer that is released with its scope.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { tasker_buffer_destroy(&buffer_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  tasker_buffer* out() noexcept { return &buffer_; }
  std::string_view view() const noexcept { return {buffer_.data, buffer_.size}; }

 private:
  tasker_buffer buffer_ = TASKER_BUFFER_INIT;
};

/// The text that `call(tasker_buffer*, tasker_error**)` gives. @throws Error
template <class Call>
std::string text_of(Call&& call) {
  Buffer buffer;
  run([&](tasker_error** error) { return call(buffer.out(), error); });
  return std::string(buffer.view());
}

/// What does not fit becomes a number that every function of tasker.h refuses with its field.
inline std::uint32_t milliseconds(std::chrono::milliseconds timeout) noexcept {
  constexpr std::uint32_t kRefused = std::numeric_limits<std::uint32_t>::max();
  return timeout.count() < 0 || timeout.count() > kRefused
             ? kRefused
             : static_cast<std::uint32_t>(timeout.count());
}

template <class T>
void finalize(void* user_data) noexcept {
  delete static_cast<T*>(user_data);
}

}  // namespace detail

// ------------------------------------------------------------------------------- library functions

/// Version of the loaded library, `major.minor.patch`.
inline std::string_view version() noexcept { return tasker_version(); }

/// Checks a task template in YAML; needs no worker.
/// @return `{"ok":…,"problems":[{"line","field","reason"}],"template":{…}|null}`
/// @throws Error TOO_LARGE
inline std::string check_template(std::string_view yaml) {
  return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
    return tasker_check_template(yaml.data(), yaml.size(), out, error);
  });
}

/// Writes a line with the library's own logger, to stderr, at the level that TASKER_LOG_LEVEL
/// allows.
/// @param level        TASKER_LOG_TRACE..TASKER_LOG_ERROR
/// @param fields_json  JSON object of scalars; empty: none
/// @throws Error INVALID_JSON, INVALID_ARGUMENT: the line was not written
inline void log(int level, std::string_view message, std::string_view fields_json = {}) {
  detail::run([&](tasker_error** error) {
    return tasker_log(level, message.data(), message.size(),
                      fields_json.empty() ? nullptr : fields_json.data(), fields_json.size(),
                      error);
  });
}

// ------------------------------------------------------------------------------ values of a worker

/// One log line. Everything in it lives during the call only.
struct LogRecord {
  int level;                 ///< TASKER_LOG_…
  std::string_view message;  ///< constant text
  std::string_view fields;   ///< JSON object of the data
};

/// Receives log lines on threads of the library, one at a time. May not use the same worker.
using OnLog = std::function<void(const LogRecord&)>;

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

/// One element of Worker::complete_step_events.
struct Completion {
  std::string_view event_id;     ///< UUID text
  std::string_view result_json;  ///< contract/schema/step_result.json
};

/// What Worker::wait has seen.
enum class News {
  kMaybe,     ///< there may be news
  kNone,      ///< time has passed
  kDraining,  ///< no more step events will come, and nothing else waits
};

/// How Worker::run works. Its functions are called on the library's thread of wake-ups, one at a
/// time; they may use the worker.
struct RunOptions {
  unsigned threads = 1;  ///< handlers that run at once; 0: as many as the machine has processors
  std::function<void(std::string_view)> on_notice = {};  ///< contract/schema/notice.json
  std::function<void(std::string_view)> on_domain_event =
      {};  ///< contract/schema/domain_event.json
};

// ------------------------------------------------------------------------------------ event bus

/// A port to a worker's event bus: its own subscriptions, and one wake-up for all of them.
/// Transitions of tasks and steps are published on it, and whatever any thread and language of the
/// process publishes. The worker outlives it, or is closed first, after which every call throws
/// CLOSED. Threads: every member may be called from any, several at once, but for moving and
/// destroying it.
class Bus {
 public:
  Bus(Bus&& other) noexcept
      : worker_(std::exchange(other.worker_, nullptr)), number_(other.number_) {}
  Bus& operator=(Bus&&) = delete;
  ~Bus() {
    if (worker_ != nullptr) tasker_bus_close(worker_, number_, nullptr);
  }

  /// Makes an event known; the same again is no error.
  /// @param schema_json  JSON Schema of its payloads; empty: any JSON is one
  /// @throws Error INVALID_ARGUMENT, INVALID_JSON, INVALID_STATE (it has another schema), FULL
  void register_event(std::string_view name, std::string_view schema_json = {}) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_register_event(worker_, number_, name.data(), name.size(),
                                       schema_json.data(), schema_json.size(), error);
    });
  }

  /// JSON array of the events that are known, with their schemas and counts.
  std::string list_events() {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_list_events(worker_, number_, out, error);
    });
  }

  /// Publishes, and waits for queues that are full and whose policy is to wait.
  /// @throws Error NOT_FOUND, INVALID_JSON, TOO_LARGE; INVALID_ARGUMENT (the field is the place)
  void publish(std::string_view name, std::string_view payload_json) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_publish(worker_, number_, name.data(), name.size(), payload_json.data(),
                                payload_json.size(), error);
    });
  }

  /// The same without waiting; see tasker_bus_publish_begin.
  /// @return 0 when all is done, else a number that poll() tells the end of
  std::uint64_t publish_begin(std::string_view name, std::string_view payload_json,
                              std::uint32_t depth = 1) {
    std::uint64_t request = 0;
    detail::run([&](tasker_error** error) {
      return tasker_bus_publish_begin(worker_, number_, name.data(), name.size(),
                                      payload_json.data(), payload_json.size(), depth, &request,
                                      error);
    });
    return request;
  }

  /// Subscribes a queue to a name or a pattern such as `step.*`.
  /// @param options_json  `{"capacity","policy":"wait"|"refuse"|"drop_oldest","wait_ms"}`; empty:
  /// the
  ///                      defaults
  /// @return its number
  std::uint64_t subscribe(std::string_view pattern, std::string_view options_json = {}) {
    std::uint64_t subscription = 0;
    detail::run([&](tasker_error** error) {
      return tasker_bus_subscribe(worker_, number_, pattern.data(), pattern.size(),
                                  options_json.data(), options_json.size(), &subscription, error);
    });
    return subscription;
  }

  /// @throws Error NOT_FOUND
  void unsubscribe(std::uint64_t subscription) {
    detail::run([&](tasker_error** error) {
      return tasker_bus_unsubscribe(worker_, number_, subscription, error);
    });
  }

  /// JSON object: pattern, capacity, policy, depth, depth_max, delivered, lost.
  /// @throws Error NOT_FOUND
  std::string subscription(std::uint64_t subscription) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_get_subscription(worker_, number_, subscription, out, error);
    });
  }

  /// Up to `max` events (1..4096) of one subscription, or of all (0), as a JSON array; empty when
  /// none waits.
  std::string poll(std::uint32_t max = 64, std::uint64_t subscription = 0) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return tasker_bus_poll(worker_, number_, max, subscription, out, error);
    });
  }

  /// Waits up to `timeout` (at most a minute) for something to poll. False when nothing came.
  bool wait(std::chrono::milliseconds timeout) {
    return detail::run_or(TASKER_ERR_TIMED_OUT, [&](tasker_error** error) {
      return tasker_bus_wait(worker_, number_, detail::milliseconds(timeout), error);
    });
  }

  /// Sets what is called, on a thread of the library's, when something waits; empty removes it.
  /// @throws Error INVALID_STATE inside it
  void set_wakeup(std::function<void()> on_wakeup) {
    using Function = std::function<void()>;
    Function* const owned = on_wakeup ? new Function(std::move(on_wakeup)) : nullptr;
    detail::run([&](tasker_error** error) {
      return tasker_bus_set_wakeup(worker_, number_, owned == nullptr ? nullptr : &Bus::wake_up,
                                   owned, owned == nullptr ? nullptr : &detail::finalize<Function>,
                                   error);
    });
  }

 private:
  friend class Worker;

  explicit Bus(tasker_worker* worker) : worker_(worker) {
    detail::run([&](tasker_error** error) { return tasker_bus_open(worker, &number_, error); });
  }

  static void wake_up(void* user_data) noexcept {
    (*static_cast<std::function<void()>*>(user_data))();
  }

  tasker_worker* worker_;
  std::uint64_t number_ = 0;
};

// ------------------------------------------------------------------------------------------ worker

/// A worker: claims steps from its store, hands them out, records what came of them. Outlives the
/// calls that run in it. After fork() the child gets FORKED from it and may destroy it.
class Worker {
 public:
  /// Opens the store and registers a worker in it, which claims nothing until start() or run().
  /// Blocks while the store is opened, migrated and checked.
  ///
  /// @param config_json  object of settings, over TASKER_… variables, over defaults; empty: none
  ///                     (contract/schema/config.json)
  /// @param on_log       empty: one line for each event to stderr
  /// @throws Error UNSUPPORTED (also when the loaded library speaks another interface than this
  ///         header); INVALID_JSON; INVALID_CONFIG (the field is the key); a STORE_… status
  explicit Worker(std::string_view config_json = {}, OnLog on_log = {})
      : state_(std::make_unique<State>()) {
    if (tasker_abi_version() != TASKER_ABI_VERSION) {
      throw Error(TASKER_ERR_UNSUPPORTED, "the library speaks interface " +
                                              std::to_string(tasker_abi_version()) + "; expected " +
                                              std::to_string(TASKER_ABI_VERSION));
    }
    tasker_worker_options options = TASKER_WORKER_OPTIONS_INIT;
    if (on_log) {
      options.on_log = &Worker::log_line;
      options.log_user_data = new OnLog(std::move(on_log));
      options.log_finalizer = &detail::finalize<OnLog>;
    }
    detail::run([&](tasker_error** error) {
      return tasker_worker_open(config_json.empty() ? nullptr : config_json.data(),
                                config_json.size(), &options, &state_->handle, error);
    });
  }

  /// As close(), and ends the process when called from a callback of the same worker.
  ~Worker() {
    if (state_ != nullptr && close_handle(nullptr) == TASKER_ERR_INVALID_STATE) std::terminate();
  }
  Worker(Worker&&) noexcept = default;
  /// Closes what it held before.
  Worker& operator=(Worker&& other) noexcept {
    Worker taken(std::move(other));
    std::swap(state_, taken.state_);
    return *this;
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The handle, for functions of tasker.h. The worker keeps it; null after a move.
  tasker_worker* get() const noexcept { return state_ == nullptr ? nullptr : state_->handle; }

  /// Ends the worker at once: what it claimed and did not complete goes back to the store. Calls
  /// that wait in it fail with CLOSED first, futures too. drain() before it to end in good order.
  /// Does nothing the second time. @throws Error INVALID_STATE inside a callback of the same worker
  void close() {
    tasker_error* error = nullptr;
    const tasker_status status = close_handle(&error);
    if (status != TASKER_OK && status != TASKER_ERR_CLOSED) throw Error(status, error);
    tasker_error_destroy(error);
  }

  // ---- running steps

  /// Runs the handlers named in `handlers`: registers them, starts the worker when it is not
  /// started, runs their steps on `options.threads` threads and completes them. Returns when no
  /// more events will come, after drain() or close() on another thread. Meanwhile the worker's
  /// wake-up belongs to it, and it settles the futures of the …_begin functions.
  ///
  /// A result that is not JSON or too large fails its step with `invalid_result` or
  /// `result_too_large`; a completion that came too late is passed over.
  /// @throws Error INVALID_STATE when it runs already; what made the worker stop by itself; any
  ///         other failure of a poll
  void run(const Handlers& handlers, const RunOptions& options = {}) {
    const Running running(*state_);
    std::vector<std::string> names;
    for (const auto& [name, handler] : handlers) names.push_back(name);
    register_handlers(names);
    if (options.on_domain_event) keep_domain_events();
    set_wakeup([this, &options] {
      try {
        take_news(options);
      } catch (const Error& error) {
        note_failure(error);
      }
    });
    const WakeupReset reset{*this};
    detail::run_or(TASKER_ERR_INVALID_STATE,
                   [&](tasker_error** error) { return tasker_worker_start(get(), error); });
    run_threads(handlers, options.threads);
    take_news(options);
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->failure) throw Error(*std::exchange(state_->failure, std::nullopt));
  }

  /// Names handlers whose steps the worker takes. Known names are kept.
  void register_handlers(const std::vector<std::string>& callables) {
    std::string names = "[";
    for (const std::string& name : callables) {
      if (names.size() > 1) names += ',';
      names += json::quote(name);
    }
    names += ']';
    detail::run([&](tasker_error** error) {
      return tasker_worker_register_handlers(get(), names.data(), names.size(), error);
    });
  }

  /// Makes the worker take the steps of every handler, also of templates that come later.
  void register_all_handlers() {
    detail::run(
        [&](tasker_error** error) { return tasker_worker_register_all_handlers(get(), error); });
  }

  /// Begins to claim. @throws Error INVALID_STATE when it was started before
  void start() {
    detail::run([&](tasker_error** error) { return tasker_worker_start(get(), error); });
  }

  /// Takes up to `events_max` events (1..4096), waiting up to `timeout` (0..60 s) for the first.
  /// Their deadlines run from here on. Empty: time has passed; nothing: no more will come.
  std::optional<std::vector<StepEvent>> poll_step_events(std::uint32_t events_max,
                                                         std::chrono::milliseconds timeout) {
    detail::Buffer buffer;
    const bool more = detail::run_or(TASKER_ERR_DRAINING, [&](tasker_error** error) {
      return tasker_worker_poll_step_events(get(), events_max, detail::milliseconds(timeout),
                                            buffer.out(), error);
    });
    if (!more) return std::nullopt;
    std::vector<StepEvent> events;
    for (const std::string_view event : json::elements(buffer.view())) {
      events.emplace_back(std::string(event));
    }
    return events;
  }

  /// Completes a step event with a result document (contract/schema/step_result.json).
  /// @throws Error UNKNOWN_EVENT; FENCED: it came too late; INVALID_JSON, TOO_LARGE,
  ///         INVALID_ARGUMENT, FULL: the event stays open
  void complete_step_event(std::string_view event_id, std::string_view result_json) {
    detail::run([&](tasker_error** error) { return complete(event_id, result_json, error); });
  }

  /// Completes up to 4096 step events. @return a status for each, as complete_step_event
  std::vector<tasker_status> complete_step_events(const std::vector<Completion>& completions) {
    std::vector<tasker_completion> list;
    list.reserve(completions.size());
    for (const Completion& each : completions) {
      list.push_back({each.event_id.data(), each.event_id.size(), each.result_json.data(),
                      each.result_json.size()});
    }
    std::vector<tasker_status> statuses(list.size(), TASKER_ERR_INVALID_ARGUMENT);
    // The first refusal is the call's own outcome too; here each element has its own.
    tasker_error* error = nullptr;
    const tasker_status status = tasker_worker_complete_step_events(get(), list.data(), list.size(),
                                                                    statuses.data(), &error);
    const bool is_of_an_element =
        std::find(statuses.begin(), statuses.end(), status) != statuses.end();
    if (status != TASKER_OK && (!is_of_an_element || is_of_call(error))) {
      throw Error(status, error);
    }
    tasker_error_destroy(error);
    return statuses;
  }

  /// Stores how far a running step has got and dispatches it again, with the same attempt. Blocks
  /// until the checkpoint is durable. @return the event id of the continuation
  /// @throws Error as complete_step_event; a STORE_… status: the attempt has failed, retryably
  std::string checkpoint_step_event(std::string_view event_id, std::string_view checkpoint_json) {
    constexpr std::size_t kIdBytes = 37;
    char id[kIdBytes] = {};
    detail::run([&](tasker_error** error) {
      return tasker_worker_checkpoint_step_event(get(), event_id.data(), event_id.size(),
                                                 checkpoint_json.data(), checkpoint_json.size(), id,
                                                 error);
    });
    return id;
  }

  // ---- tasks and templates

  /// Creates one task (contract/schema/task_request.json). Blocks until it is durable.
  /// @return its UUID; that of the task which has the idempotency key already
  /// @throws Error INVALID_JSON; INVALID_ARGUMENT with the field; NOT_FOUND: no such template
  std::string create_task(std::string_view request_json) {
    const std::string list = create_tasks("[" + std::string(request_json) + "]");
    const auto created = json::elements(list);
    if (created.size() != 1) {
      throw Error(TASKER_ERR_INVALID_ARGUMENT, "the request is not one JSON object");
    }
    if (const auto error = json::find(created[0], {"error"})) throw Error::from_json(*error);
    return json::text(json::find(created[0], {"task_uuid"}).value_or("")).value_or("");
  }

  /// Creates the tasks of a JSON array in as few commits as possible. Blocks until they are
  /// durable.
  /// @return JSON array in the same order: `{"task_uuid","duplicate"}` or `{"error":{…}}`
  std::string create_tasks(std::string_view requests_json) {
    return text_of(&tasker_worker_create_tasks, requests_json);
  }

  /// Waits until a task has ended, whichever process ends it; 0 waits without a limit.
  /// @return name of its state, such as `complete`; nothing when time has passed
  /// @throws Error NOT_FOUND; CLOSED when the worker stops first
  std::optional<std::string> wait_task(std::string_view task_uuid,
                                       std::chrono::milliseconds timeout = {}) {
    detail::Buffer state;
    const bool ended = detail::run_or(TASKER_ERR_TIMED_OUT, [&](tasker_error** error) {
      return tasker_worker_wait_task(get(), task_uuid.data(), task_uuid.size(),
                                     detail::milliseconds(timeout), state.out(), error);
    });
    if (!ended) return std::nullopt;
    return json::text(state.view());
  }

  /// A task with the state of its steps (contract/schema/task.json). @throws Error NOT_FOUND
  std::string get_task(std::string_view task_uuid) {
    return text_of(&tasker_worker_get_task, task_uuid);
  }

  /// Tasks, newest first, one page: `{"tasks":[…],"pagination":{…}}`.
  /// @param params_json  `{"limit","offset","namespace","status"}`; empty: `{}`
  std::string list_tasks(std::string_view params_json = "{}") {
    return text_of(&tasker_worker_list_tasks, params_json.empty() ? "{}" : params_json);
  }

  /// The steps of a task: JSON array of contract/schema/step.json. @throws Error NOT_FOUND
  std::string list_task_steps(std::string_view task_uuid) {
    return text_of(&tasker_worker_list_task_steps, task_uuid);
  }

  /// One step of a task (contract/schema/step.json). @throws Error NOT_FOUND
  std::string get_step(std::string_view task_uuid, std::string_view step_uuid) {
    return text_of(&tasker_worker_get_step, task_uuid, step_uuid);
  }

  /// What became of each attempt of a step, a JSON array. @throws Error NOT_FOUND
  std::string get_step_audit_history(std::string_view task_uuid, std::string_view step_uuid) {
    return text_of(&tasker_worker_get_step_audit_history, task_uuid, step_uuid);
  }

  /// Cancels a task and its unfinished steps; running attempts are fenced off, in whatever process.
  /// @throws Error NOT_FOUND; INVALID_STATE when the task has ended
  void cancel_task(std::string_view task_uuid) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_cancel_task(get(), task_uuid.data(), task_uuid.size(), error);
    });
  }

  /// Gives each failed step of a blocked task a fresh set of attempts. @return how many steps
  /// @throws Error NOT_FOUND; INVALID_STATE unless the task is blocked_by_failures or error
  std::uint32_t retry_task(std::string_view task_uuid) {
    std::uint32_t steps = 0;
    detail::run([&](tasker_error** error) {
      return tasker_worker_retry_task(get(), task_uuid.data(), task_uuid.size(), &steps, error);
    });
    return steps;
  }

  /// Checks a task template in YAML and stores it. The same content again changes nothing.
  /// @return `{"namespace","name","version","revision","changed"}`
  /// @throws Error INVALID_TEMPLATE (all problems, each with its line); UNSUPPORTED
  std::string put_template(std::string_view yaml) {
    return text_of(&tasker_worker_put_template, yaml);
  }

  /// The newest revision of each template, a JSON array.
  std::string list_templates() { return text_of(&tasker_worker_list_templates); }

  // ---- without blocking: futures

  /// As the blocking ones of the same name. The futures hold JSON text (that array; the state as a
  /// string; the new event id as a string; a number of steps; null) or throw its Error. They are
  /// settled by poll_replies(), which run() calls by itself, and by close().
  std::future<std::string> create_tasks_begin(std::string_view requests_json) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_create_tasks_begin(get(), requests_json.data(), requests_json.size(),
                                              request, error);
    });
  }
  std::future<std::string> wait_task_begin(std::string_view task_uuid,
                                           std::chrono::milliseconds timeout = {}) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_wait_task_begin(get(), task_uuid.data(), task_uuid.size(),
                                           detail::milliseconds(timeout), request, error);
    });
  }
  std::future<std::string> checkpoint_step_event_begin(std::string_view event_id,
                                                       std::string_view checkpoint_json) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_checkpoint_step_event_begin(get(), event_id.data(), event_id.size(),
                                                       checkpoint_json.data(),
                                                       checkpoint_json.size(), request, error);
    });
  }
  std::future<std::string> drain_begin(std::chrono::milliseconds timeout) {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_drain_begin(get(), detail::milliseconds(timeout), request, error);
    });
  }
  /// Does what takes time in close(), which then returns at once.
  std::future<std::string> stop_begin() {
    return begin([&](std::uint64_t* request, tasker_error** error) {
      return tasker_worker_stop_begin(get(), request, error);
    });
  }

  /// Settles the futures whose replies are there; does not wait. @return how many
  std::size_t poll_replies() {
    std::size_t settled = 0;
    for (std::string batch; !(batch = poll(&tasker_worker_poll_replies)).empty();) {
      for (const std::string_view reply : json::elements(batch)) settled += settle(reply) ? 1U : 0U;
    }
    return settled;
  }

  // ---- news without polling

  /// Sets what is told when step events, notices, domain events or replies wait, on a thread kept
  /// for it: it may block, and may use the worker but for close(), set_wakeup() and run(). After a
  /// call the next one comes only once polls have found nothing more. Replaces the last one; an
  /// empty function removes it. After return the old one is not called any more.
  /// @throws Error INVALID_STATE inside it
  void set_wakeup(std::function<void()> on_wakeup) {
    using Function = std::function<void()>;
    Function* const owned = on_wakeup ? new Function(std::move(on_wakeup)) : nullptr;
    detail::run([&](tasker_error** error) {
      return tasker_worker_set_wakeup(get(), owned == nullptr ? nullptr : &Worker::wake_up, owned,
                                      owned == nullptr ? nullptr : &detail::finalize<Function>,
                                      error);
    });
  }

  /// Opens a port to the worker's event bus.
  /// @throws Error FULL
  Bus open_bus() { return Bus(get()); }

  /// A descriptor that is readable while news may wait, for poll, epoll and event loops. Polls keep
  /// it up to date; the caller neither reads nor closes it. It lives until the worker is closed.
  /// @throws Error TOO_LARGE when the process has no descriptor left
  int event_fd() {
    std::int32_t descriptor = -1;
    detail::run(
        [&](tasker_error** error) { return tasker_worker_event_fd(get(), &descriptor, error); });
    return descriptor;
  }

  /// Waits until there is news or `timeout` (0..60 s) has passed.
  News wait(std::chrono::milliseconds timeout) {
    tasker_error* error = nullptr;
    const tasker_status status = tasker_worker_wait(get(), detail::milliseconds(timeout), &error);
    if (status == TASKER_OK) return News::kMaybe;
    const Error failure(status, error);
    if (status == TASKER_ERR_TIMED_OUT) return News::kNone;
    if (status == TASKER_ERR_DRAINING) return News::kDraining;
    throw Error(failure);
  }

  /// Takes up to `notices_max` (1..4096) notices: JSON array of contract/schema/notice.json, empty
  /// text when none waits. Inside run() they go to RunOptions::on_notice instead.
  std::string poll_notices(std::uint32_t notices_max = kBatchMax) {
    return poll(&tasker_worker_poll_notices, notices_max);
  }

  /// Keeps domain events of this process from now on, the newest 2000; before, none are kept.
  void keep_domain_events() {
    detail::run(
        [&](tasker_error** error) { return tasker_worker_keep_domain_events(get(), error); });
  }

  /// Takes up to `events_max` (1..4096) domain events: JSON array of
  /// contract/schema/domain_event.json, empty text when none waits.
  std::string poll_domain_events(std::uint32_t events_max = kBatchMax) {
    return poll(&tasker_worker_poll_domain_events, events_max);
  }

  // ---- durable domain events

  /// Subscribes to durable domain events: contract/schema/event_subscription.json.
  void subscribe_domain_events(std::string_view subscription_json) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_subscribe_domain_events(get(), subscription_json.data(),
                                                   subscription_json.size(), error);
    });
  }

  /// Takes no more events for the subscriber here; what is out goes to others and costs no attempt.
  void unsubscribe_domain_events(std::string_view subscriber) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_unsubscribe_domain_events(get(), subscriber.data(), subscriber.size(),
                                                     error);
    });
  }

  /// Forgets a subscriber for good, with all that was to be delivered to it.
  void remove_subscriber(std::string_view subscriber) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_remove_subscriber(get(), subscriber.data(), subscriber.size(), error);
    });
  }

  /// Takes up to `deliveries_max` (1..4096) durable events: JSON array of
  /// contract/schema/event_delivery.json, empty text when none waits.
  std::string poll_deliveries(std::uint32_t deliveries_max = kBatchMax) {
    return poll(&tasker_worker_poll_deliveries, deliveries_max);
  }

  /// The event has been dealt with.
  void acknowledge_delivery(std::string_view delivery_id) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_acknowledge_delivery(get(), delivery_id.data(), delivery_id.size(),
                                                error);
    });
  }

  /// The event could not be dealt with; `failure_json` is `{"message","error_type","retryable"}`.
  void fail_delivery(std::string_view delivery_id, std::string_view failure_json) {
    detail::run([&](tasker_error** error) {
      return tasker_worker_fail_delivery(get(), delivery_id.data(), delivery_id.size(),
                                         failure_json.data(), failure_json.size(), error);
    });
  }

  // ---- status and the end

  /// State, settings and counts, a JSON object.
  std::string get_status() { return text_of(&tasker_worker_get_status); }
  /// Counts and latency histograms by handler and outcome, a JSON object.
  std::string get_metrics() { return text_of(&tasker_worker_get_metrics); }
  /// Counts of the dispatch channel (contract/schema/dispatch_metrics.json).
  std::string get_dispatch_metrics() { return text_of(&tasker_worker_get_dispatch_metrics); }
  /// Logs one warning for each event that runs longer than 10 s and was not reported before.
  void check_starvation_warnings() {
    detail::run([&](tasker_error** error) {
      return tasker_worker_check_starvation_warnings(get(), error);
    });
  }

  /// Stops claiming, hands back what was not started, waits up to `timeout` (0..1 h) for the
  /// running handlers and records what they complete. Steps that still run then are handed back,
  /// which costs no attempt. @return how many steps were handed back
  /// @throws Error INVALID_STATE unless the worker runs
  std::uint32_t drain(std::chrono::milliseconds timeout) {
    std::uint32_t handed_back = 0;
    detail::run([&](tasker_error** error) {
      return tasker_worker_drain(get(), detail::milliseconds(timeout), &handed_back, error);
    });
    return handed_back;
  }

 private:
  static constexpr std::uint32_t kBatchMax = 4096;
  static constexpr std::chrono::milliseconds kPause{5};  // while a channel of the library is full

  /// What functions of the worker share across threads and moves.
  struct State {
    tasker_worker* handle = nullptr;
    std::mutex mutex;
    std::map<std::uint64_t, std::promise<std::string>> promises;            // under mutex
    std::map<std::string, std::shared_ptr<std::atomic<bool>>> abort_flags;  // under mutex
    std::set<std::string> early_aborts;  // notices that overtook their events; under mutex
    std::optional<Error> failure;        // why the worker stopped by itself; under mutex
    std::atomic<bool> is_running{false};
  };

  /// One run() at a time.
  class Running {
   public:
    explicit Running(State& state) : state_(state) {
      if (state_.is_running.exchange(true)) {
        throw Error(TASKER_ERR_INVALID_STATE, "the worker runs already; run() was called twice");
      }
    }
    ~Running() { state_.is_running = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    State& state_;
  };

  struct WakeupReset {
    Worker& worker;
    explicit WakeupReset(Worker& of) : worker(of) {}
    WakeupReset(const WakeupReset&) = delete;
    WakeupReset& operator=(const WakeupReset&) = delete;
    // A worker that was closed meanwhile has none any more.
    ~WakeupReset() { tasker_worker_set_wakeup(worker.get(), nullptr, nullptr, nullptr, nullptr); }
  };

  /// Threads of run(), joined at its end however it ends.
  struct Crew {
    std::vector<std::thread> threads;
    std::atomic<bool> stopping{false};
    std::mutex mutex;
    std::exception_ptr failure;  // the first; under mutex

    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() {
      for (std::thread& thread : threads) {
        if (thread.joinable()) thread.join();
      }
    }

    void fail(std::exception_ptr why) {
      stopping = true;
      const std::lock_guard<std::mutex> lock(mutex);
      if (failure == nullptr) failure = std::move(why);
    }
  };

  static void wake_up(void* user_data) noexcept {
    (*static_cast<std::function<void()>*>(user_data))();
  }
  static void log_line(void* user_data, const tasker_log_record* record) noexcept {
    (*static_cast<OnLog*>(user_data))({record->level, record->message, record->fields});
  }

  /// Whether an error of complete_step_events is about its parameters and not about an element.
  static bool is_of_call(const tasker_error* error) {
    return std::string_view(tasker_error_field(error)).substr(0, 12) != "completions[";
  }

  template <class Function, class... Texts>
  std::string text_of(Function function, Texts... texts) {
    return detail::text_of([&](tasker_buffer* out, tasker_error** error) {
      return std::apply([&](auto... parts) { return function(get(), parts..., out, error); },
                        std::tuple_cat(std::make_tuple(texts.data(), texts.size())...));
    });
  }

  template <class Function>
  std::string poll(Function function, std::uint32_t max = kBatchMax) {
    return detail::text_of(
        [&](tasker_buffer* out, tasker_error** error) { return function(get(), max, out, error); });
  }

  /// The lock is held from before the request is known, so that its reply finds the promise.
  template <class Begin>
  std::future<std::string> begin(Begin&& call) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    std::promise<std::string> promise;
    std::future<std::string> future = promise.get_future();
    std::uint64_t request = 0;
    detail::run([&](tasker_error** error) { return call(&request, error); });
    state_->promises.emplace(request, std::move(promise));
    return future;
  }

  bool settle(std::string_view reply) {
    const auto request = json::integer(json::find(reply, {"request"}).value_or(""));
    const std::unique_lock<std::mutex> lock(state_->mutex);
    auto found = state_->promises.extract(static_cast<std::uint64_t>(request.value_or(0)));
    if (found.empty()) return false;
    if (const auto error = json::find(reply, {"error"})) {
      found.mapped().set_exception(std::make_exception_ptr(Error::from_json(*error)));
    } else {
      found.mapped().set_value(std::string(json::find(reply, {"result"}).value_or("null")));
    }
    return true;
  }

  tasker_status close_handle(tasker_error** error) noexcept {
    if (state_ == nullptr) return TASKER_OK;
    const tasker_status status = tasker_worker_close(state_->handle, error);
    if (status == TASKER_ERR_INVALID_STATE) return status;
    std::map<std::uint64_t, std::promise<std::string>> abandoned;
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      abandoned.swap(state_->promises);
    }
    for (auto& [request, promise] : abandoned) {
      promise.set_exception(
          std::make_exception_ptr(Error(TASKER_ERR_CLOSED, "the worker was closed")));
    }
    return status;
  }

  tasker_status complete(std::string_view event_id, std::string_view document,
                         tasker_error** error) {
    return tasker_worker_complete_step_event(get(), event_id.data(), event_id.size(),
                                             document.data(), document.size(), error);
  }

  // ---- run()

  void run_threads(const Handlers& handlers, unsigned count) {
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    Crew crew;
    try {
      for (unsigned i = 0; i < count; ++i) {
        crew.threads.emplace_back([this, &handlers, &crew] { run_steps(handlers, crew); });
      }
    } catch (...) {
      crew.fail(std::current_exception());
    }
    for (std::thread& thread : crew.threads) thread.join();
    if (crew.failure != nullptr) std::rethrow_exception(crew.failure);
  }

  void run_steps(const Handlers& handlers, Crew& crew) noexcept {
    constexpr std::chrono::milliseconds kPatience{1000};
    try {
      while (!crew.stopping) {
        auto events = poll_step_events(1, kPatience);
        if (!events) return;
        for (StepEvent& event : *events) run_step(handlers, event);
      }
    } catch (const Error& error) {
      if (error.status() != TASKER_ERR_CLOSED) crew.fail(std::current_exception());
    } catch (...) {
      crew.fail(std::current_exception());
    }
  }

  void run_step(const Handlers& handlers, StepEvent& event) {
    watch_aborts(event);
    const auto started = std::chrono::steady_clock::now();
    StepResult result = call_handler(handlers, event);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    if (const auto* checkpoint = std::get_if<Checkpoint>(&result)) {
      result = yield_step(event, *checkpoint);
    }
    if (const auto* text = std::get_if<std::string>(&result)) {
      finish(event, success_document(event, *text, took), took);
    } else if (const auto* failure = std::get_if<Failure>(&result)) {
      finish(event, failure_document(event, *failure, took), took);
    }
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->abort_flags.erase(event.id());
  }

  static StepResult call_handler(const Handlers& handlers, const StepEvent& event) {
    const auto found = handlers.find(event.handler());
    if (found == handlers.end()) {
      return Failure{"no handler is called " + event.handler(), "handler_not_found", false};
    }
    try {
      return found->second(event);
    } catch (const std::exception& error) {
      return Failure{error.what()};
    } catch (...) {
      return Failure{"the handler threw what is no std::exception"};
    }
  }

  /// A checkpoint that is refused because of what it says fails the step.
  StepResult yield_step(const StepEvent& event, const Checkpoint& checkpoint) {
    while (true) {
      try {
        checkpoint_step_event(event.id(), checkpoint.json);
        return checkpoint;
      } catch (const Error& error) {
        if (is_content(error.status())) {
          return Failure{error.message(), "invalid_checkpoint", false};
        }
        if (is_settled(error.status())) return checkpoint;
        if (error.status() != TASKER_ERR_FULL) throw;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  /// Whether the event is gone and its step in order: it came too late, or the attempt has failed.
  static bool is_settled(tasker_status status) noexcept {
    return status == TASKER_ERR_FENCED || status == TASKER_ERR_UNKNOWN_EVENT ||
           (status <= TASKER_ERR_STORE_UNAVAILABLE && status >= TASKER_ERR_STORE_FAILED);
  }

  static bool is_content(tasker_status status) noexcept {
    return status == TASKER_ERR_INVALID_JSON || status == TASKER_ERR_INVALID_ARGUMENT ||
           status == TASKER_ERR_TOO_LARGE;
  }

  /// Completes the event; what the library refuses to take becomes a failure of the step.
  void finish(const StepEvent& event, const std::string& document, std::chrono::milliseconds took) {
    constexpr std::size_t kMessageMax = 200;
    tasker_error* error = nullptr;
    tasker_status status = complete(event.id(), document, &error);
    while (status == TASKER_ERR_FULL) {
      tasker_error_destroy(std::exchange(error, nullptr));
      std::this_thread::sleep_for(kPause);
      status = complete(event.id(), document, &error);
    }
    if (status == TASKER_OK) return;
    const Error refusal(status, error);
    if (is_content(status)) {
      const char* const type =
          status == TASKER_ERR_TOO_LARGE ? "result_too_large" : "invalid_result";
      const Failure failure{refusal.message().substr(0, kMessageMax), type, false};
      complete(event.id(), failure_document(event, failure, took), nullptr);
    } else if (!is_settled(status)) {
      throw Error(refusal);
    }
  }

  static std::string success_document(const StepEvent& event, const std::string& result,
                                      std::chrono::milliseconds took) {
    return "{\"step_uuid\":" + json::quote(event.step_uuid()) +
           ",\"success\":true,\"status\":\"completed\",\"result\":" +
           (result.empty() ? "{}" : result) +
           ",\"metadata\":{\"execution_time_ms\":" + std::to_string(took.count()) + "}}";
  }

  static std::string failure_document(const StepEvent& event, const Failure& failure,
                                      std::chrono::milliseconds took) {
    constexpr std::size_t kMessageMax = 8192;
    const std::string type = json::quote(failure.error_type);
    const std::string retryable = failure.retryable ? "true" : "false";
    const std::string delay =
        failure.retry_after_seconds
            ? ",\"retry_after_seconds\":" + std::to_string(*failure.retry_after_seconds)
            : "";
    return "{\"step_uuid\":" + json::quote(event.step_uuid()) +
           ",\"success\":false,\"status\":\"failed\",\"result\":{},\"metadata\":" +
           "{\"execution_time_ms\":" + std::to_string(took.count()) +
           ",\"retryable\":" + retryable + ",\"error_type\":" + type + delay +
           "},\"error\":{\"message\":" +
           json::quote(std::string_view(failure.message).substr(0, kMessageMax)) +
           ",\"error_type\":" + type + ",\"retryable\":" + retryable + "}}";
  }

  /// Lets notices find the event's flag; one that came first is remembered.
  void watch_aborts(const StepEvent& event) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->early_aborts.erase(event.id()) > 0) *event.aborted_ = true;
    state_->abort_flags[event.id()] = event.aborted_;
  }

  /// Takes all that waits besides step events.
  void take_news(const RunOptions& options) {
    try {
      poll_replies();
      for (std::string batch; !(batch = poll_notices()).empty();) {
        for (const std::string_view notice : json::elements(batch)) {
          take_notice(notice);
          if (options.on_notice) options.on_notice(notice);
        }
      }
      if (!options.on_domain_event) return;
      for (std::string batch; !(batch = poll_domain_events()).empty();) {
        for (const std::string_view event : json::elements(batch)) options.on_domain_event(event);
      }
    } catch (const Error& error) {
      if (error.status() != TASKER_ERR_CLOSED) throw;
    }
  }

  void note_failure(const Error& error) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (!state_->failure) state_->failure = error;
  }

  void take_notice(std::string_view notice) {
    constexpr std::size_t kEarlyAbortsMax = 1024;
    const auto member = [notice](std::string_view name) {
      return json::text(json::find(notice, {name}).value_or("")).value_or("");
    };
    const std::string kind = member("kind");
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (kind == "failed") {
      if (const auto error = json::find(notice, {"error"}))
        state_->failure = Error::from_json(*error);
    } else if (kind == "abort") {
      const auto found = state_->abort_flags.find(member("event_id"));
      if (found != state_->abort_flags.end()) {
        *found->second = true;
        return;
      }
      if (state_->early_aborts.size() >= kEarlyAbortsMax) state_->early_aborts.clear();
      state_->early_aborts.insert(member("event_id"));
    }
  }

  std::unique_ptr<State> state_;
};

}  // namespace tasker
