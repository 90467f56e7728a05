#include "core/events/event_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace tasker::events {
namespace {

/// Takes the first segment off `rest`.
std::string_view next_segment(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view segment = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return segment;
}

bool is_segment(std::string_view segment) {
  return !segment.empty() && std::ranges::all_of(segment, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

base::Status check(std::string_view text, const char* field, bool stars) {
  bool good = !text.empty() && text.size() <= kEventNameBytesMax && text.back() != '.';
  for (std::string_view rest = text; good && !rest.empty();) {
    const std::string_view segment = next_segment(rest);
    good = is_segment(segment) || (stars && segment == "*");
  }
  if (good) return {};
  return base::fail(
      base::ErrorCode::kINVALID_ARGUMENT,
      fmt::format("{}: \"{}\"; expected segments of letters, digits, _ and -{}, separated by dots, "
                  "at most {} bytes",
                  field, base::shown(text), stars ? " or *" : "", kEventNameBytesMax),
      field);
}

}  // namespace

base::Status check_event_name(std::string_view name) { return check(name, "name", false); }

base::Status check_event_pattern(std::string_view pattern) {
  return check(pattern, "pattern", true);
}

bool is_wildcard(std::string_view pattern) { return pattern.find('*') != std::string_view::npos; }

bool event_matches(std::string_view pattern, std::string_view name) {
  while (!pattern.empty() && !name.empty()) {
    const std::string_view wanted = next_segment(pattern);
    const std::string_view segment = next_segment(name);
    if (wanted == "*" && pattern.empty()) return true;
    if (wanted != "*" && wanted != segment) return false;
  }
  return pattern.empty() && name.empty();
}

}  // namespace tasker::events
