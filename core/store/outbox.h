// Durable domain events as they go into a store and come out of it: the outbox, its subscribers and
// what is on its way to them.
//
//   outbox ─ take ─▶ out ─┬─ acknowledged ─▶ gone
//              ▲          ├─ retry ─▶ waits ─┐
//              └──────────┼──────────────────┘
//                         └─ dead ─▶ until it is retried or dropped by hand
//
// A subscriber's position is the number up to which it has taken events; what it still owes of
// those are its deliveries. All times are microseconds since 1970-01-01 UTC.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/uuid.h"
#include "core/model/ids.h"

namespace tasker::store {

/// An event to be written with the completion that caused it. What the completed step's own record
/// says is not written again.
struct OutboxEvent {
  base::Uuid event_id;
  std::string name;
  std::string publisher;
  model::TemplateId template_id{};
  std::uint32_t template_step = 0;
  std::int64_t claimed_at_us = 0;  ///< of the attempt
  std::int64_t fired_at_us = 0;
  std::string payload_json;   ///< the business part; empty: the result of the step
  std::string document_json;  ///< the attempt's result document; empty: the completed step says it
};

/// An event of the outbox.
struct StoredEvent {
  std::uint64_t number = 0;  ///< grows with each commit that writes events; gaps are possible
  model::StepKey step;
  std::uint32_t attempt = 0;  ///< of the step
  OutboxEvent event;
};

/// A registered subscriber: processes that register the same name share its events.
struct SubscriberSettings {
  std::string name;
  std::string patterns_json;  ///< JSON array of event patterns; for people
  bool from_oldest = false;   ///< where a new one begins: the oldest event kept, or the next one
  std::uint32_t in_flight_max = 16;
  std::uint32_t max_attempts = 5;
};

struct SubscriberRecord {
  model::SubscriberId id{};
  SubscriberSettings settings;
  std::uint64_t position = 0;
  model::WorkerId worker{};  ///< whom its events go to; 0: nobody
  std::int64_t created_at_us = 0;
  std::uint64_t waiting = 0;
  std::uint64_t out = 0;
  std::uint64_t dead = 0;
  std::uint64_t behind = 0;  ///< events of the outbox after its position, of whatever name
};

/// What came of a delivery. Applied only while it is out, with this attempt, and `worker` holds the
/// subscriber (the fence).
struct DeliveryEnd {
  enum class Kind : std::uint8_t { kAcknowledged, kRetry, kDead };

  model::SubscriberId subscriber{};
  std::uint64_t number = 0;
  std::uint32_t attempt = 0;
  model::WorkerId worker{};
  Kind kind = Kind::kAcknowledged;
  std::int64_t due_at_us = 0;  ///< for kRetry: not before
  std::string error_json;      ///< for kRetry and kDead
};

/// Asks for events on behalf of a subscriber: first those whose retry is due, then new ones while
/// fewer than in_flight_max are out or wait for a retry.
struct DeliveryTake {
  model::SubscriberId subscriber{};
  model::WorkerId worker{};
  std::uint64_t seen = 0;  ///< up to here no event concerns it but those taken
  std::function<bool(std::string_view name)> chooses;
};

struct Delivery {
  std::uint32_t attempt = 0;  ///< 1 for the first
  StoredEvent stored;
};

struct Taken {
  bool is_held = false;              ///< false: the subscriber is not this worker's (any more)
  std::vector<Delivery> deliveries;  ///< oldest first among the due, then among the new ones
  std::uint64_t seen = 0;
  bool has_more = false;                    ///< the look ended early: take again
  std::optional<std::int64_t> next_due_us;  ///< earliest retry that still waits
};

/// What a look for events that nobody needs any more has removed.
struct RemovedEvents {
  std::uint32_t count = 0;
  std::uint64_t looked_up_to = 0;
  bool has_more = false;  ///< go on after looked_up_to
};

/// A delivery that failed for good.
struct DeadDelivery {
  std::string subscriber;
  std::uint64_t number = 0;
  std::uint32_t attempts = 0;
  std::int64_t ended_at_us = 0;
  std::string error_json;
  StoredEvent stored;
  base::Uuid task_uuid;
};

struct DeadDeliveryFilter {
  std::optional<std::string> subscriber;
  std::uint32_t limit = 50;
  std::uint32_t offset = 0;
};

struct DeadDeliveryPage {
  std::vector<DeadDelivery> deliveries;  ///< by subscriber and number
  std::uint64_t total = 0;
};

}  // namespace tasker::store
