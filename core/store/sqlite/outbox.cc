#include "core/store/sqlite/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

using base::fail;
using base::Result;

namespace {

// A look at the outbox passes at most so many events that do not concern the subscriber: no commit
// waits for more. The position is written down when it would otherwise lie as far behind.
constexpr std::int64_t kPassedPerTake = 1'000;

}  // namespace

StoredEvent read_event(const Statement& row) {
  StoredEvent stored;
  stored.number = static_cast<std::uint64_t>(row.integer(0));
  stored.event.event_id = row.uuid(1);
  stored.event.name = row.text(2);
  stored.event.publisher = row.text(3);
  stored.step = key_of(row.integer(4));
  stored.attempt = static_cast<std::uint32_t>(row.integer(5));
  stored.event.template_id = model::TemplateId{row.integer(6)};
  stored.event.template_step = static_cast<std::uint32_t>(row.integer(7));
  stored.event.claimed_at_us = row.integer(8);
  stored.event.fired_at_us = row.integer(9);
  stored.event.payload_json = row.text(10);
  stored.event.document_json = row.text(11);
  return stored;
}

Result<OutboxWriter> OutboxWriter::prepare(Connection& connection) {
  OutboxWriter writer;
  writer.db_ = &connection;
  const std::string due = fmt::format(
      "SELECT {}, d.attempt FROM deliveries d CROSS JOIN outbox o ON o.number = d.number "
      "WHERE d.subscriber_id = ?1 AND d.state = 0 AND d.due_at_us <= ?2 "
      "ORDER BY d.number LIMIT ?3",
      kEventColumns);
  const std::string scan =
      fmt::format("SELECT {} FROM outbox o WHERE o.number > ?1 ORDER BY o.number", kEventColumns);
  const std::pair<Statement&, std::string_view> statements[] = {
      {writer.add_,
       "INSERT INTO outbox (event_id, name, publisher, step_id, attempt, template_id, "
       "template_step, claimed_at_us, fired_at_us, payload_json, document_json) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
      {writer.others_, "SELECT EXISTS (SELECT 1 FROM subscribers WHERE worker_id NOT IN (0, ?1))"},
      {writer.acknowledge_,
       "DELETE FROM deliveries WHERE subscriber_id = ?1 AND number = ?2 AND state = 1 AND "
       "attempt = ?3 AND EXISTS (SELECT 1 FROM subscribers WHERE id = ?1 AND worker_id = ?4)"},
      {writer.postpone_,
       "UPDATE deliveries SET state = ?5, due_at_us = ?6, ended_at_us = ?7, error_json = ?8 "
       "WHERE subscriber_id = ?1 AND number = ?2 AND state = 1 AND attempt = ?3 AND "
       "EXISTS (SELECT 1 FROM subscribers WHERE id = ?1 AND worker_id = ?4)"},
      {writer.subscriber_,
       "SELECT s.position, s.in_flight_max, (SELECT count(*) FROM deliveries d "
       "WHERE d.subscriber_id = s.id AND d.state < 2), (SELECT count(*) FROM deliveries d "
       "WHERE d.subscriber_id = s.id AND d.state = 1) "
       "FROM subscribers s WHERE s.id = ?1 AND s.worker_id = ?2"},
      {writer.due_, due},
      {writer.take_due_,
       "UPDATE deliveries SET state = 1, attempt = attempt + 1 "
       "WHERE subscriber_id = ?1 AND number = ?2"},
      {writer.scan_, scan},
      {writer.add_delivery_,
       "INSERT INTO deliveries (subscriber_id, number, state, attempt) VALUES (?1, ?2, 1, 1)"},
      {writer.move_, "UPDATE subscribers SET position = ?2 WHERE id = ?1"},
      {writer.next_due_,
       "SELECT min(due_at_us) FROM deliveries WHERE subscriber_id = ?1 AND state = 0 AND "
       "due_at_us > ?2"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection.prepare(sql);
    if (!prepared) return fail(prepared.error());
    statement = std::move(*prepared);
  }
  return writer;
}

bool OutboxWriter::add(const Completion& completion) {
  for (const OutboxEvent& event : completion.events) {
    add_.bind(1, event.event_id)
        .bind(2, event.name)
        .bind(3, event.publisher)
        .bind(4, row_of(completion.step))
        .bind(5, std::int64_t{completion.attempt})
        .bind(6, static_cast<std::int64_t>(event.template_id))
        .bind(7, std::int64_t{event.template_step})
        .bind(8, event.claimed_at_us)
        .bind(9, event.fired_at_us)
        .bind_unless_empty(10, event.payload_json)
        .bind_unless_empty(11, event.document_json);
    if (!add_.run()) return false;
  }
  return true;
}

bool OutboxWriter::find_others(model::WorkerId worker, bool& has_others) {
  ResetGuard guard(others_);
  if (others_.bind(1, static_cast<std::int64_t>(worker)).step() != Row::kRow) return false;
  has_others = others_.integer(0) != 0;
  return true;
}

bool OutboxWriter::end(const DeliveryEnd& end, std::int64_t now_us, CompletionOutcome& outcome) {
  outcome = CompletionOutcome::kFenced;
  const bool is_acknowledged = end.kind == DeliveryEnd::Kind::kAcknowledged;
  Statement& statement = is_acknowledged ? acknowledge_ : postpone_;
  statement.bind(1, static_cast<std::int64_t>(end.subscriber))
      .bind(2, static_cast<std::int64_t>(end.number))
      .bind(3, std::int64_t{end.attempt})
      .bind(4, static_cast<std::int64_t>(end.worker));
  if (!is_acknowledged) {
    const bool is_dead = end.kind == DeliveryEnd::Kind::kDead;
    statement
        .bind(5, static_cast<std::int64_t>(is_dead ? DeliveryState::kDead : DeliveryState::kWaits))
        .bind(6, end.due_at_us)
        .bind(7, now_us)
        .bind(8, end.error_json);
  }
  if (!statement.run()) return false;
  if (db_->changed_a_row()) outcome = CompletionOutcome::kRecorded;
  return true;
}

bool OutboxWriter::take(const DeliveryTake& take, std::int64_t now_us, Taken& taken) {
  Subscriber subscriber;
  if (!read_subscriber(take, subscriber, taken)) return false;
  if (!taken.is_held) return true;
  if (!take_due(take, now_us, subscriber.room_for_due, taken)) return false;
  taken.seen = std::max(take.seen, static_cast<std::uint64_t>(subscriber.position));
  if (subscriber.room_for_new > 0 && !take_new(take, subscriber, taken)) return false;
  return find_next_due(take, now_us, taken);
}

bool OutboxWriter::read_subscriber(const DeliveryTake& take, Subscriber& subscriber, Taken& taken) {
  ResetGuard guard(subscriber_);
  subscriber_.bind(1, static_cast<std::int64_t>(take.subscriber))
      .bind(2, static_cast<std::int64_t>(take.worker));
  const Row row = subscriber_.step();
  if (row != Row::kRow) return row == Row::kDone;
  taken.is_held = true;
  const std::int64_t in_flight_max = subscriber_.integer(1);
  subscriber.position = subscriber_.integer(0);
  subscriber.room_for_due = in_flight_max - subscriber_.integer(3);
  subscriber.room_for_new = in_flight_max - subscriber_.integer(2);
  return true;
}

bool OutboxWriter::take_due(const DeliveryTake& take, std::int64_t now_us, std::int64_t room,
                            Taken& taken) {
  if (room <= 0) return true;
  const auto subscriber = static_cast<std::int64_t>(take.subscriber);
  {
    ResetGuard guard(due_);
    due_.bind(1, subscriber).bind(2, now_us).bind(3, room);
    for (;;) {
      const Row row = due_.step();
      if (row == Row::kFailed) return false;
      if (row == Row::kDone) break;
      const auto attempt = static_cast<std::uint32_t>(due_.integer(kEventColumnCount));
      taken.deliveries.push_back({attempt + 1, read_event(due_)});
    }
  }
  for (const Delivery& delivery : taken.deliveries) {
    take_due_.bind(1, subscriber).bind(2, static_cast<std::int64_t>(delivery.stored.number));
    if (!take_due_.run()) return false;
  }
  return true;
}

bool OutboxWriter::take_new(const DeliveryTake& take, const Subscriber& subscriber, Taken& taken) {
  const auto id = static_cast<std::int64_t>(take.subscriber);
  std::int64_t room = subscriber.room_for_new;
  const std::size_t due = taken.deliveries.size();
  {
    ResetGuard guard(scan_);
    scan_.bind(1, static_cast<std::int64_t>(taken.seen));
    for (std::int64_t passed = 0; room > 0; ++passed) {
      taken.has_more = passed == kPassedPerTake;
      if (taken.has_more) break;
      const Row row = scan_.step();
      if (row == Row::kFailed) return false;
      if (row == Row::kDone) break;
      taken.seen = static_cast<std::uint64_t>(scan_.integer(0));
      if (!take.chooses(scan_.text(2))) continue;
      taken.deliveries.push_back({1, read_event(scan_)});
      --room;
    }
  }
  for (std::size_t i = due; i < taken.deliveries.size(); ++i) {
    add_delivery_.bind(1, id).bind(2, static_cast<std::int64_t>(taken.deliveries[i].stored.number));
    if (!add_delivery_.run()) return false;
  }
  const auto seen = static_cast<std::int64_t>(taken.seen);
  if (taken.deliveries.size() == due && seen - subscriber.position < kPassedPerTake) return true;
  return move_.bind(1, id).bind(2, seen).run();
}

bool OutboxWriter::find_next_due(const DeliveryTake& take, std::int64_t now_us, Taken& taken) {
  ResetGuard guard(next_due_);
  next_due_.bind(1, static_cast<std::int64_t>(take.subscriber)).bind(2, now_us);
  if (next_due_.step() != Row::kRow) return false;
  if (!next_due_.is_null(0)) taken.next_due_us = next_due_.integer(0);
  return true;
}

}  // namespace tasker::store::sqlite
