// The store's own integrity: SQLite's check of the file, then the rules that the tables keep among
// themselves.
#include <fmt/format.h>

#include "core/store/sqlite/queries.h"
#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

using base::fail;
using base::Result;

namespace {

struct Rule {
  const char* fault;  ///< what it means when the query below returns an id
  const char* sql;    ///< first column: the id at fault
};

// A task's steps: id >> 20. The hold of 2^20 counts only while a task is blocked.
constexpr Rule kRules[] = {
    {"step {} belongs to no task",
     "SELECT s.id FROM steps s WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = s.id >> 20)"},
    {"task {} has no template",
     "SELECT id FROM tasks t WHERE NOT EXISTS "
     "(SELECT 1 FROM templates p WHERE p.id = t.template_id)"},
    {"task {} lacks steps of its template",  // handler_ids has four bytes for each step
     "SELECT t.id FROM tasks t JOIN templates p ON p.id = t.template_id WHERE (SELECT count(*) "
     "FROM "
     "steps s WHERE s.id BETWEEN t.id << 20 AND (t.id << 20) + 1048575) < length(p.handler_ids) / "
     "4"},
    {"task {} is complete with a step that is not",
     "SELECT t.id FROM tasks t WHERE t.state = 4 AND EXISTS (SELECT 1 FROM steps s WHERE s.id "
     "BETWEEN t.id << 20 AND (t.id << 20) + 1048575 AND s.state NOT IN (4, 7))"},
    {"task {} has all steps complete and is not complete itself",
     "SELECT t.id FROM tasks t WHERE t.state = 1 AND t.state <> 4 AND NOT EXISTS (SELECT 1 FROM "
     "steps s WHERE s.id BETWEEN t.id << 20 AND (t.id << 20) + 1048575 AND s.state NOT IN (4, 7))"},
    {"step {} can be claimed while dependencies are missing",
     "SELECT id FROM steps WHERE state IN (1, 2, 3, 4) AND missing <> 0"},
    {"step {} is pending with nothing missing",
     "SELECT id FROM steps WHERE state = 0 AND missing = 0"},
    {"step {} is complete without a result",
     "SELECT id FROM steps WHERE state = 4 AND (result_json IS NULL OR attempt < 1)"},
    {"step {} is running and nobody runs it",
     "SELECT id FROM steps WHERE state = 2 AND (worker_id = 0 OR attempt < 1)"},
    {"step {} has a checkpoint that is not there, or none that is",
     "SELECT s.id FROM steps s LEFT JOIN checkpoints c ON c.step_id = s.id "
     "WHERE s.has_checkpoint <> (c.step_id IS NOT NULL)"},
    {"checkpoints of step {} belong to no checkpoint of a step",
     "SELECT step_id FROM (SELECT step_id FROM checkpoints UNION SELECT step_id FROM "
     "checkpoint_history) h WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.id = h.step_id AND "
     "s.has_checkpoint = 1 AND s.state NOT IN (4, 6))"},
    {"event {} of the outbox belongs to no step",
     "SELECT number FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.id = o.step_id)"},
    {"event {} of the outbox is of a completed step, and the step is not complete",
     "SELECT o.number FROM outbox o JOIN steps s ON s.id = o.step_id "
     "WHERE o.document_json IS NULL AND s.state <> 4"},
    {"a delivery of event {} has no event or no subscriber",
     "SELECT number FROM deliveries d WHERE "
     "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.number = d.number) OR "
     "NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.id = d.subscriber_id)"},
    {"a delivery of event {} is after its subscriber's position, or in no known state",
     "SELECT number FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id "
     "WHERE d.number > s.position OR d.state NOT BETWEEN 0 AND 2"},
    {"step {} holds no known state", "SELECT id FROM steps WHERE state NOT BETWEEN 0 AND 7"},
};

}  // namespace

Result<std::vector<std::string>> Queries::check_integrity() {
  std::vector<std::string> faults;
  auto check = db_.prepare("PRAGMA integrity_check(100)");
  if (!check) return fail(check.error());
  for (;;) {
    const Row row = check->step();
    if (row == Row::kDone) break;
    if (row == Row::kFailed) return fail(failed("checking the file"));
    const std::string line = check->text(0);
    if (line != "ok") faults.push_back(line);
  }
  if (!faults.empty()) return faults;  // on a damaged file the rules below would only repeat it

  constexpr int kFaultsPerRule = 20;
  for (const Rule& rule : kRules) {
    auto statement = db_.prepare(fmt::format("{} LIMIT {}", rule.sql, kFaultsPerRule));
    if (!statement) return fail(statement.error());
    for (;;) {
      const Row row = statement->step();
      if (row == Row::kDone) break;
      if (row == Row::kFailed) return fail(failed("checking the tables"));
      faults.push_back(fmt::format(fmt::runtime(rule.fault), statement->integer(0)));
    }
  }
  return faults;
}

}  // namespace tasker::store::sqlite
