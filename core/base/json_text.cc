#include "core/base/json_text.h"

#include <charconv>
#include <system_error>

#include "core/base/json_scan.h"
#include "core/base/utf8.h"

namespace tasker::base {
namespace {

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, 4)) {
    const auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

JsonKind json_kind(std::string_view value) {
  switch (value.empty() ? '\0' : value.front()) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBoolean;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::string json_string_value(std::string_view quoted) {
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  std::string value;
  for (std::size_t slash = rest.find('\\'); slash != std::string_view::npos;
       slash = rest.find('\\')) {
    value += rest.substr(0, slash);
    const char kind = rest[slash + 1];
    rest.remove_prefix(slash + 2);
    constexpr std::string_view kFrom = "bfnrt";
    constexpr std::string_view kTo = "\b\f\n\r\t";
    if (kind != 'u') {
      const std::size_t at = kFrom.find(kind);
      value += at == std::string_view::npos ? kind : kTo[at];
      continue;
    }
    std::uint32_t code = hex4(rest);
    rest.remove_prefix(4);
    if (code >= 0xD800 && code < 0xDC00 && rest.substr(0, 2) == "\\u") {
      const std::uint32_t low = hex4(rest.substr(2));
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
        rest.remove_prefix(6);
      }
    }
    append_utf8(value, code);
  }
  value += rest;
  return value;
}

std::string_view json_string_view(std::string_view quoted, std::string& memory) {
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  memory = json_string_value(quoted);
  return memory;
}

std::optional<double> json_number_value(std::string_view value) {
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto [parsed_to, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || parsed_to != end) return std::nullopt;
  return number;
}

JsonTextReader::JsonTextReader(std::string_view text) : text_(text) {
  skip_to_token();
  ++at_;
}

bool JsonTextReader::next(Member& member) {
  skip_to_token();
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  member.name = token();
  skip_to_token();
  member.value = token();
  return true;
}

bool JsonTextReader::next(std::string_view& element) {
  skip_to_token();
  if (at_ >= text_.size() || text_[at_] == ']') return false;
  element = token();
  return true;
}

/// Past white space and the separators, which a checked text has in the right places.
void JsonTextReader::skip_to_token() {
  constexpr ByteSet kBetween(" \n\r\t:,");
  while (at_ < text_.size() && kBetween.has(text_[at_])) ++at_;
}

std::string_view JsonTextReader::token() {
  const std::size_t from = at_;
  const char first = at_ < text_.size() ? text_[at_] : '\0';
  if (first == '"')
    skip_string();
  else if (first == '{' || first == '[')
    skip_container();
  else
    skip_plain();
  return text_.substr(from, at_ - from);
}

void JsonTextReader::skip_string() {
  at_ = find_not_plain(text_, at_ + 1);
  while (at_ < text_.size() && text_[at_] != '"') at_ = find_not_plain(text_, at_ + 2);
  ++at_;
}

void JsonTextReader::skip_container() {
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    switch (text_[at_]) {
      case '"':
        skip_string();
        break;
      case '{':
      case '[':
        ++depth;
        ++at_;
        break;
      case '}':
      case ']':
        ++at_;
        if (--depth == 0) return;
        break;
      default:
        ++at_;
    }
  }
}

/// A number or a literal.
void JsonTextReader::skip_plain() {
  constexpr ByteSet kEnds(" \n\r\t,}]");
  while (at_ < text_.size() && !kEnds.has(text_[at_])) ++at_;
}

}  // namespace tasker::base
