// What every part of the C++ front end uses: its one exception, and calls of tasker.h. tasker.hpp
// includes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tasker/json.hpp"
#include "tasker/tasker.h"

namespace tasker {

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

/// Sets a wake-up by `call(callback, user_data, finalizer, tasker_error**)`; an empty function
/// removes it.
template <class Call>
void set_wakeup(std::function<void()> on_wakeup, Call&& call) {
  using Function = std::function<void()>;
  Function* const owned = on_wakeup ? new Function(std::move(on_wakeup)) : nullptr;
  const tasker_wakeup_callback wake_up = [](void* user_data) {
    (*static_cast<Function*>(user_data))();
  };
  run([&](tasker_error** error) {
    return owned == nullptr ? call(nullptr, nullptr, nullptr, error)
                            : call(wake_up, owned, &finalize<Function>, error);
  });
}

}  // namespace detail

}  // namespace tasker
