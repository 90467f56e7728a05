#include "core/base/error.h"

#include <array>
#include <cstdio>

#include "core/base/json.h"
#include "core/base/utf8.h"

namespace tasker::base {
namespace {

constexpr std::size_t kShownCharactersMax = 80;
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

void append_escaped(std::string& out, char32_t code) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(code));
  out += text.data();
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::string_view code_name(ErrorCode code) {
  switch (code) {
#define TASKER_ERROR(name, number, retryable, meaning) \
  case ErrorCode::k##name:                             \
    return #name;
#include "contract/errors.def"
#undef TASKER_ERROR
  }
  return "UNKNOWN";
}

std::string_view code_meaning(ErrorCode code) {
  switch (code) {
#define TASKER_ERROR(name, number, retryable, meaning) \
  case ErrorCode::k##name:                             \
    return meaning;
#include "contract/errors.def"
#undef TASKER_ERROR
  }
  return "a code that this version does not know";
}

bool code_retryable(ErrorCode code) {
  switch (code) {
#define TASKER_ERROR(name, number, retryable, meaning) \
  case ErrorCode::k##name:                             \
    return retryable;
#include "contract/errors.def"
#undef TASKER_ERROR
  }
  return false;
}

std::string Error::to_json() const {
  std::string out = "{\"code\":\"";
  out += code_name(code);
  out += "\",\"message\":";
  append_json_string(out, message);
  append_member(out, "field", field);
  out += code_retryable(code) ? ",\"retryable\":true" : ",\"retryable\":false";
  append_member(out, "detail", detail);
  out += '}';
  return out;
}

std::string shown(std::string_view value) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t characters = 0; at < value.size(); ++characters) {
    if (characters == kShownCharactersMax) {
      out += kEllipsis;
      break;
    }
    const Utf8Step step = utf8_at(value, at);
    if (!step.well_formed) {
      out += kUtf8Replacement;
    } else if (is_control(step.code)) {
      append_escaped(out, step.code);
    } else {
      out += value.substr(at, step.bytes);
    }
    at += step.bytes;
  }
  return out;
}

}  // namespace tasker::base
