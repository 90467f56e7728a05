#include "tests/contract/vector_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <regex>

namespace tasker::contract {

using Kind = JsonValue::Kind;

namespace {

const JsonValue* only_member(const JsonValue& value, std::string_view name) {
  return value.is(Kind::kObject) && value.members.size() == 1 ? value.find(name) : nullptr;
}

std::string with_captures(std::string_view piece, const Captures& captures) {
  std::string out;
  for (;;) {
    const std::size_t start = piece.find("${");
    const std::size_t end = piece.find('}', start);
    if (end == std::string_view::npos) break;
    const auto found = captures.find(piece.substr(start + 2, end - start - 2));
    out += piece.substr(0, start);
    out += found == captures.end() ? std::string(piece.substr(start, end + 1 - start))
                                   : found->second.text;
    piece.remove_prefix(end + 1);
  }
  return out.append(piece);
}

bool has_pattern(const JsonValue& value, const std::string& pattern) {
  constexpr std::size_t kMatchedBytesMax = 4000;  // std::regex recurses with the length
  return value.is(Kind::kString) &&
         std::regex_search(value.text.substr(0, kMatchedBytesMax), std::regex(pattern));
}

std::string differs(const std::string& path, const JsonValue& value, std::string_view expected) {
  return fmt::format("{}: got {}\n  expected {}", path.empty() ? "/" : path,
                     to_json(value).substr(0, 400), expected.substr(0, 400));
}

}  // namespace

std::string joined(const JsonValue& pieces, const Captures& captures) {
  if (pieces.is(Kind::kString)) return with_captures(pieces.text, captures);
  if (const JsonValue* const repeated = pieces.find("repeat")) {
    std::string out;
    const JsonValue* const times = pieces.find("times");
    for (int i = 0; times != nullptr && i < static_cast<int>(times->as_double()); ++i)
      out += repeated->text;
    return out;
  }
  std::string out;
  for (const JsonValue& piece : pieces.items) out += joined(piece, captures);
  return out;
}

JsonValue resolved(const JsonValue& value, const Captures& captures) {
  if (const JsonValue* const pieces = only_member(value, "$string"))
    return JsonValue::string(joined(*pieces, captures));
  if (value.is(Kind::kString) && value.text.starts_with('$')) {
    const auto found = captures.find(std::string_view(value.text).substr(1));
    if (found != captures.end()) return found->second;
  }
  JsonValue out = value;
  for (JsonValue& item : out.items) item = resolved(item, captures);
  for (auto& [name, member] : out.members) member = resolved(member, captures);
  return out;
}

TextArgument json_argument(const JsonValue& argument, const Captures& captures) {
  if (argument.is(Kind::kNull)) return {.is_null = true};
  if (const JsonValue* const pieces = only_member(argument, "$text"))
    return {.text = joined(*pieces, captures)};
  return {.text = to_json(resolved(argument, captures))};
}

std::string Matcher::mismatch(const JsonValue& expected, const JsonValue& value,
                              const std::string& path) const {
  if (expected.is(Kind::kObject) && only_member(expected, "$string") == nullptr) {
    if (expected.members.size() == 1 && expected.members[0].first.starts_with('$'))
      return mismatch_matcher(expected.members[0].first, expected.members[0].second, value, path);
    return mismatch_members(expected, value, path);
  }
  if (expected.is(Kind::kArray)) {
    if (!value.is(Kind::kArray) || value.items.size() != expected.items.size())
      return differs(path, value, fmt::format("an array of {}", expected.items.size()));
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      auto wrong = mismatch(expected.items[i], value.items[i], fmt::format("{}/{}", path, i));
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  const JsonValue wanted = resolved(expected, captures_);
  return value == wanted ? std::string() : differs(path, value, to_json(wanted));
}

std::string Matcher::mismatch_members(const JsonValue& expected, const JsonValue& value,
                                      const std::string& path) const {
  if (!value.is(Kind::kObject)) return differs(path, value, "an object");
  for (const auto& [name, member] : expected.members) {
    if (name == "$schema") {
      auto wrong = schemas_.mismatch(member.text, value);
      if (!wrong.empty()) return fmt::format("{} is no {}: {}", path, member.text, wrong);
      continue;
    }
    const JsonValue* const found = value.find(name);
    const bool absent = only_member(member, "$absent") != nullptr;
    if (found == nullptr && !absent) return differs(path, value, "a member " + name);
    if (absent && found != nullptr) return differs(path + "/" + name, *found, "no such member");
    if (absent) continue;
    auto wrong = mismatch(member, *found, path + "/" + name);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string Matcher::mismatch_matcher(std::string_view name, const JsonValue& operand,
                                      const JsonValue& value, const std::string& path) const {
  if (name == "$any") return {};
  if (name == "$schema") return schemas_.mismatch(operand.text, value);
  if (name == "$matches")
    return has_pattern(value, operand.text) ? "" : differs(path, value, "match " + operand.text);
  if (name == "$between") {
    const bool inside = value.is(Kind::kNumber) && operand.items.size() == 2 &&
                        value.as_double() >= operand.items[0].as_double() &&
                        value.as_double() <= operand.items[1].as_double();
    return inside ? "" : differs(path, value, "between " + to_json(operand));
  }
  if (name == "$length") {
    const bool fits =
        value.is(Kind::kArray) && static_cast<double>(value.items.size()) == operand.as_double();
    return fits ? "" : differs(path, value, "length " + operand.text);
  }
  if (name == "$exactly") {
    const JsonValue wanted = resolved(operand, captures_);
    return value == wanted ? "" : differs(path, value, "exactly " + to_json(wanted));
  }
  if (name == "$contains") return mismatch_contained(operand, value, path);
  if (name == "$one_of") {
    const bool fits = std::any_of(operand.items.begin(), operand.items.end(), [&](const auto& one) {
      return mismatch(one, value, path).empty();
    });
    return fits ? "" : differs(path, value, "one of " + to_json(operand));
  }
  return fmt::format("{}: the runner does not know the matcher {}", path, name);
}

std::string Matcher::mismatch_contained(const JsonValue& operand, const JsonValue& value,
                                        const std::string& path) const {
  const bool fits = std::any_of(value.items.begin(), value.items.end(), [&](const auto& item) {
    return mismatch(operand, item, path).empty();
  });
  return fits ? "" : differs(path, value, "an element " + to_json(operand));
}

}  // namespace tasker::contract
