// Laying one JSON object over another without touching the text of their values.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"

namespace tasker::base {
namespace {

struct Member {
  std::string_view key;    ///< with its quotes, as written
  std::string_view value;  ///< as written
};

/// Reads the members of a text that is known to be a JSON object.
class MemberReader {
 public:
  explicit MemberReader(std::string_view object) : text_(object) {
    skip_to_token();
    ++at_;
  }

  bool next(Member& member) {
    skip_to_token();
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    member.key = token();
    skip_to_token();
    member.value = token();
    return true;
  }

 private:
  /// Past white space and the separators, which a checked text has in the right places.
  void skip_to_token() {
    at_ = text_.find_first_not_of(" \n\r\t:,", at_);
    if (at_ == std::string_view::npos) at_ = text_.size();
  }

  std::string_view token() {
    const std::size_t from = at_;
    std::size_t depth = 0;
    do {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else {
        skip_plain();
      }
    } while (depth > 0 && at_ < text_.size());
    return text_.substr(from, at_ - from);
  }

  void skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
  }

  /// A number or a literal, or the separators inside a container.
  void skip_plain() {
    at_ = text_.find_first_of(" \n\r\t,:\"{}[]", at_ + 1);
    if (at_ == std::string_view::npos) at_ = text_.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, 4)) {
    const auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * 16 + digit;
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
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

/// What a member name says, so that `"a"` and `"\u0061"` are one. Half of a surrogate pair is kept
/// as three bytes of its own.
std::string name_of(std::string_view quoted) {
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  std::string name;
  for (std::size_t slash = rest.find('\\'); slash != std::string_view::npos;
       slash = rest.find('\\')) {
    name += rest.substr(0, slash);
    const char kind = rest[slash + 1];
    rest.remove_prefix(slash + 2);
    constexpr std::string_view kFrom = "bfnrt";
    constexpr std::string_view kTo = "\b\f\n\r\t";
    if (kind != 'u') {
      const std::size_t at = kFrom.find(kind);
      name += at == std::string_view::npos ? kind : kTo[at];
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
    append_utf8(name, code);
  }
  name += rest;
  return name;
}

bool has_members(std::string_view object) {
  Member member;
  return MemberReader(object).next(member);
}

}  // namespace

std::string merge_json_objects(std::string_view under, std::string_view over) {
  if (!has_members(under)) return std::string(over);
  if (!has_members(over)) return std::string(under);
  std::vector<Member> members;
  std::unordered_map<std::string, std::size_t> places;
  for (const std::string_view object : {under, over}) {
    MemberReader reader(object);
    for (Member member; reader.next(member);) {
      const auto [place, is_new] = places.try_emplace(name_of(member.key), members.size());
      if (is_new) {
        members.push_back(member);
      } else {
        members[place->second] = member;
      }
    }
  }
  std::string out;
  out.reserve(under.size() + over.size());
  for (const Member& member : members) {
    out += out.empty() ? '{' : ',';
    out += member.key;
    out += ':';
    out += member.value;
  }
  out += '}';
  return out;
}

}  // namespace tasker::base
