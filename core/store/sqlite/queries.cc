#include "core/store/sqlite/queries.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "core/model/template_json.h"
#include "core/store/sqlite/schema.h"
#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kTemplateColumns =
    "t.id, t.uuid, t.revision, t.created_at_us, t.handler_ids, t.body_json";

constexpr std::string_view kTaskColumns =
    "t.id, t.uuid, t.template_id, t.context_json, t.initiator, t.source_system, t.reason, "
    "t.tags_json, t.options_json, t.priority, t.correlation_id, t.parent_correlation_id, "
    "t.idempotency_key, t.requested_at_us, t.created_at_us, t.state, t.completed_at_us, "
    "t.updated_at_us";

constexpr std::string_view kStepColumns =
    "id, template_step, state, missing, attempt, worker_id, claimed_at_us, completed_at_us, "
    "execution_us, retry_at_us, error_json, metadata_json";

Result<StoredTemplate> read_template(const Statement& row, std::string_view path) {
  StoredTemplate stored;
  stored.id = model::TemplateId{row.integer(0)};
  stored.uuid = row.uuid(1);
  stored.revision = static_cast<std::uint32_t>(row.integer(2));
  stored.created_at_us = row.integer(3);
  auto body = model::template_from_json(row.text(5));
  const std::string handlers = row.blob(4);
  if (!body || handlers.size() != body->steps.size() * sizeof(std::uint32_t))
    return fail(ErrorCode::kSTORE_CORRUPT,
                fmt::format("store {}: template {} cannot be read", path, row.integer(0)),
                "store_path", body ? "handler_ids" : body.error().message);
  stored.body = std::move(*body);
  for (std::size_t i = 0; i < stored.body.steps.size(); ++i) {
    std::uint32_t id = 0;
    for (std::size_t byte = 0; byte < sizeof id; ++byte)
      id |= static_cast<std::uint32_t>(static_cast<unsigned char>(handlers[i * sizeof id + byte]))
            << (8 * byte);
    stored.handler_of_step.push_back(model::HandlerId{id});
  }
  return stored;
}

TaskRecord read_task(const Statement& row) {
  TaskRecord task;
  TaskHeader& header = task.header;
  header.id = model::TaskId{row.integer(0)};
  header.uuid = row.uuid(1);
  header.template_id = model::TemplateId{row.integer(2)};
  header.context_json = row.text(3);
  header.initiator = row.text(4);
  header.source_system = row.text(5);
  header.reason = row.text(6);
  header.tags_json = row.text_or_null(7);
  header.options_json = row.text_or_null(8);
  header.priority = static_cast<std::int32_t>(row.integer(9));
  header.correlation_id = row.uuid(10);
  if (!row.is_null(11)) header.parent_correlation_id = row.uuid(11);
  header.idempotency_key = row.text_or_null(12);
  header.requested_at_us = row.integer(13);
  header.created_at_us = row.integer(14);
  task.state = static_cast<model::TaskState>(row.integer(15));
  task.completed_at_us = row.integer(16);
  task.updated_at_us = row.integer(17);
  return task;
}

StepRecord read_step(const Statement& row) {
  StepRecord step;
  step.key = key_of(row.integer(0));
  step.template_step = static_cast<std::uint32_t>(row.integer(1));
  step.state = static_cast<model::StepState>(row.integer(2));
  const std::int64_t missing = row.integer(3);
  step.held = missing >= kHold;
  step.dependencies_missing = static_cast<std::uint32_t>(missing % kHold);
  step.attempt = static_cast<std::uint32_t>(row.integer(4));
  step.worker = model::WorkerId{row.integer(5)};
  step.claimed_at_us = row.integer(6);
  step.completed_at_us = row.integer(7);
  step.execution_us = row.integer(8);
  step.retry_at_us = row.integer(9);
  step.error_json = row.text(10);
  step.metadata_json = row.text(11);
  return step;
}

}  // namespace

Result<Statement*> Queries::cached(std::optional<Statement>& slot, std::string_view sql) {
  if (!slot) {
    auto prepared = db_.prepare(sql);
    if (!prepared) return fail(prepared.error());
    slot = std::move(*prepared);
  }
  return &*slot;
}

Result<StoredTemplate> Queries::find_template(std::string_view namespace_name,
                                              std::string_view name, std::string_view version) {
  auto statement = db_.prepare(fmt::format(
      "SELECT {} FROM templates t WHERE namespace = ?1 AND name = ?2 AND (?3 = '' OR version = ?3) "
      "ORDER BY id DESC LIMIT 1",
      kTemplateColumns));
  if (!statement) return fail(statement.error());
  statement->bind(1, namespace_name).bind(2, name).bind(3, version);
  switch (statement->step()) {
    case Row::kRow:
      return read_template(*statement, path_);
    case Row::kFailed:
      return fail(failed("reading a template"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("no task template {}/{}{}{} in the store", base::shown(namespace_name),
                          base::shown(name), version.empty() ? "" : ":", base::shown(version)),
              "name");
}

Result<StoredTemplate> Queries::load_template(model::TemplateId id) {
  auto statement = cached(
      load_template_, fmt::format("SELECT {} FROM templates t WHERE id = ?1", kTemplateColumns));
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  (*statement)->bind(1, static_cast<std::int64_t>(id));
  switch ((*statement)->step()) {
    case Row::kRow:
      return read_template(**statement, path_);
    case Row::kFailed:
      return fail(failed("reading a template"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("no template with id {} in the store", static_cast<std::int64_t>(id)),
              "template_id");
}

Result<std::vector<StoredTemplate>> Queries::list_templates() {
  auto statement = db_.prepare(fmt::format(
      "SELECT {} FROM templates t WHERE revision = (SELECT max(revision) FROM templates o WHERE "
      "o.namespace = t.namespace AND o.name = t.name AND o.version = t.version) "
      "ORDER BY namespace, name, version",
      kTemplateColumns));
  if (!statement) return fail(statement.error());
  std::vector<StoredTemplate> templates;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return templates;
    if (row == Row::kFailed) return fail(failed("listing templates"));
    auto stored = read_template(*statement, path_);
    if (!stored) return fail(stored.error());
    templates.push_back(std::move(*stored));
  }
}

Result<std::vector<HandlerRecord>> Queries::list_handlers() {
  auto statement = db_.prepare("SELECT id, namespace, callable FROM handlers ORDER BY id");
  if (!statement) return fail(statement.error());
  std::vector<HandlerRecord> handlers;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return handlers;
    if (row == Row::kFailed) return fail(failed("listing handlers"));
    handlers.push_back({model::HandlerId{static_cast<std::uint32_t>(statement->integer(0))},
                        statement->text(1), statement->text(2)});
  }
}

Result<TaskRecord> Queries::find_task(const base::Uuid& uuid) {
  auto statement =
      cached(find_task_, fmt::format("SELECT {} FROM tasks t WHERE uuid = ?1", kTaskColumns));
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  (*statement)->bind(1, uuid);
  switch ((*statement)->step()) {
    case Row::kRow:
      return read_task(**statement);
    case Row::kFailed:
      return fail(failed("reading a task"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND, fmt::format("no task {} in the store", uuid.text()),
              "task_uuid");
}

Result<TaskHeader> Queries::load_task_header(model::TaskId id) {
  auto statement =
      cached(load_header_, fmt::format("SELECT {} FROM tasks t WHERE id = ?1", kTaskColumns));
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  (*statement)->bind(1, static_cast<std::int64_t>(id));
  switch ((*statement)->step()) {
    case Row::kRow:
      return read_task(**statement).header;
    case Row::kFailed:
      return fail(failed("reading a task"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("no task with id {} in the store", static_cast<std::int64_t>(id)),
              "task_id");
}

Result<TaskPage> Queries::list_tasks(const TaskFilter& filter) {
  std::string where = "WHERE 1";
  if (filter.state) {
    // A literal for the unfinished ones, so that the planner sees that the partial index covers
    // them.
    where += fmt::format(" AND t.state = {}", static_cast<int>(*filter.state));
  }
  if (filter.namespace_name) where += " AND p.namespace = ?1";
  if (filter.name) where += " AND p.name = ?2";
  const bool by_template = filter.namespace_name || filter.name;
  const std::string from = fmt::format(
      "FROM tasks t {} {}", by_template ? "JOIN templates p ON p.id = t.template_id" : "", where);
  const auto bind_filter = [&](Statement& statement) {
    if (filter.namespace_name) statement.bind(1, std::string_view(*filter.namespace_name));
    if (filter.name) statement.bind(2, std::string_view(*filter.name));
  };

  TaskPage page;
  auto count = db_.prepare(fmt::format("SELECT count(*) {}", from));
  if (!count) return fail(count.error());
  bind_filter(*count);
  if (count->step() != Row::kRow) return fail(failed("counting tasks"));
  page.total = static_cast<std::uint64_t>(count->integer(0));
  count->reset();

  auto statement = db_.prepare(
      fmt::format("SELECT {} {} ORDER BY t.id DESC LIMIT ?3 OFFSET ?4", kTaskColumns, from));
  if (!statement) return fail(statement.error());
  bind_filter(*statement);
  statement->bind(3, std::int64_t{filter.limit}).bind(4, std::int64_t{filter.offset});
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return page;
    if (row == Row::kFailed) return fail(failed("listing tasks"));
    page.tasks.push_back(read_task(*statement));
  }
}

Result<std::optional<TaskRecord>> Queries::find_by_idempotency_key(std::string_view namespace_name,
                                                                   std::string_view name,
                                                                   std::string_view key) {
  auto statement = db_.prepare(
      fmt::format("SELECT {} FROM tasks t WHERE idempotency_scope = ?1 AND idempotency_key = ?2",
                  kTaskColumns));
  if (!statement) return fail(statement.error());
  const std::string scope = fmt::format("{}/{}", namespace_name, name);
  statement->bind(1, std::string_view(scope)).bind(2, key);
  switch (statement->step()) {
    case Row::kRow:
      return read_task(*statement);
    case Row::kDone:
      return std::optional<TaskRecord>{};
    case Row::kFailed:
      break;
  }
  return fail(failed("looking up an idempotency key"));
}

Result<std::vector<StepRecord>> Queries::list_steps(model::TaskId task, bool with_results) {
  auto statement = db_.prepare(
      fmt::format("SELECT {}, {}, (SELECT created_at_us FROM tasks WHERE id = ?3) FROM steps "
                  "WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                  kStepColumns, with_results ? "result_json" : "NULL"));
  if (!statement) return fail(statement.error());
  statement->bind(1, first_row_of(task)).bind(2, last_row_of(task));
  statement->bind(3, static_cast<std::int64_t>(task));
  std::vector<StepRecord> steps;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return steps;
    if (row == Row::kFailed) return fail(failed("listing steps"));
    StepRecord step = read_step(*statement);
    step.result_json = statement->text(12);
    step.created_at_us = statement->integer(13);
    steps.push_back(std::move(step));
  }
}

Result<StepRecord> Queries::load_step(model::StepKey key) {
  auto statement = db_.prepare(
      fmt::format("SELECT {}, result_json, (SELECT created_at_us FROM tasks WHERE id = ?2) "
                  "FROM steps WHERE id = ?1",
                  kStepColumns));
  if (!statement) return fail(statement.error());
  statement->bind(1, row_of(key)).bind(2, static_cast<std::int64_t>(key.task));
  switch (statement->step()) {
    case Row::kRow: {
      StepRecord step = read_step(*statement);
      step.result_json = statement->text(12);
      step.created_at_us = statement->integer(13);
      return step;
    }
    case Row::kFailed:
      return fail(failed("reading a step"));
    case Row::kDone:
      break;
  }
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("no step {} of task {} in the store", key.index,
                          static_cast<std::int64_t>(key.task)),
              "step_uuid");
}

Result<std::vector<std::string>> Queries::load_results(model::TaskId task,
                                                       std::span<const std::uint32_t> steps) {
  auto statement = cached(load_result_, "SELECT result_json FROM steps WHERE id = ?1");
  if (!statement) return fail(statement.error());
  std::vector<std::string> results;
  results.reserve(steps.size());
  for (const std::uint32_t index : steps) {
    ResetGuard guard(**statement);
    (*statement)->bind(1, row_of({task, index}));
    const Row row = (*statement)->step();
    if (row == Row::kFailed) return fail(failed("reading a result"));
    results.push_back(row == Row::kRow ? (*statement)->text(0) : std::string());
  }
  return results;
}

Result<std::vector<AttemptRecord>> Queries::list_attempts(model::StepKey step) {
  auto statement = db_.prepare(
      "SELECT attempt, worker_id, next_state, started_at_us, ended_at_us, error_json "
      "FROM attempts WHERE step_id = ?1 ORDER BY id");
  if (!statement) return fail(statement.error());
  statement->bind(1, row_of(step));
  std::vector<AttemptRecord> attempts;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return attempts;
    if (row == Row::kFailed) return fail(failed("listing attempts"));
    attempts.push_back({step, static_cast<std::uint32_t>(statement->integer(0)),
                        model::WorkerId{statement->integer(1)},
                        static_cast<model::StepState>(statement->integer(2)), statement->integer(3),
                        statement->integer(4), statement->text(5)});
  }
}

Result<std::vector<WorkerRecord>> Queries::list_workers() {
  auto statement = db_.prepare(
      "SELECT id, name, hostname, pid, process_identity, started_at_us, lease_expires_at_us, "
      "handlers_json FROM workers ORDER BY id");
  if (!statement) return fail(statement.error());
  std::vector<WorkerRecord> workers;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return workers;
    if (row == Row::kFailed) return fail(failed("listing workers"));
    workers.push_back({model::WorkerId{statement->integer(0)},
                       {statement->text(1), statement->text(2), statement->integer(3),
                        statement->text(4), statement->integer(5), statement->integer(6)},
                       statement->text(7)});
  }
}

Result<std::vector<LostClaim>> Queries::list_lost_claims(
    const std::function<bool(const WorkerRecord&)>& is_lost, std::uint32_t limit) {
  auto workers = list_workers();
  if (!workers) return fail(workers.error());
  std::map<std::int64_t, bool> lost;
  for (const WorkerRecord& worker : *workers)
    lost[static_cast<std::int64_t>(worker.id)] = is_lost(worker);

  // Only unfinished tasks are looked through: claims carry no index, since a crash is rare and a
  // claim is not.
  auto statement = db_.prepare(fmt::format(
      "SELECT s.id, s.worker_id, s.template_id, s.template_step, s.attempt, s.claimed_at_us "
      "FROM tasks t CROSS JOIN steps s ON s.id BETWEEN t.id << {0} AND (t.id << {0}) + {1} "
      "WHERE t.state IN (1, 2) AND t.state <> 4 AND s.state = 2",
      kStepIndexBits, kStepsPerTaskMax - 1));
  if (!statement) return fail(statement.error());
  std::vector<LostClaim> claims;
  while (claims.size() < limit) {
    const Row row = statement->step();
    if (row == Row::kDone) break;
    if (row == Row::kFailed) return fail(failed("looking for lost claims"));
    const std::int64_t worker = statement->integer(1);
    auto known = lost.find(worker);
    if (known == lost.end()) {
      WorkerRecord unknown;
      unknown.id = model::WorkerId{worker};
      known = lost.emplace(worker, is_lost(unknown)).first;
    }
    if (!known->second) continue;
    claims.push_back({key_of(statement->integer(0)), model::WorkerId{worker},
                      model::TemplateId{statement->integer(2)},
                      static_cast<std::uint32_t>(statement->integer(3)),
                      static_cast<std::uint32_t>(statement->integer(4)), statement->integer(5)});
  }
  return claims;
}

Result<std::optional<std::int64_t>> Queries::next_due() {
  auto statement = cached(next_due_, "SELECT min(retry_at_us) FROM steps WHERE state = 3");
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  if ((*statement)->step() != Row::kRow) return fail(failed("reading the next retry"));
  if ((*statement)->is_null(0)) return std::optional<std::int64_t>{};
  return std::optional<std::int64_t>{(*statement)->integer(0)};
}

Result<std::uint64_t> Queries::revocations() {
  auto statement = cached(revocations_, "SELECT value FROM counters WHERE name = 'revocations'");
  if (!statement) return fail(statement.error());
  ResetGuard guard(**statement);
  if ((*statement)->step() != Row::kRow) return fail(failed("reading the revocations"));
  return static_cast<std::uint64_t>((*statement)->integer(0));
}

Result<std::vector<bool>> Queries::holds_claims(model::WorkerId worker,
                                                std::span<const HeldClaim> claims) {
  auto statement =
      cached(holds_claim_,
             "SELECT 1 FROM steps WHERE id = ?1 AND state = 2 AND attempt = ?2 AND worker_id = ?3");
  if (!statement) return fail(statement.error());
  std::vector<bool> held;
  held.reserve(claims.size());
  for (const HeldClaim& claim : claims) {
    ResetGuard guard(**statement);
    (*statement)
        ->bind(1, row_of(claim.step))
        .bind(2, std::int64_t{claim.attempt})
        .bind(3, static_cast<std::int64_t>(worker));
    const Row row = (*statement)->step();
    if (row == Row::kFailed) return fail(failed("checking claims"));
    held.push_back(row == Row::kRow);
  }
  return held;
}

Result<StoreInfo> Queries::info() {
  StoreInfo info;
  info.backend = "sqlite";
  info.location = path_;
  const auto read = [&](const char* sql, auto& member) -> base::Status {
    const auto value = db_.scalar(sql);
    if (!value) return fail(value.error());
    member = static_cast<std::remove_reference_t<decltype(member)>>(*value);
    return {};
  };
  std::int64_t synchronous = 0;
  for (const base::Status& status :
       {read("PRAGMA user_version", info.schema_version),
        read("SELECT count(*) FROM templates", info.templates),
        read("SELECT count(*) FROM tasks", info.tasks),
        read("SELECT count(*) FROM tasks WHERE state IN (1, 2) AND state <> 4",
             info.tasks_unfinished),
        read("SELECT count(*) FROM dead_letters WHERE resolved_at_us = 0", info.dead_letters),
        read("SELECT count(*) FROM workers", info.workers),
        read("PRAGMA synchronous", synchronous)}) {
    if (!status) return fail(status.error());
  }
  constexpr std::int64_t kSynchronousFull = 2;
  info.durability = synchronous == kSynchronousFull ? "full" : "normal";
  std::error_code ignored;
  const auto size_of = [&](const std::string& file) {
    const auto size = std::filesystem::file_size(file, ignored);
    return ignored ? std::uint64_t{0} : static_cast<std::uint64_t>(size);
  };
  info.size_bytes = size_of(path_);
  info.wal_bytes = size_of(path_ + "-wal");
  return info;
}

}  // namespace tasker::store::sqlite
