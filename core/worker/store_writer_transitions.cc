// What a commit changed, told to those who listen to transitions. Nothing here is done while nobody
// does.
#include <utility>

#include "core/worker/store_writer.h"

namespace tasker::worker {

std::optional<TransitionRecord> StoreWriter::record_of(Transition kind, model::TaskId task) {
  const auto header = events_.header_of(task, *store_);
  if (header) {
    if (auto compiled = templates_.by_id((*header)->template_id, *store_)) {
      TransitionRecord record;
      record.kind = kind;
      record.task = {(*header)->uuid, (*header)->correlation_id, std::move(*compiled)};
      record.at_us = batch_.now_us;
      return record;
    }
  }
  transitions_.note_lost();
  return std::nullopt;
}

std::optional<TransitionRecord> StoreWriter::record_of(Transition kind, model::StepKey step) {
  if (!transitions_.wanted(kind)) return std::nullopt;
  auto record = record_of(kind, step.task);
  if (!record) return std::nullopt;
  record->step = step.index;
  const auto& planned = record->task.compiled->plan->steps;
  if (step.index < planned.size()) {
    record->template_step = planned[step.index].template_step;
  } else if (const auto stored = store_->load_step(step)) {
    record->template_step = stored->template_step;
  } else {
    transitions_.note_lost();
    return std::nullopt;
  }
  return record;
}

void StoreWriter::note(Transition kind, model::StepKey step, std::uint32_t attempt) {
  auto record = record_of(kind, step);
  if (!record) return;
  record->attempt = attempt;
  transitions_.note(std::move(*record));
}

void StoreWriter::note_checkpoint(const PendingCheckpoint& pending, std::uint64_t items_processed) {
  const store::Claim& claim = pending.dispatched.claim;
  auto record = record_of(Transition::kStepCheckpointed, claim.step);
  if (!record) return;
  record->attempt = claim.attempt;
  record->count = items_processed;
  transitions_.note(std::move(*record));
}

void StoreWriter::note_end(const PendingCompletion& pending, const store::Completion& completion) {
  const auto told = [&](Transition kind) {
    auto record = record_of(kind, completion.step);
    if (!record) return;
    record->attempt = completion.attempt;
    record->execution_us = completion.execution_us;
    record->retry_at_us = completion.retry_at_us;
    record->error_json = completion.error_json;
    transitions_.note(std::move(*record));
  };
  if (pending.cause == EndCause::kDeadline) told(Transition::kStepTimedOut);
  if (pending.cause == EndCause::kWorkerLost) told(Transition::kStepLost);
  switch (completion.next) {
    case model::StepState::kComplete:
      return told(Transition::kStepCompleted);
    case model::StepState::kError:
      return told(Transition::kStepFailed);
    case model::StepState::kWaitingForRetry:
      return told(Transition::kStepWaitingForRetry);
    default:
      return;  // claimable again, which is told with the others that are
  }
}

void StoreWriter::note_created(const store::NewTask& task, model::TaskId id) {
  const std::size_t steps = task.plan->steps.size();
  if (transitions_.wanted(Transition::kTaskCreated)) {
    if (auto record = record_of(Transition::kTaskCreated, id)) {
      record->count = steps;
      transitions_.note(std::move(*record));
    }
  }
  if (!transitions_.wanted(Transition::kStepCreated)) return;
  for (std::uint32_t index = 0; index < steps; ++index) {
    auto record = record_of(Transition::kStepCreated, {id, index});
    if (!record) return;
    record->state = task.plan->steps[index].dependency_count == 0 ? model::StepState::kEnqueued
                                                                  : model::StepState::kPending;
    transitions_.note(std::move(*record));
  }
}

void StoreWriter::note_releases(const store::WriteOutcome& outcome) {
  for (std::size_t i = 0; i < batch_.releases.size(); ++i) {
    const store::Release& release = batch_.releases[i];
    if (outcome.releases[i]) note(Transition::kStepHandedBack, release.step, release.attempt);
  }
}

void StoreWriter::tell_gone(Transition kind, std::span<const Dispatched> gone) {
  if (!transitions_.wanted(kind)) return;
  for (const Dispatched& dispatched : gone) {
    TransitionRecord record;
    record.kind = kind;
    record.task = {dispatched.task_uuid, dispatched.correlation_id, dispatched.compiled};
    record.step = dispatched.claim.step.index;
    record.template_step = dispatched.claim.template_step;
    record.attempt = dispatched.claim.attempt;
    record.at_us = clock_.wall_us();
    transitions_.note(std::move(record));
  }
  transitions_.flush();
}

void StoreWriter::tell_cancelled(const base::Uuid& task) {
  if (!transitions_.wanted()) return;
  batch_.now_us = clock_.wall_us();
  const auto found = store_->find_task(task);
  if (!found) return transitions_.note_lost();
  const model::TaskId id = found->header.id;
  if (transitions_.wanted(Transition::kStepCancelled)) {
    const auto steps = store_->list_steps(id, false);
    if (!steps) return transitions_.note_lost();
    for (const store::StepRecord& step : *steps)
      if (step.state == model::StepState::kCancelled)
        note(Transition::kStepCancelled, step.key, step.attempt);
  }
  if (auto record = record_of(Transition::kTaskCancelled, id))
    transitions_.note(std::move(*record));
  transitions_.flush();
}

std::vector<model::StepKey> StoreWriter::failed_steps(const base::Uuid& task) {
  std::vector<model::StepKey> failed;
  if (!transitions_.wanted()) return failed;
  const auto found = store_->find_task(task);
  if (!found) return failed;
  const auto steps = store_->list_steps(found->header.id, false);
  if (!steps) return failed;
  for (const store::StepRecord& step : *steps)
    if (step.state == model::StepState::kError) failed.push_back(step.key);
  return failed;
}

void StoreWriter::tell_retried(const base::Uuid& task, const std::vector<model::StepKey>& steps) {
  if (!transitions_.wanted()) return;
  batch_.now_us = clock_.wall_us();
  const auto found = store_->find_task(task);
  if (!found) return transitions_.note_lost();
  if (auto record = record_of(Transition::kTaskRetried, found->header.id)) {
    record->count = steps.size();
    transitions_.note(std::move(*record));
  }
  for (const model::StepKey& step : steps) note(Transition::kStepRetried, step, 0);
  const auto listed = store_->list_steps(found->header.id, false);
  if (!listed) return transitions_.note_lost();
  for (const store::StepRecord& step : *listed)
    if (step.state == model::StepState::kEnqueued)
      note(Transition::kStepEnqueued, step.key, step.attempt);
  transitions_.flush();
}

}  // namespace tasker::worker
