// The handle names, called from C++: errors as values, texts as strings.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

/// What `call(&error)` left: OK, or the error, which is released.
template <class Call>
base::Status status_from(Call call) {
  tasker_error* error = nullptr;
  const tasker_status status = call(&error);
  if (status == TASKER_OK) return {};
  base::Error failure{static_cast<base::ErrorCode>(-status), tasker_error_message(error),
                      tasker_error_field(error)};
  (void)tasker_error_destroy(error);
  return base::fail(std::move(failure));
}

/// A text of the library's, released at the end.
class OwnedText {
 public:
  OwnedText() = default;
  ~OwnedText() { tasker_buffer_destroy(&buffer_); }
  OwnedText(OwnedText&& other) noexcept
      : buffer_(std::exchange(other.buffer_, tasker_buffer{nullptr, 0})) {}
  OwnedText& operator=(OwnedText&&) = delete;

  tasker_buffer* out() { return &buffer_; }
  std::string_view view() const { return {buffer_.data, buffer_.size}; }
  /// The caller's from here on; free_rust_string releases it.
  char* release() { return std::exchange(buffer_, tasker_buffer{nullptr, 0}).data; }

 private:
  tasker_buffer buffer_ = TASKER_BUFFER_INIT;
};

/// As status_from, for `call(&buffer, &error)`.
template <class Call>
base::Result<OwnedText> text_from(Call call) {
  OwnedText text;
  auto status = status_from([&](tasker_error** error) { return call(text.out(), error); });
  if (!status) return base::fail(std::move(status.error()));
  return text;
}

}  // namespace tasker::c
