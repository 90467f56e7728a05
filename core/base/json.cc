// The grammar is walked here and not by simdjson, whose document parser refuses texts that
// JSON.stringify writes (2 ** 65, half of a surrogate pair), tells no position and wants a padded
// copy. simdjson checks the UTF-8, which is most of the work on large texts.
#include "core/base/json.h"

#include <simdjson.h>

#include <string>

#include "core/base/json_scan.h"
#include "core/base/utf8.h"

namespace tasker::base {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Walks one document. After a false return `expected` says what is missing at byte `at`.
class Grammar {
 public:
  Grammar(std::string_view text, std::uint32_t depth_max) : text_(text), depth_max_(depth_max) {}

  bool document() {
    for (;;) {
      skip_space();
      const char c = peek();
      if (c == '{' || c == '[') {
        if (!open(c)) return false;
        if (inside_) continue;
      } else if (!scalar(c)) {
        return false;
      }
      if (!close_and_continue()) return false;
      if (open_.empty()) return true;
    }
  }

  std::size_t at() const { return at_; }
  bool too_deep() const { return too_deep_; }
  std::string_view expected() const { return expected_; }

 private:
  // A NUL byte is legal nowhere in JSON, so it can also stand for the end.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool miss(std::string_view expected) {
    expected_ = expected;
    return false;
  }

  void skip_space() {
    while (at_ < text_.size() && kJsonSpace.has(text_[at_])) ++at_;
  }

  /// Enters an object or array; `inside_` tells whether a first value is to follow.
  bool open(char bracket) {
    if (open_.size() >= depth_max_) {
      too_deep_ = true;
      return false;
    }
    ++at_;
    skip_space();
    inside_ = peek() != (bracket == '{' ? '}' : ']');
    if (!inside_) {
      ++at_;
      return true;
    }
    open_.push_back(bracket);
    return bracket == '[' || key();
  }

  /// After a value: leaves what ends here and goes on to the next value, or to the end of the text.
  bool close_and_continue() {
    for (;;) {
      skip_space();
      if (open_.empty()) return at_ == text_.size() || miss("the end of the text");
      const bool object = open_.back() == '{';
      const char c = peek();
      if (c == ',') {
        ++at_;
        skip_space();
        return !object || key();
      }
      if (c != (object ? '}' : ']')) return miss(object ? "`,` or `}`" : "`,` or `]`");
      ++at_;
      open_.pop_back();
    }
  }

  bool key() {
    if (peek() != '"') return miss("a member name in quotes");
    if (!string()) return false;
    skip_space();
    if (peek() != ':') return miss("`:`");
    ++at_;
    return true;
  }

  bool scalar(char first) {
    switch (first) {
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return first == '-' || is_digit(first) ? number() : miss("a value");
    }
  }

  bool literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return miss("`true`, `false` or `null`");
    at_ += word.size();
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return miss("a digit");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      return digits();
    }
    return true;
  }

  bool string() {
    ++at_;
    for (;;) {
      at_ = find_not_plain(text_, at_);
      if (peek() == '"') {
        ++at_;
        return true;
      }
      if (at_ >= text_.size()) return miss("`\"`");
      if (peek() != '\\') return miss("an escape instead of a control character");
      ++at_;
      if (!escape()) return false;
    }
  }

  bool escape() {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    const char c = peek();
    if (c != '\0' && kShort.find(c) != std::string_view::npos) {
      ++at_;
      return true;
    }
    if (c != 'u') return miss("one of `\"\\/bfnrtu` after `\\`");
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (!is_hex(peek())) return miss("four hexadecimal digits after `\\u`");
    }
    return true;
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
  std::string open_;  ///< the brackets that are open, outermost first
  bool inside_ = false;
  bool too_deep_ = false;
  std::string_view expected_;
};

std::size_t first_malformed_utf8(std::string_view text) {
  std::size_t at = 0;
  for (Utf8Step step = utf8_at(text, at); step.well_formed; step = utf8_at(text, at)) {
    at += step.bytes;
  }
  return at;
}

std::string found_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return "the text ends";
  const Utf8Step step = utf8_at(text, at);
  return "found `" + shown(text.substr(at, step.bytes)) + "`";
}

std::string subject(std::string_view field) {
  return std::string(field.empty() ? std::string_view("the text") : field);
}

tl::unexpected<Error> too_large(std::string_view text, std::string_view field,
                                std::size_t bytes_max) {
  return fail(ErrorCode::kTOO_LARGE,
              subject(field) + " has " + std::to_string(text.size()) + " bytes; at most " +
                  std::to_string(bytes_max) + " are allowed",
              std::string(field));
}

tl::unexpected<Error> not_utf8(std::string_view text, std::string_view field) {
  return fail(ErrorCode::kINVALID_JSON,
              subject(field) + " is not UTF-8: malformed sequence at byte " +
                  std::to_string(first_malformed_utf8(text)),
              std::string(field));
}

tl::unexpected<Error> not_json(std::string_view text, std::string_view field,
                               const Grammar& grammar, const JsonLimits& limits) {
  const std::string place = "at byte " + std::to_string(grammar.at());
  if (grammar.too_deep()) {
    return fail(ErrorCode::kTOO_LARGE,
                subject(field) + " is nested too deep " + place + "; at most " +
                    std::to_string(limits.depth_max) + " levels are allowed",
                std::string(field));
  }
  return fail(ErrorCode::kINVALID_JSON,
              subject(field) + " is not JSON: " + place + " " + found_at(text, grammar.at()) +
                  " where " + std::string(grammar.expected()) + " is expected",
              std::string(field));
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
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
      out += "\\u00";
      out += kHexDigits[static_cast<std::uint8_t>(c) >> 4U];
      out += kHexDigits[static_cast<std::uint8_t>(c) & 0x0FU];
  }
}

std::string with_replacements(std::string_view text) {
  std::string out;
  out.reserve(text.size() + kUtf8Replacement.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = utf8_at(text, at);
    out += step.well_formed ? text.substr(at, step.bytes) : kUtf8Replacement;
    at += step.bytes;
  }
  return out;
}

/// `text` is UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = find_not_plain(text, at);
    out.append(text, at, end - at);
    if (end < text.size()) append_escaped(out, text[end++]);
    at = end;
  }
  out += '"';
}

/// What simdjson works with are statics of its own, made at their first use. A worker that a static
/// of the program holds is closed after main and needs them still: made when the library is loaded,
/// before any such static, they go after it.
__attribute__((constructor(101))) void make_statics_of_simdjson() {
  [[maybe_unused]] const bool made = simdjson::validate_utf8("", 0);
}

}  // namespace

Status check_json(std::string_view text, std::string_view field, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) return too_large(text, field, limits.bytes_max);
  if (!simdjson::validate_utf8(text)) return not_utf8(text, field);
  Grammar grammar(text, limits.depth_max);
  if (!grammar.document()) return not_json(text, field, grammar, limits);
  return {};
}

Status check_json_object(JsonText json, std::string_view field, const JsonLimits& limits) {
  const std::string_view text = json.text();
  if (!json.is_checked()) {
    Status checked = check_json(text, field, limits);
    if (!checked) return checked;
  } else if (text.size() > limits.bytes_max) {
    return too_large(text, field, limits.bytes_max);
  }
  const std::size_t first = text.find_first_not_of(" \n\r\t");
  if (text[first] == '{') return {};
  return fail(ErrorCode::kINVALID_JSON,
              subject(field) + " is `" + shown(text.substr(first)) + "`; a JSON object is expected",
              std::string(field));
}

void append_json_string(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    append_quoted(out, text);
  } else {
    append_quoted(out, with_replacements(text));
  }
}

}  // namespace tasker::base
