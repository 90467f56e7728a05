#include "core/store/sqlite/batch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/store/sqlite/step_rows.h"

namespace tasker::store::sqlite {

namespace {

constexpr std::uint32_t kCandidatesPerHandler = 256;

}  // namespace

using base::Result;
using model::StepState;
using model::TaskState;

Result<BatchWriter> BatchWriter::prepare(Connection& connection) {
  BatchWriter writer(connection);
  const std::pair<Statement&, const char*> statements[] = {
      {writer.complete_,
       "UPDATE steps SET state = 4, completed_at_us = ?1, execution_us = ?2, metadata_json = ?3, "
       "result_json = ?4 WHERE id = ?5 AND state = 2 AND attempt = ?6 AND worker_id = ?7 "
       "RETURNING has_checkpoint"},
      {writer.fail_,
       "UPDATE steps SET state = ?1, missing = ?2, retry_at_us = ?3, execution_us = ?4, "
       "error_json = ?5, metadata_json = ?6 "
       "WHERE id = ?7 AND state = 2 AND attempt = ?8 AND worker_id = ?9"},
      {writer.claim_dependent_,
       "UPDATE steps SET state = 2, missing = 0, attempt = attempt + 1, worker_id = ?2, "
       "claimed_at_us = ?3 WHERE id = ?1 AND state = 0 AND missing = 1"},
      {writer.enqueue_dependent_,
       "UPDATE steps SET state = 1, missing = 0 WHERE id = ?1 AND state = 0 AND missing = 1"},
      {writer.decrement_dependent_,
       "UPDATE steps SET missing = missing - 1 WHERE id = ?1 AND state = 0 AND missing > 1"},
      {writer.complete_task_,
       "UPDATE tasks SET sinks_open = 0, state = 4, completed_at_us = ?2, updated_at_us = ?2 "
       "WHERE id = ?1 AND state = 1 AND sinks_open = 1"},
      {writer.decrement_task_,
       "UPDATE tasks SET sinks_open = sinks_open - 1 WHERE id = ?1 AND sinks_open > 1"},
      {writer.block_task_,
       "UPDATE tasks SET state = 2, updated_at_us = ?2 WHERE id = ?1 AND state = 1"},
      {writer.hold_steps_,
       "UPDATE steps SET state = 0, missing = missing + 1048576 "
       "WHERE id BETWEEN ?1 AND ?2 AND state IN (0, 1, 3)"},
      {writer.task_state_, "SELECT state FROM tasks WHERE id = ?1"},
      {writer.add_attempt_,
       "INSERT INTO attempts (step_id, attempt, worker_id, next_state, started_at_us, ended_at_us, "
       "error_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {writer.add_dead_letter_,
       "INSERT INTO dead_letters (step_id, created_at_us, reason) VALUES (?1, ?2, ?3)"},
      {writer.release_,
       "UPDATE steps SET state = ?1, missing = ?2, attempt = attempt - 1 "
       "WHERE id = ?3 AND state = 2 AND attempt = ?4 AND worker_id = ?5"},
      {writer.find_key_,
       "SELECT t.uuid FROM tasks t, templates p WHERE p.id = ?1 AND "
       "t.idempotency_scope = p.namespace || '/' || p.name AND t.idempotency_key = ?2"},
      {writer.add_task_,
       "INSERT INTO tasks (uuid, template_id, state, sinks_open, priority, created_at_us, "
       "updated_at_us, completed_at_us, requested_at_us, correlation_id, parent_correlation_id, "
       "initiator, source_system, reason, tags_json, options_json, idempotency_key, context_json, "
       "idempotency_scope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
       "?14, "
       "?15, ?16, ?17, CASE WHEN ?16 IS NULL THEN NULL ELSE "
       "(SELECT namespace || '/' || name FROM templates WHERE id = ?2) END)"},
      {writer.add_step_,
       "INSERT INTO steps (id, state, missing, handler_id, priority, template_id, template_step, "
       "attempt, worker_id, claimed_at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      {writer.promote_,
       "UPDATE steps SET state = 1 WHERE state = 3 AND retry_at_us <= ?1 RETURNING id"},
      {writer.next_handler_,
       "SELECT handler_id FROM steps INDEXED BY steps_enqueued WHERE state = 1 AND handler_id > ?1 "
       "ORDER BY handler_id LIMIT 1"},
      {writer.next_steps_,
       "SELECT id, priority FROM steps INDEXED BY steps_enqueued "
       "WHERE state = 1 AND handler_id = ?1 ORDER BY priority DESC, id LIMIT ?2"},
      {writer.claim_,
       "UPDATE steps SET state = 2, attempt = attempt + 1, worker_id = ?2, claimed_at_us = ?3 "
       "WHERE id = ?1 AND state = 1 RETURNING template_id, template_step, attempt, "
       "has_checkpoint"},
      {writer.next_due_, "SELECT min(retry_at_us) FROM steps WHERE state = 3"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection.prepare(sql);
    if (!prepared) return base::fail(prepared.error());
    statement = std::move(*prepared);
  }
  auto checkpoints = CheckpointWriter::prepare(connection);
  if (!checkpoints) return base::fail(checkpoints.error());
  writer.checkpoints_ = std::move(*checkpoints);
  auto outbox = OutboxWriter::prepare(connection);
  if (!outbox) return base::fail(outbox.error());
  writer.outbox_ = std::move(*outbox);
  return writer;
}

Result<WriteOutcome> BatchWriter::apply(WriteBatch& batch) {
  WriteOutcome outcome;
  batch_ = &batch;
  outcome_ = &outcome;
  enqueued_.clear();
  wrote_events_ = false;

  const bool done = apply_all();
  batch_ = nullptr;
  outcome_ = nullptr;
  if (!done) return base::fail(db_->failure("writing a batch"));
  outcome.left_claimable = !enqueued_.empty();
  if (batch.list_enqueued) {
    for (const std::int64_t row : enqueued_) outcome.enqueued.push_back(key_of(row));
    std::sort(outcome.enqueued.begin(), outcome.enqueued.end());
  }
  return outcome;
}

bool BatchWriter::apply_all() {
  const WriteBatch& batch = *batch_;
  WriteOutcome& outcome = *outcome_;
  outcome.checkpoints.resize(batch.checkpoints.size());
  for (std::size_t i = 0; i < batch.checkpoints.size(); ++i)
    if (!checkpoints_.put(batch.checkpoints[i], batch.now_us, outcome.checkpoints[i])) return false;
  outcome.completions.resize(batch.completions.size());
  bool retries = false;
  for (std::size_t i = 0; i < batch.completions.size(); ++i) {
    if (!apply_completion(batch.completions[i], outcome.completions[i])) return false;
    retries |= batch.completions[i].next == StepState::kWaitingForRetry;
  }
  outcome.releases.resize(batch.releases.size());
  for (std::size_t i = 0; i < batch.releases.size(); ++i) {
    bool released = false;
    if (!apply_release(batch.releases[i], released)) return false;
    outcome.releases[i] = released;
  }
  outcome.tasks.resize(batch.tasks.size());
  for (std::size_t i = 0; i < batch.tasks.size(); ++i)
    if (!create_task(batch.tasks[i], outcome.tasks[i])) return false;
  if (batch.promote_due && !promote_due()) return false;
  if (batch.claim && !claim_enqueued()) return false;
  if (!apply_deliveries()) return false;
  return !(retries || batch.promote_due) || find_next_due();
}

bool BatchWriter::apply_deliveries() {
  const WriteBatch& batch = *batch_;
  outcome_->delivery_ends.resize(batch.delivery_ends.size());
  for (std::size_t i = 0; i < batch.delivery_ends.size(); ++i)
    if (!outbox_.end(batch.delivery_ends[i], batch.now_us, outcome_->delivery_ends[i]))
      return false;
  outcome_->taken.resize(batch.takes.size());
  for (std::size_t i = 0; i < batch.takes.size(); ++i)
    if (!outbox_.take(batch.takes[i], batch.now_us, outcome_->taken[i])) return false;
  return !wrote_events_ ||
         outbox_.find_others(batch.budget.worker, outcome_->has_events_for_others);
}

bool BatchWriter::take_room(model::HandlerId handler) {
  const std::int16_t executor = batch_->budget.executor_of(handler);
  if (executor == ClaimBudget::kUnknown) note_unknown(handler);
  if (executor < 0 || batch_->budget.room_of(handler, executor) == 0) return false;
  batch_->budget.take(handler, executor);
  return true;
}

void BatchWriter::note_unknown(model::HandlerId handler) {
  auto& unknown = outcome_->unknown_handlers;
  if (std::find(unknown.begin(), unknown.end(), handler) == unknown.end())
    unknown.push_back(handler);
}

bool BatchWriter::apply_completion(const Completion& completion, CompletionOutcome& outcome) {
  outcome = CompletionOutcome::kFenced;
  if (!(completion.next == StepState::kComplete ? record_success(completion, outcome)
                                                : record_failure(completion, outcome)))
    return false;
  if (completion.events.empty() || outcome == CompletionOutcome::kFenced) return true;
  wrote_events_ = true;
  return outbox_.add(completion);
}

bool BatchWriter::record_success(const Completion& completion, CompletionOutcome& outcome) {
  complete_.bind(1, batch_->now_us)
      .bind(2, completion.execution_us)
      .bind_unless_empty(3, completion.metadata_json)
      .bind(4, completion.result_json)
      .bind(5, row_of(completion.step))
      .bind(6, std::int64_t{completion.attempt})
      .bind(7, static_cast<std::int64_t>(completion.worker));
  bool has_checkpoint = false;
  {
    ResetGuard guard(complete_);
    const Row found = complete_.step();
    if (found != Row::kRow) return found == Row::kDone;
    has_checkpoint = complete_.integer(0) != 0;
    if (complete_.step() != Row::kDone) return false;
  }
  outcome = CompletionOutcome::kRecorded;
  if (has_checkpoint && !checkpoints_.remove(completion.step)) return false;
  for (const Dependent& dependent : completion.dependents)
    if (!count_down(completion, dependent)) return false;
  return !completion.is_sink || count_down_task(completion.step.task);
}

bool BatchWriter::count_down(const Completion& completion, const Dependent& dependent) {
  const model::StepKey key{completion.step.task, dependent.index};
  const std::int64_t row = row_of(key);
  const bool claims = take_room(dependent.handler);
  if (claims) {
    claim_dependent_.bind(1, row)
        .bind(2, static_cast<std::int64_t>(batch_->budget.worker))
        .bind(3, batch_->now_us);
    if (!claim_dependent_.run()) return false;
    if (db_->changed_a_row()) {
      outcome_->claims.push_back({key, completion.template_id, dependent.template_step,
                                  dependent.handler, 1, batch_->now_us});
      return true;
    }
    const auto executor = static_cast<std::size_t>(batch_->budget.executor_of(dependent.handler));
    ++batch_->budget.room[executor];
  } else {
    enqueue_dependent_.bind(1, row);
    if (!enqueue_dependent_.run()) return false;
    if (db_->changed_a_row()) {
      enqueued_.insert(row);
      return true;
    }
  }
  return decrement_dependent_.bind(1, row).run();
}

bool BatchWriter::count_down_task(model::TaskId task) {
  const auto id = static_cast<std::int64_t>(task);
  if (!complete_task_.bind(1, id).bind(2, batch_->now_us).run()) return false;
  if (db_->changed_a_row()) {
    outcome_->finished.push_back({task, TaskState::kComplete});
    return true;
  }
  return decrement_task_.bind(1, id).run();
}

bool BatchWriter::is_blocked(model::TaskId task, bool& blocked) {
  ResetGuard guard(task_state_);
  const Row row = task_state_.bind(1, static_cast<std::int64_t>(task)).step();
  blocked = row == Row::kRow &&
            task_state_.integer(0) == static_cast<std::int64_t>(TaskState::kBlockedByFailures);
  return row != Row::kFailed;
}

bool BatchWriter::record_failure(const Completion& completion, CompletionOutcome& outcome) {
  // A step of a blocked task does not become claimable: it is held with the others until an
  // operator's retry.
  bool blocked = false;
  if (completion.next != StepState::kError && !is_blocked(completion.step.task, blocked))
    return false;
  fail_.bind(1, static_cast<std::int64_t>(blocked ? StepState::kPending : completion.next))
      .bind(2, blocked ? kHold : 0)
      .bind(3, completion.retry_at_us)
      .bind(4, completion.execution_us)
      .bind(5, completion.error_json)
      .bind_unless_empty(6, completion.metadata_json)
      .bind(7, row_of(completion.step))
      .bind(8, std::int64_t{completion.attempt})
      .bind(9, static_cast<std::int64_t>(completion.worker));
  if (!fail_.run()) return false;
  if (!db_->changed_a_row()) return true;
  outcome = CompletionOutcome::kRecorded;
  if (completion.next == StepState::kEnqueued && !blocked)
    enqueued_.insert(row_of(completion.step));

  add_attempt_.bind(1, row_of(completion.step))
      .bind(2, std::int64_t{completion.attempt})
      .bind(3, static_cast<std::int64_t>(completion.worker))
      .bind(4, static_cast<std::int64_t>(completion.next))
      .bind(5, completion.started_at_us)
      .bind(6, batch_->now_us)
      .bind(7, completion.error_json);
  if (!add_attempt_.run()) return false;
  return completion.next != StepState::kError || block_task(completion);
}

bool BatchWriter::block_task(const Completion& completion) {
  add_dead_letter_.bind(1, row_of(completion.step))
      .bind(2, batch_->now_us)
      .bind(3, std::string_view("step_failed"));
  if (!add_dead_letter_.run()) return false;
  const auto id = static_cast<std::int64_t>(completion.step.task);
  if (!block_task_.bind(1, id).bind(2, batch_->now_us).run()) return false;
  if (!db_->changed_a_row()) return true;
  outcome_->finished.push_back({completion.step.task, TaskState::kBlockedByFailures});
  return hold_steps_.bind(1, first_row_of(completion.step.task))
      .bind(2, last_row_of(completion.step.task))
      .run();
}

bool BatchWriter::apply_release(const Release& release, bool& released) {
  bool blocked = false;
  if (!is_blocked(release.step.task, blocked)) return false;
  release_.bind(1, static_cast<std::int64_t>(blocked ? StepState::kPending : StepState::kEnqueued))
      .bind(2, blocked ? kHold : 0)
      .bind(3, row_of(release.step))
      .bind(4, std::int64_t{release.attempt})
      .bind(5, static_cast<std::int64_t>(release.worker));
  if (!release_.run()) return false;
  released = db_->changed_a_row();
  if (released && !blocked) enqueued_.insert(row_of(release.step));
  return true;
}

bool BatchWriter::create_task(const NewTask& task, WriteOutcome::Created& created) {
  if (task.idempotency_key) {
    ResetGuard guard(find_key_);
    find_key_.bind(1, static_cast<std::int64_t>(task.template_id))
        .bind(2, std::string_view(*task.idempotency_key));
    switch (find_key_.step()) {
      case Row::kRow:
        created.duplicate = true;
        created.existing = find_key_.uuid(0);
        return true;
      case Row::kFailed:
        return false;
      case Row::kDone:
        break;
    }
  }
  const bool done = task.plan->steps.empty();
  add_task_.bind(1, task.uuid)
      .bind(2, static_cast<std::int64_t>(task.template_id))
      .bind(3, static_cast<std::int64_t>(done ? TaskState::kComplete : TaskState::kStepsInProcess))
      .bind(4, std::int64_t{task.plan->sink_count})
      .bind(5, std::int64_t{task.priority})
      .bind(6, batch_->now_us)
      .bind(7, done ? batch_->now_us : 0)
      .bind(8, task.requested_at_us)
      .bind(9, task.correlation_id);
  if (task.parent_correlation_id)
    add_task_.bind(10, *task.parent_correlation_id);
  else
    add_task_.bind_null(10);
  add_task_.bind(11, task.initiator)
      .bind(12, task.source_system)
      .bind(13, task.reason)
      .bind_or_null(14, task.tags_json)
      .bind_or_null(15, task.options_json)
      .bind_or_null(16, task.idempotency_key)
      .bind(17, task.context_json);
  if (!add_task_.run()) return false;
  created.id = model::TaskId{db_->last_insert_id()};
  if (done) outcome_->finished.push_back({created.id, TaskState::kComplete});
  return create_steps(task, created.id);
}

bool BatchWriter::create_steps(const NewTask& task, model::TaskId id) {
  add_step_.bind(5, std::int64_t{task.priority})
      .bind(6, static_cast<std::int64_t>(task.template_id));
  for (std::uint32_t index = 0; index < task.plan->steps.size(); ++index) {
    const NewStep& step = task.plan->steps[index];
    const model::StepKey key{id, index};
    StepState state = StepState::kPending;
    if (step.dependency_count == 0)
      state = take_room(step.handler) ? StepState::kInProgress : StepState::kEnqueued;
    const bool claimed = state == StepState::kInProgress;
    if (state == StepState::kEnqueued) enqueued_.insert(row_of(key));
    add_step_.bind(1, row_of(key))
        .bind(2, static_cast<std::int64_t>(state))
        .bind(3, std::int64_t{step.dependency_count})
        .bind(4, static_cast<std::int64_t>(step.handler))
        .bind(7, std::int64_t{step.template_step})
        .bind(8, std::int64_t{claimed})
        .bind(9, claimed ? static_cast<std::int64_t>(batch_->budget.worker) : 0)
        .bind(10, claimed ? batch_->now_us : 0);
    if (!add_step_.run()) return false;
    if (claimed)
      outcome_->claims.push_back(
          {key, task.template_id, step.template_step, step.handler, 1, batch_->now_us});
  }
  return true;
}

bool BatchWriter::promote_due() {
  ResetGuard guard(promote_);
  promote_.bind(1, batch_->now_us);
  for (;;) {
    const Row row = promote_.step();
    if (row != Row::kRow) return row == Row::kDone;
    enqueued_.insert(promote_.integer(0));
  }
}

bool BatchWriter::claim_enqueued() {
  // In rounds, so that a deep backlog of many handlers is not read as a whole for a few places.
  std::vector<Candidate> candidates;
  for (bool more = true; more;) {
    candidates.clear();
    more = false;
    if (!collect_candidates(candidates, more)) return false;
    if (candidates.empty()) return true;
    // Priority, then age, whatever the handler.
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.priority != b.priority ? a.priority > b.priority : a.row < b.row;
    });
    for (const Candidate& candidate : candidates)
      if (!claim_candidate(candidate)) return false;
  }
  return true;
}

bool BatchWriter::collect_candidates(std::vector<Candidate>& candidates, bool& more) {
  for (std::int64_t handler = 0;;) {
    next_handler_.bind(1, handler);
    const Row row = next_handler_.step();
    handler = row == Row::kRow ? next_handler_.integer(0) : 0;
    next_handler_.reset();
    if (row != Row::kRow) return row == Row::kDone;
    const model::HandlerId id{static_cast<std::uint32_t>(handler)};
    const std::int16_t executor = batch_->budget.executor_of(id);
    if (executor == ClaimBudget::kUnknown) note_unknown(id);
    if (executor < 0) continue;
    const std::uint32_t room = batch_->budget.room_of(id, executor);
    if (room == 0) continue;
    const std::uint32_t limit = std::min(room, kCandidatesPerHandler);
    std::uint32_t found = 0;
    ResetGuard guard(next_steps_);
    next_steps_.bind(1, handler).bind(2, std::int64_t{limit});
    for (;; ++found) {
      const Row step = next_steps_.step();
      if (step == Row::kFailed) return false;
      if (step == Row::kDone) break;
      candidates.push_back({next_steps_.integer(0), next_steps_.integer(1), id});
    }
    more |= found == limit;
  }
}

bool BatchWriter::claim_candidate(const Candidate& candidate) {
  const std::int16_t executor = batch_->budget.executor_of(candidate.handler);
  if (batch_->budget.room_of(candidate.handler, executor) == 0) return true;
  batch_->budget.take(candidate.handler, executor);
  claim_.bind(1, candidate.row)
      .bind(2, static_cast<std::int64_t>(batch_->budget.worker))
      .bind(3, batch_->now_us);
  ResetGuard guard(claim_);
  if (claim_.step() != Row::kRow) return false;
  outcome_->claims.push_back({key_of(candidate.row), model::TemplateId{claim_.integer(0)},
                              static_cast<std::uint32_t>(claim_.integer(1)), candidate.handler,
                              static_cast<std::uint32_t>(claim_.integer(2)), batch_->now_us,
                              claim_.integer(3) != 0});
  if (claim_.step() != Row::kDone) return false;
  enqueued_.erase(candidate.row);
  return true;
}

bool BatchWriter::find_next_due() {
  ResetGuard guard(next_due_);
  if (next_due_.step() != Row::kRow) return false;
  if (!next_due_.is_null(0)) outcome_->next_due_us = next_due_.integer(0);
  return true;
}

}  // namespace tasker::store::sqlite
