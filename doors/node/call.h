// One call from JavaScript: its arguments checked and converted, its failure thrown.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/uuid.h"

namespace tasker::node {

/// Throws `error` as a JavaScript Error with `code`, `field`, `retryable` and `detail`.
/// Does nothing while another exception is pending: that one is the news.
void throw_error(napi_env env, const base::Error& error);

/// The same as a value, for rejecting a promise. Null when the environment is going down.
napi_value make_error(napi_env env, const base::Error& error);

/// A JavaScript string. Null when the environment is going down.
napi_value make_string(napi_env env, std::string_view text);

/// A JavaScript string's text; nullopt for what is no readable string.
std::optional<std::string> read_text(napi_env env, napi_value value);

/// Memory for the texts of calls, kept from one to the next. Threads: the environment's own.
class TextBuffer {
 public:
  /// The text of `value`, until the next call; nullopt when it is no string.
  std::optional<std::string_view> read(napi_env env, napi_value value);

 private:
  std::size_t capacity_ = 0;
  std::unique_ptr<char[]> memory_;
};

/// Arguments of one call. Reads report INVALID_ARGUMENT with the argument's name as the field.
/// Threads: the environment's own.
class Call {
 public:
  static constexpr std::size_t kArgumentsMax = 4;

  Call(napi_env env, napi_callback_info info, std::string_view function);

  napi_env env() const { return env_; }
  napi_value receiver() const { return this_; }
  void* data() const { return data_; }

  /// The argument as it is; null when it was not given.
  napi_value value(std::size_t index) const { return index < count_ ? arguments_[index] : nullptr; }
  /// Whether there is an argument other than undefined.
  bool is_given(std::size_t index) const { return type(index) != napi_undefined; }

  base::Result<std::string> text(std::size_t index, std::string_view name) const;
  /// As text, borrowed from `buffer`.
  base::Result<std::string_view> text(std::size_t index, std::string_view name,
                                      TextBuffer& buffer) const;
  base::Result<base::Uuid> uuid(std::size_t index, std::string_view name) const;
  /// null gives nullopt; undefined is refused.
  base::Result<std::optional<std::string>> text_or_null(std::size_t index,
                                                        std::string_view name) const;
  base::Result<std::vector<std::string>> texts(std::size_t index, std::string_view name) const;
  base::Result<std::int64_t> integer(std::size_t index, std::string_view name, std::int64_t min,
                                     std::int64_t max) const;
  /// A function, or null (then the result is nullptr).
  base::Result<napi_value> function_or_null(std::size_t index, std::string_view name) const;

 private:
  napi_valuetype type(std::size_t index) const;
  tl::unexpected<base::Error> refuse(std::string_view name, napi_value value,
                                     std::string_view expected) const;

  napi_env env_;
  std::string_view function_;
  napi_value this_ = nullptr;
  void* data_ = nullptr;
  std::size_t count_ = kArgumentsMax;
  napi_value arguments_[kArgumentsMax] = {};
};

}  // namespace tasker::node
