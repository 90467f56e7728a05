#include "core/engine/published_events.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.h"

namespace tasker::engine {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using simdjson::SUCCESS;

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

template <std::size_t kCount>
Status read_choice(simdjson::ondemand::value& given, const std::string& path,
                   const std::array<std::string_view, kCount>& choices,
                   std::optional<std::string>& into) {
  std::string_view text;
  if (given.is_null()) return {};
  if (given.get_string().get(text) != SUCCESS ||
      std::find(choices.begin(), choices.end(), text) == choices.end())
    return refuse(path, fmt::format("{} or null", fmt::join(choices, ", ")));
  into = text;
  return {};
}

Status read_member(std::string_view name, simdjson::ondemand::value& given, const std::string& path,
                   HandlerEvent& event) {
  if (name == "name") {
    std::string_view text;
    if (given.get_string().get(text) != SUCCESS || !is_domain_event_name(text))
      return refuse(path, "the name of an event, such as parcel.registered");
    event.name = text;
    return {};
  }
  if (name == "payload") {
    std::string_view raw;
    simdjson::ondemand::object object;
    if (given.get_object().get(object) != SUCCESS || object.raw_json().get(raw) != SUCCESS)
      return refuse(path, "an object");
    event.payload_json = raw;
    return {};
  }
  if (name == "condition") return read_choice(given, path, kConditions, event.condition);
  if (name == "delivery_mode") return read_choice(given, path, kDeliveryModes, event.delivery_mode);
  return refuse(path, "name, payload, condition and delivery_mode alone");
}

Result<HandlerEvent> read_event(simdjson::ondemand::value& element, const std::string& path) {
  HandlerEvent event;
  simdjson::ondemand::object members;
  if (element.get_object().get(members) != SUCCESS) return refuse(path, "an object");
  for (auto member : members) {
    std::string_view name;
    simdjson::ondemand::value value;
    if (member.unescaped_key().get(name) != SUCCESS || member.value().get(value) != SUCCESS)
      return refuse(path, "an object");
    const std::string member_path = fmt::format("{}.{}", path, base::shown(name));
    if (auto read = read_member(name, value, member_path, event); !read) return fail(read.error());
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
  std::vector<HandlerEvent> events;
  const simdjson::padded_string copy(json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser.iterate(copy).get(document) != SUCCESS || document.get_array().get(array) != SUCCESS)
    return refuse(std::string(kField), "an array or null");
  for (auto element : array) {
    if (events.size() == kPublishedEventsMax)
      return refuse(std::string(kField), fmt::format("at most {} events", kPublishedEventsMax));
    simdjson::ondemand::value value;
    const std::string path = fmt::format("{}[{}]", kField, events.size());
    if (element.get(value) != SUCCESS) return refuse(path, "an object");
    auto event = read_event(value, path);
    if (!event) return fail(event.error());
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace tasker::engine
