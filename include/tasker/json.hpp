// The few functions of tasker::json: they find a member in a document that the library wrote, and
// quote a string. tasker.hpp includes it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace tasker {

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

/// A JSON array of strings.
inline std::string array_of_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    out += quote(text);
  }
  return out + ']';
}

}  // namespace json

}  // namespace tasker
