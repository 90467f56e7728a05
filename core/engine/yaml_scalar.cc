#include "core/engine/yaml_scalar.h"

#include <charconv>
#include <system_error>

namespace tasker::engine {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal_digit(char c) { return c >= '0' && c <= '7'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

template <class Predicate>
std::size_t count_leading(std::string_view text, Predicate predicate) {
  std::size_t count = 0;
  while (count < text.size() && predicate(text[count])) ++count;
  return count;
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return !text.empty() && count_leading(text, predicate) == text.size();
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

/// A float taken apart: digits '.' digits 'e' exponent, each part possibly empty.
struct FloatParts {
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  ///< with its sign
};

std::optional<FloatParts> split_float(std::string_view text) {
  text = without_sign(text);
  FloatParts parts;
  parts.whole = text.substr(0, count_leading(text, is_digit));
  text.remove_prefix(parts.whole.size());
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    parts.fraction = text.substr(0, count_leading(text, is_digit));
    text.remove_prefix(parts.fraction.size());
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (text.empty()) return parts;
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  parts.exponent = text.substr(1);
  if (!all_of(without_sign(parts.exponent), is_digit)) return std::nullopt;
  return parts;
}

}  // namespace

YamlType plain_scalar_type(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return YamlType::kNull;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    return YamlType::kBoolean;
  }
  if (all_of(without_sign(text), is_digit)) return YamlType::kInteger;
  if (text.starts_with("0o") && all_of(text.substr(2), is_octal_digit)) return YamlType::kInteger;
  if (text.starts_with("0x") && all_of(text.substr(2), is_hex_digit)) return YamlType::kInteger;
  if (split_float(text)) return YamlType::kFloat;
  const std::string_view magnitude = without_sign(text);
  if (magnitude == ".inf" || magnitude == ".Inf" || magnitude == ".INF" || text == ".nan" ||
      text == ".NaN" || text == ".NAN") {
    return YamlType::kNotFinite;
  }
  return YamlType::kString;
}

bool plain_boolean(std::string_view text) { return text[0] == 't' || text[0] == 'T'; }

std::optional<std::int64_t> plain_integer(std::string_view text) {
  int base = 10;
  if (text.starts_with("0o")) base = 8;
  if (text.starts_with("0x")) base = 16;
  if (base != 10) text.remove_prefix(2);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> plain_float_json(std::string_view text) {
  const auto parts = split_float(text);
  if (!parts) return std::nullopt;
  std::string json;
  if (text[0] == '-') json += '-';
  std::string_view whole = parts->whole;
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  json += whole.empty() ? std::string_view("0") : whole;
  json += '.';
  json += parts->fraction.empty() ? std::string_view("0") : parts->fraction;
  if (!parts->exponent.empty()) {
    json += 'e';
    json += parts->exponent;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc()) return std::nullopt;
  return json;
}

}  // namespace tasker::engine
