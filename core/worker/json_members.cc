#include "core/worker/json_members.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/base/json.h"
#include "core/base/nearest_name.h"

namespace tasker::worker {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Calls `on_member(name, text)` for each member of a checked object, until it returns false.
/// @return false when simdjson can not read a member's name, such as one with half of a surrogate
template <class OnMember>
bool for_each_member(std::string_view object, OnMember on_member) {
  const simdjson::padded_string padded(object);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object members;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(members) != simdjson::SUCCESS) {
    return false;
  }
  for (auto member : members) {
    std::string_view name;
    std::string_view text;
    if (member.unescaped_key().get(name) != simdjson::SUCCESS) return false;
    if (simdjson::to_json_string(member.value()).get(text) != simdjson::SUCCESS) return false;
    if (!on_member(name, text)) break;
  }
  return true;
}

}  // namespace

base::Error JsonMember::refusal(std::string_view expected) const {
  return {.code = ErrorCode::kINVALID_ARGUMENT,
          .message = fmt::format("{} is {}; {} is expected", path, base::shown(json), expected),
          .field = path};
}

Result<std::string> JsonMember::as_string() const {
  if (json.front() != '"') return fail(refusal("a string"));
  if (json.find('\\') == std::string::npos) return json.substr(1, json.size() - 2);
  simdjson::dom::parser parser;
  std::string_view value;
  if (parser.parse(json.data(), json.size()).get(value) != simdjson::SUCCESS) {
    return fail(refusal("a string of Unicode characters"));
  }
  return std::string(value);
}

Result<std::int64_t> JsonMember::as_integer(std::int64_t min, std::int64_t max) const {
  std::int64_t value = 0;
  const char* end = json.data() + json.size();
  const auto read = std::from_chars(json.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < min || value > max) {
    return fail(refusal(fmt::format("an integer from {} to {}", min, max)));
  }
  return value;
}

Result<std::uint64_t> JsonMember::as_unsigned() const {
  std::uint64_t value = 0;
  const char* end = json.data() + json.size();
  const auto read = std::from_chars(json.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) {
    return fail(refusal("an integer from 0 to 18446744073709551615"));
  }
  return value;
}

Result<base::Uuid> JsonMember::as_uuid() const {
  const auto text = as_string();
  const auto uuid = text ? base::parse_uuid(*text) : std::nullopt;
  if (!uuid) return fail(refusal("a UUID of 36 characters"));
  return *uuid;
}

Result<std::string> JsonMember::as_object() const {
  if (json.front() != '{') return fail(refusal("an object"));
  return std::string(json);
}

Result<JsonMembers> JsonMembers::read(std::string_view json, std::string_view field,
                                      const std::vector<std::string_view>& known) {
  if (auto status = base::check_json_object(json, field.empty() ? "the request" : field); !status) {
    status.error().field = field;
    return fail(std::move(status.error()));
  }
  return read_checked(json, field, known, Unknown::kRefused);
}

Result<JsonMembers> JsonMembers::read_checked(std::string_view json, std::string_view field,
                                              const std::vector<std::string_view>& known,
                                              Unknown unknown) {
  JsonMembers members;
  base::Status status;
  const bool readable = for_each_member(json, [&](std::string_view name, std::string_view text) {
    status = members.add(name, text, field, known, unknown);
    return status.has_value();
  });
  if (!readable) {
    return fail(ErrorCode::kINVALID_JSON,
                fmt::format("{} has a member name that is not Unicode",
                            field.empty() ? "the request" : field),
                std::string(field));
  }
  if (!status) return fail(std::move(status.error()));
  return members;
}

base::Status JsonMembers::add(std::string_view name, std::string_view json, std::string_view field,
                              const std::vector<std::string_view>& known, Unknown unknown) {
  const std::string path = member_path(field, name);
  const auto match = std::find(known.begin(), known.end(), name);
  if (match == known.end() && unknown == Unknown::kIgnored) return {};
  if (match == known.end()) {
    std::string message = fmt::format("{} is not a known member", base::shown(path));
    if (const auto nearest = base::nearest_name(name, known)) {
      message += fmt::format("; did you mean {}?", *nearest);
    }
    return fail(ErrorCode::kINVALID_ARGUMENT, std::move(message), path);
  }
  if (std::any_of(members_.begin(), members_.end(),
                  [&](const JsonMember& member) { return member.name == name; })) {
    return fail(ErrorCode::kINVALID_ARGUMENT, fmt::format("{} is given twice", path), path);
  }
  members_.push_back({.name = *match, .json = std::string(json), .path = path});
  return {};
}

const JsonMember* JsonMembers::find_or_null(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const JsonMember& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

const JsonMember* JsonMembers::find(std::string_view name) const {
  const JsonMember* const found = find_or_null(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string member_path(std::string_view field, std::string_view name) {
  return field.empty() ? std::string(name) : fmt::format("{}.{}", field, name);
}

std::optional<std::string> member_text(std::string_view object, std::string_view name) {
  std::optional<std::string> found;
  for_each_member(object, [&](std::string_view member, std::string_view text) {
    if (member == name) found = text;
    return true;
  });
  return found;
}

}  // namespace tasker::worker
