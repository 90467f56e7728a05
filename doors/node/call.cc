#include "doors/node/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tasker::node {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t kUuidTextBytes = 36;
constexpr std::size_t kTextBytesFirst = 4U << 10;
constexpr std::size_t kKeptTextBytesMax = 1U << 20;

// Whether a step fails because the environment goes down or an exception is pending does not matter
// here: either way there is nobody left to tell.
void set_text(napi_env env, napi_value object, const char* name, std::string_view text) {
  const napi_value value = make_string(env, text);
  if (value) (void)napi_set_named_property(env, object, name, value);
}

std::string_view type_name(napi_valuetype type) {
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return "a number";
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_object:
      return "an object";
    case napi_function:
      return "a function";
    case napi_external:
      return "an external";
    case napi_bigint:
      return "a bigint";
  }
  return "a value of unknown type";
}

// No early end, so that the compiler turns it into a few wide instructions.
bool is_ascii(std::string_view text) {
  unsigned char seen = 0;
  for (const char c : text) seen = static_cast<unsigned char>(seen | static_cast<unsigned char>(c));
  return seen < 0x80;
}

}  // namespace

std::optional<std::string> read_text(napi_env env, napi_value value) {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return std::nullopt;
  std::string text(length, '\0');
  // The buffer's last byte is the terminator that std::string has anyway.
  if (napi_get_value_string_utf8(env, value, text.data(), length + 1, &length) != napi_ok)
    return std::nullopt;
  text.resize(length);
  return text;
}

std::optional<std::string_view> TextBuffer::read(napi_env env, napi_value value) {
  if (capacity_ == 0 || capacity_ > kKeptTextBytesMax) {
    memory_ = std::make_unique_for_overwrite<char[]>(kTextBytesFirst);
    capacity_ = kTextBytesFirst;
  }
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, value, memory_.get(), capacity_, &length) != napi_ok)
    return std::nullopt;
  // A text that may have been cut off: what is left has no room for a character of four bytes.
  if (length + 4 >= capacity_) {
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return std::nullopt;
    capacity_ = length + 5;
    memory_ = std::make_unique_for_overwrite<char[]>(capacity_);
    if (napi_get_value_string_utf8(env, value, memory_.get(), capacity_, &length) != napi_ok)
      return std::nullopt;
  }
  return std::string_view(memory_.get(), length);
}

napi_value make_string(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  // One-byte strings are copied without decoding; most JSON is plain ASCII.
  const napi_status status = is_ascii(text)
                                 ? napi_create_string_latin1(env, text.data(), text.size(), &value)
                                 : napi_create_string_utf8(env, text.data(), text.size(), &value);
  return status == napi_ok ? value : nullptr;
}

napi_value make_error(napi_env env, const Error& error) {
  const napi_value code = make_string(env, base::code_name(error.code));
  const napi_value message = make_string(env, error.message);
  napi_value object = nullptr;
  if (!code || !message || napi_create_error(env, code, message, &object) != napi_ok)
    return nullptr;
  if (!error.field.empty()) set_text(env, object, "field", error.field);
  if (!error.detail.empty()) set_text(env, object, "detail", error.detail);
  napi_value retryable = nullptr;
  if (napi_get_boolean(env, base::code_retryable(error.code), &retryable) == napi_ok)
    (void)napi_set_named_property(env, object, "retryable", retryable);
  return object;
}

void throw_error(napi_env env, const Error& error) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return;
  if (const napi_value object = make_error(env, error)) (void)napi_throw(env, object);
}

Call::Call(napi_env env, napi_callback_info info, std::string_view function)
    : env_(env), function_(function) {
  if (napi_get_cb_info(env, info, &count_, arguments_, &this_, &data_) != napi_ok) count_ = 0;
}

napi_valuetype Call::type(std::size_t index) const {
  napi_valuetype type = napi_undefined;
  if (index < count_) (void)napi_typeof(env_, arguments_[index], &type);
  return type;
}

tl::unexpected<Error> Call::refuse(std::string_view name, napi_value value,
                                   std::string_view expected) const {
  napi_valuetype type = napi_undefined;
  if (value) (void)napi_typeof(env_, value, &type);
  return base::fail(
      ErrorCode::kINVALID_ARGUMENT,
      fmt::format("{}: {} is {}; expected {}", function_, name, type_name(type), expected),
      std::string(name));
}

Result<std::string> Call::text(std::size_t index, std::string_view name) const {
  if (type(index) != napi_string) return refuse(name, arguments_[index], "a string");
  auto text = read_text(env_, arguments_[index]);
  if (!text) return refuse(name, arguments_[index], "a readable string");
  return std::move(*text);
}

Result<std::string_view> Call::text(std::size_t index, std::string_view name,
                                    TextBuffer& buffer) const {
  if (index < count_)
    if (const auto text = buffer.read(env_, arguments_[index])) return *text;
  return refuse(name, arguments_[index], "a string");
}

Result<base::Uuid> Call::uuid(std::size_t index, std::string_view name) const {
  // A longer text is cut off, and no UUID either way.
  char text[kUuidTextBytes + 2];
  std::size_t length = 0;
  if (index < count_ &&
      napi_get_value_string_utf8(env_, arguments_[index], text, sizeof text, &length) == napi_ok)
    if (const auto id = base::parse_uuid({text, length})) return *id;
  const auto given = this->text(index, name);
  if (!given) return base::fail(given.error());
  return base::fail(ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{} is \"{}\"; expected a UUID", name, base::shown(*given)),
                    std::string(name));
}

Result<std::optional<std::string>> Call::text_or_null(std::size_t index,
                                                      std::string_view name) const {
  if (type(index) == napi_null) return std::optional<std::string>{};
  auto value = text(index, name);
  if (!value) return refuse(name, arguments_[index], "a string or null");
  return std::optional<std::string>(std::move(*value));
}

Result<std::vector<std::string>> Call::texts(std::size_t index, std::string_view name) const {
  constexpr std::uint32_t kTextsMax = 100'000;
  bool is_array = false;
  std::uint32_t length = 0;
  if (index >= count_ || napi_is_array(env_, arguments_[index], &is_array) != napi_ok ||
      !is_array || napi_get_array_length(env_, arguments_[index], &length) != napi_ok ||
      length > kTextsMax)
    return refuse(name, arguments_[index], "an array of at most 100000 strings");
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    napi_valuetype element_type = napi_undefined;
    if (napi_get_element(env_, arguments_[index], i, &element) != napi_ok ||
        napi_typeof(env_, element, &element_type) != napi_ok || element_type != napi_string)
      return refuse(fmt::format("{}[{}]", name, i), element, "a string");
    auto text = read_text(env_, element);
    if (!text) return refuse(fmt::format("{}[{}]", name, i), element, "a readable string");
    texts.push_back(std::move(*text));
  }
  return texts;
}

Result<std::int64_t> Call::integer(std::size_t index, std::string_view name, std::int64_t min,
                                   std::int64_t max) const {
  double value = 0;
  const bool is_number =
      index < count_ && napi_get_value_double(env_, arguments_[index], &value) == napi_ok;
  if (is_number && std::trunc(value) == value && value >= static_cast<double>(min) &&
      value <= static_cast<double>(max))
    return static_cast<std::int64_t>(value);
  const std::string expected = fmt::format("an integer from {} to {}", min, max);
  if (!is_number) return refuse(name, arguments_[index], expected);
  return base::fail(ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{}: {} is {}; expected {}", function_, name, value, expected),
                    std::string(name));
}

Result<napi_value> Call::function_or_null(std::size_t index, std::string_view name) const {
  switch (type(index)) {
    case napi_null:
      return nullptr;
    case napi_function:
      return arguments_[index];
    default:
      return refuse(name, arguments_[index], "a function or null");
  }
}

}  // namespace tasker::node
