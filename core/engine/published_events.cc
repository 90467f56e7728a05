#include "core/engine/published_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_text.h"

namespace tasker::engine {

using base::ErrorCode;
using base::fail;
using base::JsonKind;
using base::JsonTextReader;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kField = "domain_events";
constexpr std::array<std::string_view, 5> kConditions = {"always", "success", "failure",
                                                         "retryable_failure", "permanent_failure"};
constexpr std::array<std::string_view, 3> kDeliveryModes = {"durable", "fast", "broadcast"};

bool is_event_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

tl::unexpected<base::Error> refuse(const std::string& path, std::string_view expected) {
  return fail(ErrorCode::kINVALID_ARGUMENT, fmt::format("{}: expected {}", path, expected), path);
}

/// What a string says; nullopt for another value.
std::optional<std::string> text_of(std::string_view value) {
  if (base::json_kind(value) != JsonKind::kString) return std::nullopt;
  return base::json_string_value(value);
}

template <std::size_t kCount>
Status read_choice(std::string_view given, const std::string& path,
                   const std::array<std::string_view, kCount>& choices,
                   std::optional<std::string>& into) {
  if (base::json_kind(given) == JsonKind::kNull) return {};
  auto text = text_of(given);
  if (!text || std::find(choices.begin(), choices.end(), *text) == choices.end())
    return refuse(path, fmt::format("{} or null", fmt::join(choices, ", ")));
  into = std::move(text);
  return {};
}

Status read_member(std::string_view name, std::string_view given, const std::string& path,
                   HandlerEvent& event) {
  if (name == "name") {
    auto text = text_of(given);
    if (!text || !is_domain_event_name(*text))
      return refuse(path, "the name of an event, such as parcel.registered");
    event.name = std::move(*text);
    return {};
  }
  if (name == "payload") {
    if (base::json_kind(given) != JsonKind::kObject) return refuse(path, "an object");
    event.payload_json = given;
    return {};
  }
  if (name == "condition") return read_choice(given, path, kConditions, event.condition);
  if (name == "delivery_mode") return read_choice(given, path, kDeliveryModes, event.delivery_mode);
  return refuse(path, "name, payload, condition and delivery_mode alone");
}

Result<HandlerEvent> read_event(std::string_view element, const std::string& path) {
  if (base::json_kind(element) != JsonKind::kObject) return refuse(path, "an object");
  HandlerEvent event;
  JsonTextReader members(element);
  for (JsonTextReader::Member member; members.next(member);) {
    const std::string name = base::json_string_value(member.name);
    const std::string member_path = fmt::format("{}.{}", path, base::shown(name));
    if (auto read = read_member(name, member.value, member_path, event); !read)
      return fail(read.error());
  }
  if (event.name.empty()) return refuse(path + ".name", "the name of an event");
  return event;
}

}  // namespace

bool is_domain_event_name(std::string_view name) {
  bool has_dot = false;
  char last = '.';
  for (const char c : name) {
    if (c == '.') {
      if (last == '.') return false;
      has_dot = true;
    } else if (!is_event_character(c)) {
      return false;
    }
    last = c;
  }
  return has_dot && last != '.';
}

Result<std::vector<HandlerEvent>> read_handler_events(std::string_view json) {
  if (base::json_kind(json) != JsonKind::kArray)
    return refuse(std::string(kField), "an array or null");
  std::vector<HandlerEvent> events;
  JsonTextReader elements(json);
  for (std::string_view element; elements.next(element);) {
    if (events.size() == kPublishedEventsMax)
      return refuse(std::string(kField), fmt::format("at most {} events", kPublishedEventsMax));
    auto event = read_event(element, fmt::format("{}[{}]", kField, events.size()));
    if (!event) return fail(event.error());
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace tasker::engine
