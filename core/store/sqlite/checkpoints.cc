#include "core/store/sqlite/checkpoints.h"

#include <utility>

#include "core/store/sqlite/queries.h"
#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

using base::fail;
using base::Result;

Result<CheckpointWriter> CheckpointWriter::prepare(Connection& connection) {
  CheckpointWriter writer;
  writer.db_ = &connection;
  const std::pair<Statement&, const char*> statements[] = {
      {writer.mark_step_,
       "UPDATE steps SET has_checkpoint = 1 "
       "WHERE id = ?1 AND state = 2 AND attempt = ?2 AND worker_id = ?3"},
      {writer.put_latest_,
       "INSERT INTO checkpoints (step_id, number, stored_at_us, items_processed, cursor_json, "
       "accumulated_json) VALUES (?1, 1, ?2, ?3, ?4, ?5) ON CONFLICT (step_id) DO UPDATE SET "
       "number = number + 1, stored_at_us = excluded.stored_at_us, "
       "items_processed = excluded.items_processed, cursor_json = excluded.cursor_json, "
       "accumulated_json = excluded.accumulated_json RETURNING number"},
      {writer.add_to_history_,
       "INSERT INTO checkpoint_history (step_id, number, stored_at_us, cursor_json) "
       "VALUES (?1, ?2, ?3, ?4)"},
      {writer.trim_history_, "DELETE FROM checkpoint_history WHERE step_id = ?1 AND number <= ?2"},
      {writer.unmark_step_, "UPDATE steps SET has_checkpoint = 0 WHERE id = ?1"},
      {writer.remove_latest_, "DELETE FROM checkpoints WHERE step_id = ?1"},
      {writer.remove_history_, "DELETE FROM checkpoint_history WHERE step_id = ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection.prepare(sql);
    if (!prepared) return fail(prepared.error());
    statement = std::move(*prepared);
  }
  return writer;
}

bool CheckpointWriter::put(const Checkpoint& checkpoint, std::int64_t now_us,
                           CompletionOutcome& outcome) {
  outcome = CompletionOutcome::kFenced;
  const std::int64_t row = row_of(checkpoint.step);
  mark_step_.bind(1, row)
      .bind(2, std::int64_t{checkpoint.attempt})
      .bind(3, static_cast<std::int64_t>(checkpoint.worker));
  if (!mark_step_.run()) return false;
  if (!db_->changed_a_row()) return true;
  outcome = CompletionOutcome::kRecorded;
  std::int64_t number = 0;
  {
    ResetGuard guard(put_latest_);
    put_latest_.bind(1, row)
        .bind(2, now_us)
        .bind(3, static_cast<std::int64_t>(checkpoint.items_processed))
        .bind(4, checkpoint.cursor_json)
        .bind_unless_empty(5, checkpoint.accumulated_json);
    if (put_latest_.step() != Row::kRow) return false;
    number = put_latest_.integer(0);
    if (put_latest_.step() != Row::kDone) return false;
  }
  const bool is_small = checkpoint.cursor_json.size() <= kHistoryCursorBytesMax;
  add_to_history_.bind(1, row).bind(2, number).bind(3, now_us).bind(
      4, is_small ? std::string_view(checkpoint.cursor_json) : std::string_view("null"));
  if (!add_to_history_.run()) return false;
  const std::int64_t gone_up_to = number - std::int64_t{kCheckpointHistoryMax};
  return gone_up_to <= 0 || trim_history_.bind(1, row).bind(2, gone_up_to).run();
}

bool CheckpointWriter::remove(model::StepKey step) {
  const std::int64_t row = row_of(step);
  return unmark_step_.bind(1, row).run() && remove_latest_.bind(1, row).run() &&
         remove_history_.bind(1, row).run();
}

Result<std::optional<CheckpointRecord>> Queries::load_checkpoint(model::StepKey step) {
  // One statement, so that the history is that of the checkpoint: the latest is its last entry.
  auto statement = db_.prepare(
      "SELECT c.cursor_json, c.items_processed, c.accumulated_json, c.stored_at_us, h.cursor_json, "
      "h.stored_at_us FROM checkpoints c JOIN checkpoint_history h ON h.step_id = c.step_id "
      "WHERE c.step_id = ?1 ORDER BY h.number");
  if (!statement) return fail(statement.error());
  statement->bind(1, row_of(step));
  std::optional<CheckpointRecord> checkpoint;
  for (;;) {
    const Row row = statement->step();
    if (row == Row::kDone) return checkpoint;
    if (row == Row::kFailed) return fail(failed("reading a checkpoint"));
    if (!checkpoint) {
      checkpoint.emplace();
      checkpoint->cursor_json = statement->text(0);
      checkpoint->items_processed = static_cast<std::uint64_t>(statement->integer(1));
      checkpoint->accumulated_json = statement->text(2);
      checkpoint->stored_at_us = statement->integer(3);
    }
    checkpoint->history.push_back({statement->text(4), statement->integer(5)});
  }
}

}  // namespace tasker::store::sqlite
