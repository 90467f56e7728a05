// What a process asks for when it subscribes to durable domain events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tasker::worker {

struct EventSubscription {
  std::string subscriber;           ///< 1..255 bytes; processes with the same name share its events
  std::vector<std::string> events;  ///< 1..64 patterns (core/events/event_pattern.h)
  bool from_oldest = false;         ///< where a new subscriber begins
  std::uint32_t in_flight_max = 16;        ///< 1..1024 events out or waiting for a retry
  std::uint32_t max_attempts = 5;          ///< 1..100 deliveries of an event before it is dead
  std::uint32_t backoff_base_ms = 1'000;   ///< 1..3 600 000; doubles with each attempt
  std::uint32_t backoff_max_ms = 300'000;  ///< 1..86 400 000
  std::uint32_t timeout_ms = 300'000;      ///< 1..86 400 000 from hand-out to acknowledgement
};

/// Reads `{"subscriber","events":[…],"from":"next"|"oldest","in_flight_max","max_attempts",
/// "backoff_base_ms","backoff_max_ms","timeout_ms"}`. INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT
/// with the field.
base::Result<EventSubscription> read_event_subscription(std::string_view json);

/// Why a delivery failed.
struct DeliveryFailure {
  std::string error_json;  ///< {"message","error_type","retryable"}
  bool retryable = true;
};

/// Reads `{"message","error_type"?,"retryable"?}`; errors as above.
base::Result<DeliveryFailure> read_delivery_failure(std::string_view json);
DeliveryFailure make_delivery_failure(std::string_view message, std::string_view error_type,
                                      bool retryable);

/// INVALID_ARGUMENT with the field `subscriber`, when it can be no subscriber's name.
base::Status check_subscriber_name(std::string_view name);

}  // namespace tasker::worker
