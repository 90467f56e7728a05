#include "tests/simulation/books.h"

#include <algorithm>

namespace tasker::simulation {

using model::StepState;
using model::TaskState;

namespace {

std::string name_of(model::StepKey key) {
  return "task " + std::to_string(static_cast<std::int64_t>(key.task)) + " step " +
         std::to_string(key.index);
}

}  // namespace

void Books::fault(model::StepKey key, const std::string& what) {
  faults_.push_back(name_of(key) + ": " + what);
}

void Books::task_created(model::TaskId task,
                         std::shared_ptr<const engine::CompiledTemplate> compiled) {
  Task entry;
  entry.steps.resize(compiled->stored.body.steps.size());
  entry.compiled = std::move(compiled);
  if (!tasks_.emplace(task, std::move(entry)).second) fault({task, 0}, "its id was given before");
}

void Books::check_claim(const store::Claim& claim) {
  const Task& task = tasks_.at(claim.step.task);
  const Step& claimed = task.steps.at(claim.step.index);
  if (claimed.owner) fault(claim.step, "claimed while somebody holds it");
  if (claimed.complete) fault(claim.step, "claimed after it was complete");
  if (claimed.failed) fault(claim.step, "claimed after it failed for good");
  if (task.cancelled) fault(claim.step, "claimed after its task was cancelled");
  if (task.blocked && !blocked_in_this_commit_.contains(claim.step.task)) {
    fault(claim.step, "claimed while its task is blocked");
  }
  for (const std::uint32_t dependency : task.compiled->graph.dependencies[claim.step.index]) {
    if (!task.steps[dependency].complete) {
      fault(claim.step, "claimed before step " + std::to_string(dependency) + " was complete");
    }
  }
  if (claim.attempt != claimed.attempts_used + 1) {
    fault(claim.step, "attempt " + std::to_string(claim.attempt) + " after " +
                          std::to_string(claimed.attempts_used));
  }
  const std::uint32_t attempts_max =
      std::max(1U, task.compiled->stored.body.steps[claim.step.index].retry.max_attempts);
  if (claim.attempt > attempts_max) {
    fault(claim.step, "attempt " + std::to_string(claim.attempt) + " of at most " +
                          std::to_string(attempts_max));
  }
}

void Books::checkpoint_stored(const store::Checkpoint& checkpoint,
                              store::CompletionOutcome outcome) {
  const bool recorded = outcome == store::CompletionOutcome::kRecorded;
  const bool current = is_current(checkpoint.step, checkpoint.worker, checkpoint.attempt);
  if (recorded && !current) fault(checkpoint.step, "a checkpoint came through the fence");
  if (!recorded && current) fault(checkpoint.step, "the current claim's checkpoint was refused");
  if (recorded)
    step(checkpoint.step).cursor_json = checkpoint.cursor_json;
  else
    ++fenced_count_;
}

void Books::checkpoint_found(model::StepKey key, const std::string& cursor_json) {
  if (cursor_json != step(key).cursor_json)
    fault(key,
          "has the checkpoint `" + cursor_json + "`, stored was `" + step(key).cursor_json + "`");
}

void Books::step_claimed(const store::Claim& claim, model::WorkerId worker) {
  check_claim(claim);
  Step& claimed = step(claim.step);
  if (claim.has_checkpoint == claimed.cursor_json.empty())
    fault(claim.step, claim.has_checkpoint ? "claimed with a checkpoint that it has not"
                                           : "claimed without its checkpoint");
  resumed_count_ += claim.has_checkpoint ? 1 : 0;
  claimed.owner = worker;
  claimed.attempts_used = claim.attempt;
  ++claimed.claims_kept;
  ++claim_count_;
}

bool Books::is_current(model::StepKey key, model::WorkerId worker, std::uint32_t attempt) const {
  const Step& held = tasks_.at(key.task).steps.at(key.index);
  return held.owner == worker && held.attempts_used == attempt;
}

void Books::step_released(const store::Release& release, bool accepted) {
  const bool current = is_current(release.step, release.worker, release.attempt);
  if (accepted != current) fault(release.step, "a release was judged wrongly");
  if (!accepted) return;
  Step& released = step(release.step);
  released.owner.reset();
  --released.attempts_used;
  --released.claims_kept;
}

void Books::attempt_ended(const store::Completion& completion, store::CompletionOutcome outcome) {
  const bool recorded = outcome == store::CompletionOutcome::kRecorded;
  const bool current = is_current(completion.step, completion.worker, completion.attempt);
  if (recorded && !current) fault(completion.step, "a result came through the fence");
  if (!recorded && current) fault(completion.step, "the current claim's result was refused");
  if (!recorded) {
    ++fenced_count_;
    return;
  }
  Step& ended = step(completion.step);
  ended.owner.reset();
  if (completion.next == StepState::kComplete) {
    if (ended.complete) fault(completion.step, "a second result was recorded");
    ended.complete = true;
    ended.cursor_json.clear();
    ended.result_json = completion.result_json;
    return;
  }
  ++ended.failures;
  lost_count_ += completion.next == StepState::kEnqueued ? 1 : 0;
  if (completion.next != StepState::kError) return;
  ended.failed = true;
  Task& task = tasks_.at(completion.step.task);
  if (!task.blocked) blocked_in_this_commit_.insert(completion.step.task);
  task.blocked = true;
}

bool Books::Task::is_complete() const {
  return std::all_of(steps.begin(), steps.end(), [](const Step& each) { return each.complete; });
}

void Books::task_finished(const store::TaskFinished& finished) {
  Task& task = tasks_.at(finished.task);
  if (finished.state == TaskState::kBlockedByFailures) {
    if (!blocked_in_this_commit_.contains(finished.task)) {
      fault({finished.task, 0}, "said to be blocked by a commit in which nothing failed");
    }
    return;
  }
  if (finished.state != TaskState::kComplete || !task.is_complete()) {
    fault({finished.task, 0},
          "said to have ended as " + std::string(model::state_name(finished.state)));
  }
  if (task.end_reported) fault({finished.task, 0}, "said to be complete a second time");
  task.end_reported = true;
}

void Books::answer_lost() {
  for (auto& [id, task] : tasks_) task.end_reported = task.end_reported || task.is_complete();
}

void Books::task_cancelled(model::TaskId id) {
  Task& task = tasks_.at(id);
  task.cancelled = true;
  for (Step& each : task.steps) {
    each.owner.reset();
    each.cursor_json.clear();
  }
}

void Books::task_retried(model::TaskId id, std::uint32_t steps_reset) {
  Task& task = tasks_.at(id);
  if (!task.blocked) fault({id, 0}, "retried though its task was not blocked");
  task.blocked = false;
  std::uint32_t failed = 0;
  for (Step& each : task.steps) {
    if (!each.failed) continue;
    ++failed;
    each.failed = false;
    each.attempts_used = 0;
  }
  if (failed != steps_reset) {
    fault({id, 0}, "a retry reset " + std::to_string(steps_reset) + " steps, " +
                       std::to_string(failed) + " had failed");
  }
}

std::vector<model::TaskId> Books::all_tasks() const {
  std::vector<model::TaskId> ids;
  for (const auto& [id, task] : tasks_) ids.push_back(id);
  return ids;
}

std::vector<model::TaskId> Books::unfinished_tasks() const {
  std::vector<model::TaskId> ids;
  for (const auto& [id, task] : tasks_) {
    if (!task.is_complete() && !task.cancelled) ids.push_back(id);
  }
  return ids;
}

void Books::audit(store::Reader& store) {
  for (const auto& [id, task] : tasks_) audit_task(store, id, task);
  audit_whole(store);
}

void Books::audit_whole(store::Reader& store) {
  const auto due = store.next_due();
  if (!due || *due) faults_.push_back("a back-off runs on after all tasks have ended");
  const auto held = store.list_lost_claims([](const store::WorkerRecord&) { return true; }, 1);
  if (!held || !held->empty()) faults_.push_back("a claim is left after all tasks have ended");
  const auto faults = store.check_integrity();
  if (!faults) {
    faults_.push_back(faults.error().to_json());
  } else {
    faults_.insert(faults_.end(), faults->begin(), faults->end());
  }
}

void Books::audit_task(store::Reader& store, model::TaskId id, const Task& task) {
  const auto header = store.load_task_header(id);
  if (!header) return fault({id, 0}, header.error().to_json());
  const auto record = store.find_task(header->uuid);
  if (!record) return fault({id, 0}, record.error().to_json());
  const TaskState expected = task.cancelled ? TaskState::kCancelled : TaskState::kComplete;
  if (record->state != expected) {
    fault({id, 0}, "its task ended as " + std::string(model::state_name(record->state)));
  }
  if (!task.cancelled && !task.end_reported) fault({id, 0}, "no commit said that it is complete");
  for (std::uint32_t index = 0; index < task.steps.size(); ++index) {
    audit_step(store, {id, index}, task);
  }
}

void Books::audit_step(store::Reader& store, model::StepKey key, const Task& task) {
  const Step& told = task.steps[key.index];
  const auto record = store.load_step(key);
  if (!record) return fault(key, record.error().to_json());
  const StepState expected = told.complete ? StepState::kComplete : StepState::kCancelled;
  if (record->state != expected) {
    fault(key, "ended as " + std::string(model::state_name(record->state)));
  }
  if (told.complete && record->result_json != told.result_json) {
    fault(key, "has the result " + record->result_json + ", recorded was " + told.result_json);
  }
  if (record->attempt != told.attempts_used) {
    fault(key, "counts " + std::to_string(record->attempt) + " attempts, made were " +
                   std::to_string(told.attempts_used));
  }
  const auto checkpoint = store.load_checkpoint(key);
  if (!checkpoint) return fault(key, checkpoint.error().to_json());
  if (*checkpoint) fault(key, "keeps the checkpoint " + (*checkpoint)->cursor_json);
  const auto attempts = store.list_attempts(key);
  if (!attempts) return fault(key, attempts.error().to_json());
  if (attempts->size() != told.failures) {
    fault(key, "keeps " + std::to_string(attempts->size()) + " failed attempts of " +
                   std::to_string(told.failures));
  }
  if (!task.cancelled && told.claims_kept != told.failures + 1) {
    fault(key, std::to_string(told.claims_kept) + " claims ended in " +
                   std::to_string(told.failures) + " failures and one result");
  }
}

}  // namespace tasker::simulation
