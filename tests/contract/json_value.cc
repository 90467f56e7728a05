#include "tests/contract/json_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "core/base/utf8.h"

namespace tasker::contract {

using base::fail;
using base::Result;
using Kind = JsonValue::Kind;

namespace {

constexpr int kDepthMax = 2000;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<JsonValue> document() {
    auto value = read(0);
    skip_space();
    if (value && at_ != text_.size()) return wrong("text after the document");
    return value;
  }

 private:
  tl::unexpected<base::Error> wrong(std::string_view what) const {
    return fail(base::ErrorCode::kINVALID_JSON,
                fmt::format("{} at byte {} of {}", what, at_, text_.size()));
  }
  void skip_space() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Result<JsonValue> read(int depth) {
    if (depth > kDepthMax) return wrong("too deep");
    skip_space();
    if (take("null")) return JsonValue::null();
    if (take("true")) return JsonValue::boolean(true);
    if (take("false")) return JsonValue::boolean(false);
    if (take("[")) return array(depth);
    if (take("{")) return object(depth);
    if (take("\"")) {
      auto text = string();
      if (!text) return fail(text.error());
      return JsonValue::string(std::move(*text));
    }
    const std::size_t end = std::min(text_.find_first_not_of("+-.eE0123456789", at_), text_.size());
    if (end == at_) return wrong("no value");
    std::string number(text_.substr(at_, end - at_));
    at_ = end;
    return JsonValue::number(std::move(number));
  }

  Result<JsonValue> array(int depth) {
    JsonValue value{.kind = Kind::kArray};
    skip_space();
    if (take("]")) return value;
    do {
      auto item = read(depth + 1);
      if (!item) return item;
      value.items.push_back(std::move(*item));
      skip_space();
    } while (take(","));
    if (!take("]")) return wrong("no end of the array");
    return value;
  }

  Result<JsonValue> object(int depth) {
    JsonValue value = JsonValue::object();
    skip_space();
    if (take("}")) return value;
    do {
      skip_space();
      if (!take("\"")) return wrong("no name");
      auto name = string();
      if (!name) return fail(name.error());
      if (value.find(*name) != nullptr) return wrong("a member that is given twice");
      skip_space();
      if (!take(":")) return wrong("no colon");
      auto member = read(depth + 1);
      if (!member) return member;
      value.members.emplace_back(std::move(*name), std::move(*member));
      skip_space();
    } while (take(","));
    if (!take("}")) return wrong("no end of the object");
    return value;
  }

  Result<std::string> string() {
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) return wrong("no end of the string");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return wrong("a control character in a string");
      ++at_;
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return wrong("no such escape");
      }
    }
  }

  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
      out += kMeanings[known];
      return true;
    }
    if (c != 'u') return false;
    auto code = hex4();
    if (!code) return false;
    if (*code >= 0xD800 && *code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      at_ += 2;
      const auto low = hex4();
      if (!low) return false;
      if (*low >= 0xDC00 && *low < 0xE000) {
        code = 0x10000U + ((*code - 0xD800U) << 10U) + (*low - 0xDC00U);
      } else {
        at_ = before;
      }
    }
    base::append_utf8(out, *code);
    return true;
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const std::size_t digit = at_ < text_.size()
                                    ? std::string_view("0123456789abcdefABCDEF").find(text_[at_])
                                    : std::string_view::npos;
      if (digit == std::string_view::npos) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
      ++at_;
    }
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_half_surrogate(std::string_view rest) {
  return rest.size() >= 3 && rest[0] == '\xED' && static_cast<unsigned char>(rest[1]) >= 0xA0;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '"' || text[i] == '\\') {
      out += '\\';
      out += text[i];
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else if (is_half_surrogate(text.substr(i))) {
      const unsigned code = 0xD000U | ((static_cast<unsigned>(text[i + 1]) & 0x3FU) << 6U) |
                            (static_cast<unsigned>(text[i + 2]) & 0x3FU);
      out += fmt::format("\\u{:04x}", code);
      i += 2;
    } else {
      out += text[i];
    }
  }
  out += '"';
}

void append(std::string& out, const JsonValue& value) {
  bool first = true;
  const auto comma = [&] {
    if (!first) out += ',';
    first = false;
  };
  switch (value.kind) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBoolean:
      out += value.truth ? "true" : "false";
      return;
    case Kind::kNumber:
      out += value.text;
      return;
    case Kind::kString:
      append_string(out, value.text);
      return;
    case Kind::kArray:
      out += '[';
      for (const JsonValue& item : value.items) {
        comma();
        append(out, item);
      }
      out += ']';
      return;
    case Kind::kObject:
      out += '{';
      for (const auto& [name, member] : value.members) {
        comma();
        append_string(out, name);
        out += ':';
        append(out, member);
      }
      out += '}';
      return;
  }
}

}  // namespace

double JsonValue::as_double() const { return std::strtod(text.c_str(), nullptr); }

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

void JsonValue::set(std::string_view name, JsonValue value) {
  for (auto& [known, old] : members) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  members.emplace_back(name, std::move(value));
}

bool operator==(const JsonValue& left, const JsonValue& right) {
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBoolean:
      return left.truth == right.truth;
    case Kind::kNumber:
      return left.text == right.text || left.as_double() == right.as_double();
    case Kind::kString:
      return left.text == right.text;
    case Kind::kArray:
      return left.items == right.items;
    case Kind::kObject:
      return left.members.size() == right.members.size() &&
             std::all_of(left.members.begin(), left.members.end(), [&](const auto& member) {
               const JsonValue* other = right.find(member.first);
               return other != nullptr && *other == member.second;
             });
  }
  return false;
}

Result<JsonValue> parse_json(std::string_view text) { return Parser(text).document(); }

std::string to_json(const JsonValue& value) {
  std::string out;
  append(out, value);
  return out;
}

const JsonValue* at_pointer(const JsonValue& value, std::string_view pointer) {
  const JsonValue* at = &value;
  while (at != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    if (at->is(Kind::kArray)) {
      std::size_t index = at->items.size();
      (void)std::from_chars(token.data(), token.data() + token.size(), index);
      at = index < at->items.size() ? &at->items[index] : nullptr;
    } else {
      std::string name(token);
      for (std::size_t tilde = 0; (tilde = name.find('~', tilde)) != std::string::npos; ++tilde)
        name.replace(tilde, 2, name.substr(tilde, 2) == "~1" ? "/" : "~");
      at = at->find(name);
    }
  }
  return at;
}

}  // namespace tasker::contract
