// The outbox and its deliveries on the write path, beside the batch writer that calls for them.
#pragma once

#include "core/store/records.h"
#include "core/store/sqlite/connection.h"

namespace tasker::store::sqlite {

/// States of a row of `deliveries`.
enum class DeliveryState : std::uint8_t { kWaits = 0, kOut = 1, kDead = 2 };

/// Threads: that of the connection.
class OutboxWriter {
 public:
  OutboxWriter() = default;
  static base::Result<OutboxWriter> prepare(Connection& connection);

  // Each returns false after a failed statement; the connection then has the reason.

  /// The events of a completion that was recorded.
  bool add(const Completion& completion);
  /// Whether a worker other than `worker` has subscribers.
  bool find_others(model::WorkerId worker, bool& has_others);
  bool end(const DeliveryEnd& end, std::int64_t now_us, CompletionOutcome& outcome);
  bool take(const DeliveryTake& take, std::int64_t now_us, Taken& taken);

 private:
  struct Subscriber {
    std::int64_t position = 0;
    std::int64_t room_for_due = 0;
    std::int64_t room_for_new = 0;
  };
  bool read_subscriber(const DeliveryTake& take, Subscriber& subscriber, Taken& taken);
  bool take_due(const DeliveryTake& take, std::int64_t now_us, std::int64_t room, Taken& taken);
  bool take_new(const DeliveryTake& take, const Subscriber& subscriber, Taken& taken);
  bool find_next_due(const DeliveryTake& take, std::int64_t now_us, Taken& taken);

  Connection* db_ = nullptr;
  Statement add_, others_, acknowledge_, postpone_;
  Statement subscriber_, due_, take_due_, scan_, add_delivery_, move_, next_due_;
};

/// Columns of an event, in the order that read_event expects, of a table or alias `o`.
inline constexpr const char* kEventColumns =
    "o.number, o.event_id, o.name, o.publisher, o.step_id, o.attempt, o.template_id, "
    "o.template_step, o.claimed_at_us, o.fired_at_us, o.payload_json, o.document_json";
inline constexpr int kEventColumnCount = 12;
StoredEvent read_event(const Statement& row);

}  // namespace tasker::store::sqlite
