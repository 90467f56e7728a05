#include "core/store/sqlite/subscribers.h"

#include <fmt/format.h>

#include "core/store/sqlite/outbox.h"
#include "core/store/sqlite/queries.h"
#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kHeldByALiveWorker =
    "worker_id <> 0 AND EXISTS (SELECT 1 FROM workers w WHERE w.id = worker_id)";

constexpr std::string_view kWorkerLost =
    R"({"message":"the worker ended before it acknowledged the event","error_type":"worker_lost"})";

tl::unexpected<base::Error> unknown(std::string_view name) {
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("no subscriber \"{}\" in the store", base::shown(name)), "subscriber");
}

struct Found {
  std::int64_t id = 0;
  bool is_held = false;
};

Result<Found> find(Connection& connection, std::string_view name) {
  auto statement = connection.prepare(
      fmt::format("SELECT id, {} FROM subscribers WHERE name = ?1", kHeldByALiveWorker));
  if (!statement) return fail(statement.error());
  switch (statement->bind(1, name).step()) {
    case Row::kRow:
      return Found{statement->integer(0), statement->integer(1) != 0};
    case Row::kFailed:
      return fail(connection.failure("reading a subscriber"));
    case Row::kDone:
      break;
  }
  return unknown(name);
}

/// Runs a statement whose first parameters are given; returns how many rows it changed.
template <class... Values>
Result<std::uint64_t> change(Connection& connection, std::string_view sql, Values... values) {
  auto statement = connection.prepare(sql);
  if (!statement) return fail(statement.error());
  int index = 0;
  (statement->bind(++index, values), ...);
  if (!statement->run()) return fail(connection.failure("changing a subscriber"));
  return static_cast<std::uint64_t>(connection.changes());
}

/// `sql` for the dead deliveries of a subscriber (?1), or for one of them (?2).
Result<std::uint64_t> change_dead(Connection& connection, std::string_view subscriber,
                                  std::optional<std::uint64_t> number, std::string_view sql) {
  auto found = find(connection, subscriber);
  if (!found) return fail(found.error());
  auto count = change(connection, sql, found->id,
                      number ? static_cast<std::int64_t>(*number) : std::int64_t{-1});
  if (!count || *count > 0 || !number) return count;
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("subscriber \"{}\" has no dead delivery of event {}",
                          base::shown(subscriber), *number),
              "number");
}

}  // namespace

Result<model::SubscriberId> put_subscriber(Connection& connection,
                                           const SubscriberSettings& settings,
                                           std::int64_t now_us) {
  auto put = connection.prepare(
      "INSERT INTO subscribers (name, patterns_json, position, in_flight_max, max_attempts, "
      "created_at_us) VALUES (?1, ?2, CASE WHEN ?3 THEN 0 ELSE "
      "(SELECT coalesce(max(number), 0) FROM outbox) END, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE "
      "SET patterns_json = excluded.patterns_json, in_flight_max = excluded.in_flight_max, "
      "max_attempts = excluded.max_attempts RETURNING id");
  if (!put) return fail(put.error());
  put->bind(1, std::string_view(settings.name))
      .bind(2, std::string_view(settings.patterns_json))
      .bind(3, std::int64_t{settings.from_oldest})
      .bind(4, std::int64_t{settings.in_flight_max})
      .bind(5, std::int64_t{settings.max_attempts})
      .bind(6, now_us);
  if (put->step() != Row::kRow) return fail(connection.failure("registering a subscriber"));
  const model::SubscriberId id{put->integer(0)};
  if (put->step() != Row::kDone) return fail(connection.failure("registering a subscriber"));
  return id;
}

Result<bool> is_held_by_another(Connection& connection, model::SubscriberId id,
                                model::WorkerId worker) {
  auto statement = connection.prepare(fmt::format(
      "SELECT 1 FROM subscribers WHERE id = ?1 AND worker_id <> ?2 AND {}", kHeldByALiveWorker));
  if (!statement) return fail(statement.error());
  statement->bind(1, static_cast<std::int64_t>(id)).bind(2, static_cast<std::int64_t>(worker));
  const Row row = statement->step();
  if (row == Row::kFailed) return fail(connection.failure("reading a subscriber"));
  return row == Row::kRow;
}

Result<bool> acquire_subscriber(Connection& connection, model::SubscriberId id,
                                model::WorkerId worker, std::int64_t now_us) {
  auto before = connection.prepare(fmt::format(
      "SELECT worker_id, max_attempts, {} FROM subscribers WHERE id = ?1", kHeldByALiveWorker));
  if (!before) return fail(before.error());
  const auto key = static_cast<std::int64_t>(id);
  const Row row = before->bind(1, key).step();
  if (row == Row::kFailed) return fail(connection.failure("reading a subscriber"));
  if (row == Row::kDone)
    return fail(ErrorCode::kNOT_FOUND, fmt::format("no subscriber with id {} in the store", key),
                "subscriber");
  const std::int64_t holder = before->integer(0);
  const std::int64_t max_attempts = before->integer(1);
  if (holder == static_cast<std::int64_t>(worker)) return true;
  if (before->integer(2) != 0) return false;
  before->reset();

  auto held = change(connection, "UPDATE subscribers SET worker_id = ?2 WHERE id = ?1", key,
                     static_cast<std::int64_t>(worker));
  if (!held) return fail(held.error());
  auto dead = change(connection,
                     "UPDATE deliveries SET state = 2, ended_at_us = ?3, error_json = ?4 "
                     "WHERE subscriber_id = ?1 AND state = 1 AND attempt >= ?2",
                     key, max_attempts, now_us, kWorkerLost);
  if (!dead) return fail(dead.error());
  auto waiting = change(connection,
                        "UPDATE deliveries SET state = 0, due_at_us = 0 "
                        "WHERE subscriber_id = ?1 AND state = 1",
                        key);
  if (!waiting) return fail(waiting.error());
  return true;
}

Status release_subscriber(Connection& connection, model::SubscriberId id, model::WorkerId worker,
                          std::uint64_t seen) {
  const auto key = static_cast<std::int64_t>(id);
  auto released = change(connection,
                         "UPDATE subscribers SET worker_id = 0, position = max(position, ?3) "
                         "WHERE id = ?1 AND worker_id = ?2",
                         key, static_cast<std::int64_t>(worker), static_cast<std::int64_t>(seen));
  if (!released) return fail(released.error());
  if (*released == 0) return {};
  auto waiting = change(connection,
                        "UPDATE deliveries SET state = 0, due_at_us = 0, attempt = attempt - 1 "
                        "WHERE subscriber_id = ?1 AND state = 1",
                        key);
  if (!waiting) return fail(waiting.error());
  return {};
}

Status remove_subscriber(Connection& connection, std::string_view name) {
  auto found = find(connection, name);
  if (!found) return fail(found.error());
  if (found->is_held)
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("subscriber \"{}\" is held by a worker; expected one that no process "
                            "listens for",
                            base::shown(name)),
                "subscriber");
  for (const std::string_view sql :
       {"DELETE FROM deliveries WHERE subscriber_id = ?1", "DELETE FROM subscribers WHERE id = ?1"})
    if (auto gone = change(connection, sql, found->id); !gone) return fail(gone.error());
  return {};
}

Result<std::uint64_t> retry_dead_deliveries(Connection& connection, std::string_view subscriber,
                                            std::optional<std::uint64_t> number) {
  return change_dead(connection, subscriber, number,
                     "UPDATE deliveries SET state = 0, due_at_us = 0, attempt = 0 "
                     "WHERE subscriber_id = ?1 AND state = 2 AND (?2 < 0 OR number = ?2)");
}

Result<std::uint64_t> drop_dead_deliveries(Connection& connection, std::string_view subscriber,
                                           std::optional<std::uint64_t> number) {
  return change_dead(connection, subscriber, number,
                     "DELETE FROM deliveries "
                     "WHERE subscriber_id = ?1 AND state = 2 AND (?2 < 0 OR number = ?2)");
}

Result<RemovedEvents> remove_passed_events(Connection& connection, std::int64_t before_us,
                                           std::uint64_t after, std::uint32_t limit) {
  // Numbers and times grow together, but for a clock that was set.
  auto page = connection.prepare(
      "SELECT count(*), max(number), max(number) FILTER (WHERE fired_at_us < ?1) FROM (SELECT "
      "number, fired_at_us FROM outbox WHERE number > ?2 AND number <= coalesce((SELECT "
      "min(position) FROM subscribers), number) ORDER BY number LIMIT ?3)");
  if (!page) return fail(page.error());
  page->bind(1, before_us).bind(2, static_cast<std::int64_t>(after)).bind(3, std::int64_t{limit});
  if (page->step() != Row::kRow) return fail(connection.failure("looking for passed events"));
  RemovedEvents removed;
  const bool is_full = page->integer(0) == std::int64_t{limit};
  const std::int64_t last = page->integer(1);
  const std::int64_t last_old = page->integer(2);
  page->reset();
  removed.looked_up_to = static_cast<std::uint64_t>(last_old);
  removed.has_more = is_full && last_old == last;
  if (last_old == 0) return removed;
  auto gone = change(connection,
                     "DELETE FROM outbox WHERE number > ?1 AND number <= ?2 AND fired_at_us < ?3 "
                     "AND number < (SELECT max(number) FROM outbox) AND NOT EXISTS (SELECT 1 FROM "
                     "subscribers s CROSS JOIN deliveries d WHERE d.subscriber_id = s.id AND "
                     "d.number = outbox.number)",
                     static_cast<std::int64_t>(after), last_old, before_us);
  if (!gone) return fail(gone.error());
  removed.count = static_cast<std::uint32_t>(*gone);
  return removed;
}

Result<std::uint64_t> Queries::newest_event() {
  auto statement = cached(newest_event_, "SELECT coalesce(max(number), 0) FROM outbox");
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  if ((*statement)->step() != Row::kRow) return fail(failed("reading the newest event"));
  return static_cast<std::uint64_t>((*statement)->integer(0));
}

Result<StoredEvent> Queries::load_event(std::uint64_t number) {
  auto statement =
      db_.prepare(fmt::format("SELECT {} FROM outbox o WHERE o.number = ?1", kEventColumns));
  if (!statement) return fail(statement.error());
  switch (statement->bind(1, static_cast<std::int64_t>(number)).step()) {
    case Row::kRow:
      return read_event(*statement);
    case Row::kFailed:
      return fail(failed("reading an event"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND, fmt::format("no event {} in the outbox", number), "number");
}

Result<std::vector<SubscriberRecord>> Queries::list_subscribers() {
  auto statement = db_.prepare(
      "SELECT id, name, patterns_json, position, worker_id, in_flight_max, max_attempts, "
      "created_at_us, "
      "(SELECT count(*) FROM deliveries d WHERE d.subscriber_id = s.id AND d.state = 0), "
      "(SELECT count(*) FROM deliveries d WHERE d.subscriber_id = s.id AND d.state = 1), "
      "(SELECT count(*) FROM deliveries d WHERE d.subscriber_id = s.id AND d.state = 2), "
      "(SELECT count(*) FROM outbox o WHERE o.number > s.position) "
      "FROM subscribers s ORDER BY name");
  if (!statement) return fail(statement.error());
  std::vector<SubscriberRecord> subscribers;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return subscribers;
    if (row == Row::kFailed) return fail(failed("listing subscribers"));
    SubscriberRecord& record = subscribers.emplace_back();
    const auto count = [&](int column) {
      return static_cast<std::uint64_t>(statement->integer(column));
    };
    record.id = model::SubscriberId{statement->integer(0)};
    record.settings.name = statement->text(1);
    record.settings.patterns_json = statement->text(2);
    record.position = count(3);
    record.worker = model::WorkerId{statement->integer(4)};
    record.settings.in_flight_max = static_cast<std::uint32_t>(statement->integer(5));
    record.settings.max_attempts = static_cast<std::uint32_t>(statement->integer(6));
    record.created_at_us = statement->integer(7);
    record.waiting = count(8);
    record.out = count(9);
    record.dead = count(10);
    record.behind = count(11);
  }
}

Result<DeadDeliveryPage> Queries::list_dead_deliveries(const DeadDeliveryFilter& filter) {
  const std::string from = fmt::format(
      "FROM deliveries d CROSS JOIN subscribers s ON s.id = d.subscriber_id "
      "WHERE d.state = 2 {}",
      filter.subscriber ? "AND s.name = ?1" : "");
  DeadDeliveryPage page;
  auto count = db_.prepare(fmt::format("SELECT count(*) {}", from));
  if (!count) return fail(count.error());
  if (filter.subscriber) count->bind(1, std::string_view(*filter.subscriber));
  if (count->step() != Row::kRow) return fail(failed("counting dead deliveries"));
  page.total = static_cast<std::uint64_t>(count->integer(0));
  count->reset();

  auto statement = db_.prepare(fmt::format(
      "SELECT {}, page.subscriber, page.attempt, page.ended_at_us, page.error_json, t.uuid FROM "
      "(SELECT s.name AS subscriber, d.number AS number, d.attempt AS attempt, d.ended_at_us AS "
      "ended_at_us, d.error_json AS error_json {} ORDER BY s.name, d.number LIMIT ?2 OFFSET ?3) "
      "page JOIN outbox o ON o.number = page.number JOIN tasks t ON t.id = o.step_id >> {} "
      "ORDER BY page.subscriber, page.number",
      kEventColumns, from, kStepIndexBits));
  if (!statement) return fail(statement.error());
  if (filter.subscriber) statement->bind(1, std::string_view(*filter.subscriber));
  statement->bind(2, std::int64_t{filter.limit}).bind(3, std::int64_t{filter.offset});
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return page;
    if (row == Row::kFailed) return fail(failed("listing dead deliveries"));
    DeadDelivery& dead = page.deliveries.emplace_back();
    dead.stored = read_event(*statement);
    dead.number = dead.stored.number;
    dead.subscriber = statement->text(kEventColumnCount);
    dead.attempts = static_cast<std::uint32_t>(statement->integer(kEventColumnCount + 1));
    dead.ended_at_us = statement->integer(kEventColumnCount + 2);
    dead.error_json = statement->text(kEventColumnCount + 3);
    dead.task_uuid = statement->uuid(kEventColumnCount + 4);
  }
}

}  // namespace tasker::store::sqlite
