#include "core/store/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/random.h"
#include "core/model/template_json.h"
#include "core/store/sqlite/batch_writer.h"
#include "core/store/sqlite/change_watch.h"
#include "core/store/sqlite/queries.h"
#include "core/store/sqlite/schema.h"
#include "core/store/sqlite/step_rows.h"
#include "core/store/sqlite/subscribers.h"

namespace tasker::store::sqlite {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

class SqliteReader final : public ReadsByQueries<Reader> {
 public:
  SqliteReader(Connection connection, const std::string& path)
      : connection_(std::move(connection)), queries_(connection_, path) {}

 private:
  Queries& queries() override { return queries_; }

  Connection connection_;
  Queries queries_;
};

class SqliteStore final : public ReadsByQueries<Store> {
 public:
  SqliteStore(Connection connection, Options options, std::shared_ptr<base::Logger> logger)
      : connection_(std::move(connection)),
        queries_(connection_, options.path),
        options_(std::move(options)),
        logger_(std::move(logger)) {}

  /// Statements need the schema: called once it is there. Not called for read-only stores.
  Status prepare() {
    auto writer = BatchWriter::prepare(connection_);
    if (!writer) return fail(writer.error());
    writer_.emplace(std::move(*writer));
    return {};
  }

  Result<WriteOutcome> write(WriteBatch& batch) override {
    if (auto writable = check_writable(); !writable) return fail(writable.error());
    if (auto begun = connection_.run("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
    auto outcome = writer_->apply(batch);
    if (outcome) {
      auto committed = connection_.run("COMMIT");
      if (!committed) outcome = fail(committed.error());
    }
    if (!outcome) {
      roll_back();
      return outcome;
    }
    if (outcome->left_claimable || outcome->has_events_for_others) ring(options_.path);
    return outcome;
  }

  Result<PutTemplate> put_template(const model::TaskTemplate& body, std::int64_t now_us) override {
    PutTemplate put;
    auto status = in_transaction([&]() -> Status {
      const std::string json = model::template_to_json(body);
      auto newest = queries_.find_template(body.namespace_name, body.name, body.version);
      if (newest && model::template_to_json(newest->body) == json) {
        put.stored = std::move(*newest);
        return {};
      }
      if (!newest && newest.error().code != ErrorCode::kNOT_FOUND) return fail(newest.error());
      put.changed = true;
      put.stored.body = body;
      put.stored.created_at_us = now_us;
      put.stored.revision = newest ? newest->revision + 1 : 1;
      base::Random random = base::Random::from_system();
      put.stored.uuid = newest ? newest->uuid : base::make_uuid_v7(now_us / 1000, random);
      for (const model::StepTemplate& step : body.steps) {
        auto handler = intern_handler(body.namespace_name, step.handler.callable);
        if (!handler) return fail(handler.error());
        put.stored.handler_of_step.push_back(*handler);
      }
      return insert_template(put.stored, json);
    });
    if (!status) return fail(status.error());
    return put;
  }

  Result<model::WorkerId> register_worker(const WorkerInfo& info) override {
    model::WorkerId id{};
    auto status = in_transaction([&]() -> Status {
      auto insert = connection_.prepare(
          "INSERT INTO workers (name, hostname, pid, process_identity, started_at_us, "
          "lease_expires_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
      if (!insert) return fail(insert.error());
      insert->bind(1, std::string_view(info.name))
          .bind(2, std::string_view(info.hostname))
          .bind(3, info.pid)
          .bind(4, std::string_view(info.process_identity))
          .bind(5, info.started_at_us)
          .bind(6, info.lease_expires_at_us);
      if (!insert->run()) return fail(connection_.failure("registering a worker"));
      id = model::WorkerId{connection_.last_insert_id()};
      return {};
    });
    if (!status) return fail(status.error());
    return id;
  }

  Result<bool> renew_lease(model::WorkerId worker, std::int64_t expires_at_us) override {
    bool known = false;
    auto status = in_transaction([&]() -> Status {
      auto update =
          connection_.prepare("UPDATE workers SET lease_expires_at_us = ?1 WHERE id = ?2");
      if (!update) return fail(update.error());
      update->bind(1, expires_at_us).bind(2, static_cast<std::int64_t>(worker));
      if (!update->run()) return fail(connection_.failure("renewing a lease"));
      known = connection_.changed_a_row();
      return {};
    });
    if (!status) return fail(status.error());
    return known;
  }

  Status unregister_worker(model::WorkerId worker) override {
    return in_transaction([&]() -> Status {
      auto remove = connection_.prepare("DELETE FROM workers WHERE id = ?1");
      if (!remove) return fail(remove.error());
      if (!remove->bind(1, static_cast<std::int64_t>(worker)).run())
        return fail(connection_.failure("removing a worker"));
      return {};
    });
  }

  Status describe_handlers(model::WorkerId worker, std::string_view handlers_json) override {
    return in_transaction([&]() -> Status {
      auto update = connection_.prepare("UPDATE workers SET handlers_json = ?1 WHERE id = ?2");
      if (!update) return fail(update.error());
      if (!update->bind(1, handlers_json).bind(2, static_cast<std::int64_t>(worker)).run())
        return fail(connection_.failure("describing a worker's handlers"));
      return {};
    });
  }

  Status cancel_task(const base::Uuid& uuid, std::int64_t now_us) override {
    auto status = in_transaction([&]() -> Status {
      auto task = queries_.find_task(uuid);
      if (!task) return fail(task.error());
      const auto next = model::next_state(task->state, model::TaskEventKind::kCancel);
      if (!next) return wrong_state(*task, "cancelled", "steps_in_process or blocked_by_failures");
      const model::TaskId id = task->header.id;
      if (auto changed = set_task_state(id, *next, now_us); !changed) return changed;
      if (auto steps = update_steps("UPDATE steps SET state = 6, has_checkpoint = 0 WHERE id "
                                    "BETWEEN ?1 AND ?2 AND state IN (0, 1, 2, 3, 5)",
                                    id);
          !steps)
        return fail(steps.error());
      for (const std::string_view table : {"checkpoints", "checkpoint_history"})
        if (auto gone = update_steps(
                fmt::format("DELETE FROM {} WHERE step_id BETWEEN ?1 AND ?2", table), id);
            !gone)
          return fail(gone.error());
      return connection_.run("UPDATE counters SET value = value + 1 WHERE name = 'revocations'");
    });
    if (status) ring(options_.path);
    return status;
  }

  Result<std::uint32_t> retry_task(const base::Uuid& uuid, std::int64_t now_us) override {
    std::uint32_t reset = 0;
    auto status = in_transaction([&]() -> Status {
      auto task = queries_.find_task(uuid);
      if (!task) return fail(task.error());
      const auto next = model::next_state(task->state, model::TaskEventKind::kReset);
      if (!next) return wrong_state(*task, "retried", "blocked_by_failures or error");
      const model::TaskId id = task->header.id;
      if (auto changed = set_task_state(id, *next, now_us); !changed) return changed;
      auto steps = update_steps(
          "UPDATE steps SET state = 1, missing = 0, attempt = 0 "
          "WHERE id BETWEEN ?1 AND ?2 AND state = 5",
          id);
      if (!steps) return fail(steps.error());
      reset = *steps;
      auto held = update_steps(
          "UPDATE steps SET missing = missing - 1048576, "
          "state = CASE WHEN missing = 1048576 THEN 1 ELSE 0 END "
          "WHERE id BETWEEN ?1 AND ?2 AND state = 0 AND missing >= 1048576",
          id);
      if (!held) return fail(held.error());
      auto letters = connection_.prepare(
          "UPDATE dead_letters SET resolved_at_us = ?3 "
          "WHERE step_id BETWEEN ?1 AND ?2 AND resolved_at_us = 0");
      if (!letters) return fail(letters.error());
      letters->bind(1, first_row_of(id)).bind(2, last_row_of(id)).bind(3, now_us);
      if (!letters->run()) return fail(connection_.failure("resolving dead letters"));
      return {};
    });
    if (!status) return fail(status.error());
    ring(options_.path);
    return reset;
  }

  Result<model::SubscriberId> put_subscriber(const SubscriberSettings& settings,
                                             std::int64_t now_us) override {
    return rewrite<model::SubscriberId>(
        [&] { return sqlite::put_subscriber(connection_, settings, now_us); });
  }

  Result<bool> acquire_subscriber(model::SubscriberId id, model::WorkerId worker,
                                  std::int64_t now_us) override {
    // Asked again and again by workers that stand by.
    const auto is_held = is_held_by_another(connection_, id, worker);
    if (!is_held) return fail(is_held.error());
    if (*is_held) return false;
    return rewrite<bool>(
        [&] { return sqlite::acquire_subscriber(connection_, id, worker, now_us); });
  }

  Status release_subscriber(model::SubscriberId id, model::WorkerId worker,
                            std::uint64_t seen) override {
    auto status =
        in_transaction([&] { return sqlite::release_subscriber(connection_, id, worker, seen); });
    if (status) ring(options_.path);
    return status;
  }

  Status remove_subscriber(std::string_view name) override {
    return in_transaction([&] { return sqlite::remove_subscriber(connection_, name); });
  }

  Result<std::uint64_t> retry_dead_deliveries(std::string_view subscriber,
                                              std::optional<std::uint64_t> number) override {
    auto count = rewrite<std::uint64_t>(
        [&] { return sqlite::retry_dead_deliveries(connection_, subscriber, number); });
    if (count && *count > 0) ring(options_.path);
    return count;
  }

  Result<std::uint64_t> drop_dead_deliveries(std::string_view subscriber,
                                             std::optional<std::uint64_t> number) override {
    return rewrite<std::uint64_t>(
        [&] { return sqlite::drop_dead_deliveries(connection_, subscriber, number); });
  }

  Result<RemovedEvents> remove_passed_events(std::int64_t before_us, std::uint64_t after,
                                             std::uint32_t limit) override {
    return rewrite<RemovedEvents>(
        [&] { return sqlite::remove_passed_events(connection_, before_us, after, limit); });
  }

  Result<std::unique_ptr<Reader>> open_reader() override {
    auto connection = Connection::open(
        options_.path,
        options_.mode == OpenMode::kReadOnly ? Access::kReadOnly : Access::kReadWrite,
        options_.busy_timeout_ms);
    if (!connection) return fail(connection.error());
    if (auto status = connection->run("PRAGMA query_only = 1; PRAGMA cache_size = -8192"); !status)
      return fail(status.error());
    return std::unique_ptr<Reader>(
        std::make_unique<SqliteReader>(std::move(*connection), options_.path));
  }

  Result<std::unique_ptr<ChangeWatch>> watch_changes() override { return watch(options_.path); }

 private:
  Queries& queries() override { return queries_; }

  Status check_writable() const {
    if (options_.mode != OpenMode::kReadOnly) return {};
    return fail(ErrorCode::kSTORE_READ_ONLY,
                fmt::format("store {}: opened for reading only", options_.path), "store_path");
  }

  void roll_back() {
    if (!connection_.in_transaction()) return;
    if (auto status = connection_.run("ROLLBACK"); !status)
      logger_->log(base::LogLevel::kError, "store", "rollback failed",
                   {{"detail", std::string_view(status.error().detail)}});
  }

  template <class Body>
  Status in_transaction(Body body) {
    if (auto writable = check_writable(); !writable) return writable;
    if (auto begun = connection_.run("BEGIN IMMEDIATE"); !begun) return begun;
    Status status = body();
    if (status) status = connection_.run("COMMIT");
    if (!status) roll_back();
    return status;
  }

  /// In a transaction, what `body` returns.
  template <class Value, class Body>
  Result<Value> rewrite(Body body) {
    Result<Value> value;
    auto status = in_transaction([&]() -> Status {
      value = body();
      if (!value) return fail(value.error());
      return {};
    });
    if (!status) return fail(status.error());
    return value;
  }

  Result<model::HandlerId> intern_handler(std::string_view namespace_name,
                                          std::string_view callable) {
    auto insert = connection_.prepare(
        "INSERT INTO handlers (namespace, callable) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
    if (!insert) return fail(insert.error());
    if (!insert->bind(1, namespace_name).bind(2, callable).run())
      return fail(connection_.failure("storing a handler name"));
    auto find =
        connection_.prepare("SELECT id FROM handlers WHERE namespace = ?1 AND callable = ?2");
    if (!find) return fail(find.error());
    if (find->bind(1, namespace_name).bind(2, callable).step() != Row::kRow)
      return fail(connection_.failure("reading a handler name"));
    return model::HandlerId{static_cast<std::uint32_t>(find->integer(0))};
  }

  Status insert_template(StoredTemplate& stored, const std::string& json) {
    std::string handlers;
    for (const model::HandlerId handler : stored.handler_of_step) {
      const auto id = static_cast<std::uint32_t>(handler);
      for (unsigned shift = 0; shift < 32; shift += 8)
        handlers.push_back(static_cast<char>((id >> shift) & 0xff));
    }
    auto insert = connection_.prepare(
        "INSERT INTO templates (uuid, namespace, name, version, revision, created_at_us, "
        "handler_ids, body_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    if (!insert) return fail(insert.error());
    insert->bind(1, stored.uuid)
        .bind(2, std::string_view(stored.body.namespace_name))
        .bind(3, std::string_view(stored.body.name))
        .bind(4, std::string_view(stored.body.version))
        .bind(5, std::int64_t{stored.revision})
        .bind(6, stored.created_at_us)
        .bind_blob(7, handlers)
        .bind(8, std::string_view(json));
    if (!insert->run()) return fail(connection_.failure("storing a template"));
    stored.id = model::TemplateId{connection_.last_insert_id()};
    return {};
  }

  static Status wrong_state(const TaskRecord& task, std::string_view action,
                            std::string_view expected) {
    return fail(ErrorCode::kINVALID_STATE,
                fmt::format("task {} is {} and cannot be {}; expected {}", task.header.uuid.text(),
                            model::state_name(task.state), action, expected),
                "task_uuid");
  }

  Status set_task_state(model::TaskId id, model::TaskState state, std::int64_t now_us) {
    auto update =
        connection_.prepare("UPDATE tasks SET state = ?2, updated_at_us = ?3 WHERE id = ?1");
    if (!update) return fail(update.error());
    update->bind(1, static_cast<std::int64_t>(id))
        .bind(2, static_cast<std::int64_t>(state))
        .bind(3, now_us);
    if (!update->run()) return fail(connection_.failure("changing a task's state"));
    return {};
  }

  Result<std::uint32_t> update_steps(std::string_view sql, model::TaskId id) {
    auto update = connection_.prepare(sql);
    if (!update) return fail(update.error());
    if (!update->bind(1, first_row_of(id)).bind(2, last_row_of(id)).run())
      return fail(connection_.failure("changing the steps of a task"));
    return static_cast<std::uint32_t>(connection_.changes());
  }

  Connection connection_;
  Queries queries_;
  std::optional<BatchWriter> writer_;
  const Options options_;
  const std::shared_ptr<base::Logger> logger_;
};

/// 255 bytes less `-journal`, which SQLite appends for a file beside; it tries for many seconds to
/// open one that the file system can not have.
constexpr std::size_t kFileNameBytesMax = 247;

Status check_options(const Options& options) {
  if (options.path.empty() || options.path.starts_with(":") || options.path.starts_with("file:") ||
      options.path.find('\0') != std::string::npos)
    return fail(
        ErrorCode::kINVALID_ARGUMENT,
        fmt::format("store path \"{}\"; expected the name of a file", base::shown(options.path)),
        "store_path");
  const std::size_t name_bytes = std::filesystem::path(options.path).filename().native().size();
  if (name_bytes > kFileNameBytesMax)
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("store path {}: its file name has {} bytes; expected at most {}",
                            base::shown(options.path), name_bytes, kFileNameBytesMax),
                "store_path");
  std::error_code ignored;
  const auto kind = std::filesystem::status(options.path, ignored).type();
  if (kind == std::filesystem::file_type::not_found) {
    if (options.mode != OpenMode::kCreate)
      return fail(ErrorCode::kNOT_FOUND, fmt::format("no store at {}", options.path), "store_path");
  } else if (kind != std::filesystem::file_type::regular) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("store path {} is not a regular file", options.path), "store_path");
  }
  return {};
}

Status quick_check(Connection& connection, const Options& options) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(options.path, ignored);
  if (ignored || size == 0 || size > options.integrity_check_bytes_max) return {};
  auto check = connection.prepare("PRAGMA quick_check(1)");
  if (!check) return fail(check.error());
  if (check->step() != Row::kRow) return fail(connection.failure("checking the file"));
  if (const std::string found = check->text(0); found != "ok")
    return fail(ErrorCode::kSTORE_CORRUPT,
                fmt::format("store {}: the file is damaged: {}", options.path, base::shown(found)),
                "store_path");
  return {};
}

// Changing the mode of a file that others are opening fails at once: SQLite asks no busy handler
// there.
Result<std::string> set_wal_mode(Connection& connection, std::uint32_t busy_timeout_ms) {
  constexpr std::uint32_t kPauseMs = 2;
  for (std::uint32_t waited_ms = 0;; waited_ms += kPauseMs) {
    auto pragma = connection.prepare("PRAGMA journal_mode = WAL");
    if (pragma && pragma->step() == Row::kRow) return pragma->text(0);
    const base::Error error = connection.failure("switching to write-ahead logging");
    if (error.code != ErrorCode::kSTORE_UNAVAILABLE || waited_ms >= busy_timeout_ms)
      return fail(error);
    pause_us(kPauseMs * 1'000);
  }
}

Status switch_to_wal(Connection& connection, const Options& options) {
  auto mode = set_wal_mode(connection, options.busy_timeout_ms);
  if (!mode) return fail(mode.error());
  if (*mode == "wal") return {};
  return fail(ErrorCode::kSTORE_UNAVAILABLE,
              fmt::format("store {}: its file system allows no write-ahead log (journal mode {})",
                          options.path, *mode),
              "store_path");
}

Status set_up_writing(Connection& connection, const Options& options) {
  if (connection.read_only())
    return fail(ErrorCode::kSTORE_READ_ONLY,
                fmt::format("store {}: the file is read-only", options.path), "store_path");
  if (auto wal = switch_to_wal(connection, options); !wal) return wal;
  const std::string pragmas = fmt::format(
      "PRAGMA synchronous = {}; PRAGMA cache_size = -8192; "
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; "
      "PRAGMA temp_store = MEMORY",
      options.durability == Durability::kFull ? "FULL" : "NORMAL");
  if (auto set = connection.run(pragmas.c_str()); !set) return set;
  return migrate(connection, options.path);
}

}  // namespace

Result<std::unique_ptr<Store>> open(const Options& options, std::shared_ptr<base::Logger> logger) {
  if (auto checked = check_options(options); !checked) return fail(checked.error());
  const Access access = options.mode == OpenMode::kCreate     ? Access::kReadWriteCreate
                        : options.mode == OpenMode::kExisting ? Access::kReadWrite
                                                              : Access::kReadOnly;
  auto connection = Connection::open(options.path, access, options.busy_timeout_ms);
  if (!connection) return fail(connection.error());

  const auto version = read_schema_version(*connection, options.path);
  if (!version) return fail(version.error());
  if (options.check_integrity)
    if (auto sound = quick_check(*connection, options); !sound) return fail(sound.error());

  const bool writes = options.mode != OpenMode::kReadOnly;
  if (writes) {
    if (auto ready = set_up_writing(*connection, options); !ready) return fail(ready.error());
  } else if (*version != newest_schema_version()) {
    return fail(ErrorCode::kSTORE_READ_ONLY,
                fmt::format("store {}: schema version {} has to be migrated to {} first, which a "
                            "read-only open does not do",
                            options.path, *version, newest_schema_version()),
                "store_path");
  }
  auto store = std::make_unique<SqliteStore>(std::move(*connection), options, std::move(logger));
  if (writes)
    if (auto prepared = store->prepare(); !prepared) return fail(prepared.error());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace tasker::store::sqlite
