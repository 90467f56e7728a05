// Domain events that a handler publishes itself: they travel with its result document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tasker::engine {

inline constexpr std::size_t kPublishedEventsMax = 256;

struct HandlerEvent {
  std::string name;
  std::string payload_json = "{}";
  /// always, success, failure, retryable_failure or permanent_failure; nullopt: as declared, else
  /// success.
  std::optional<std::string> condition;
  std::optional<std::string> delivery_mode;  ///< nullopt: as declared, else durable
};

/// A name of domain events (contract, 5.7): `[a-z0-9_.]+` with a dot inside, none doubled.
bool is_domain_event_name(std::string_view name);

/// Reads the member `domain_events` of a result document: an array of
/// `{"name","payload","condition"?,"delivery_mode"?}`, at most kPublishedEventsMax. `json` has been
/// checked as JSON. INVALID_ARGUMENT with the path of the member.
base::Result<std::vector<HandlerEvent>> read_handler_events(std::string_view json);

}  // namespace tasker::engine
