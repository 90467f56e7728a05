#include "tests/simulation/sim_worker.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/random_templates.h"

namespace tasker::simulation {

using store::ClaimBudget;
using store::CompletionOutcome;

SimWorker::SimWorker(Ground& ground, std::unique_ptr<store::Store> store,
                     std::shared_ptr<store::testing::FaultSchedule> schedule,
                     store::testing::FaultPlan plan)
    : ground_(ground),
      store_(std::move(store)),
      schedule_(std::move(schedule)),
      plan_(std::move(plan)),
      room_(1 + static_cast<std::uint32_t>(ground.random->below(12))) {}

void SimWorker::take_turn() {
  const std::int64_t now_us = ground_.clock->wall_us();
  if (dead_ || (!ground_.calm && now_us < stalled_until_us_)) return;
  if (!ground_.calm && ground_.random->below(150) == 0) {
    // A stalled process: its lease lapses, and it goes on afterwards as if nothing had happened.
    stalled_until_us_ = now_us + static_cast<std::int64_t>(ground_.random->below(4 * kLeaseUs));
    return;
  }
  if (!id_ && !join()) return;
  if (now_us > lease_expires_at_us_ - kLeaseUs / 2) renew();
  if (!dead_ && id_ && ground_.random->below(4) == 0) settle_lost_claims();
  if (!dead_ && id_) work();
}

bool SimWorker::join() {
  store::WorkerInfo info;
  info.name = "sim";
  info.hostname = "here";
  info.started_at_us = ground_.clock->wall_us();
  info.lease_expires_at_us = ground_.clock->wall_us() + kLeaseUs;
  const auto id = store_->register_worker(info);
  note_cut();
  if (!id) return false;
  id_ = *id;
  lease_expires_at_us_ = info.lease_expires_at_us;
  return true;
}

void SimWorker::renew() {
  const std::int64_t expires_at_us = ground_.clock->wall_us() + kLeaseUs;
  const auto renewed = store_->renew_lease(*id_, expires_at_us);
  note_cut();
  if (!renewed) return;
  if (*renewed) {
    lease_expires_at_us_ = expires_at_us;
  } else {
    id_.reset();  // its running steps keep the old id and will meet the fence
  }
}

void SimWorker::settle_lost_claims() {
  const std::int64_t now_us = ground_.clock->wall_us();
  const auto lost = store_->list_lost_claims(
      [&](const store::WorkerRecord& worker) { return worker.info.lease_expires_at_us < now_us; },
      1 + static_cast<std::uint32_t>(ground_.random->below(20)));
  note_cut();
  if (!lost || lost->empty()) return;
  store::WriteBatch batch;
  for (const store::LostClaim& claim : *lost) {
    batch.completions.push_back(
        engine::decide_lost_claim(*ground_.templates->at(claim.template_id), claim, now_us));
  }
  if (!commit(batch) || dead_) return;
  if (ground_.random->below(3) != 0) return;
  // The record of a lapsed worker goes, be it dead or only slow.
  static_cast<void>(store_->unregister_worker(lost->front().worker));
  note_cut();
}

ClaimBudget SimWorker::budget() const {
  ClaimBudget budget;
  budget.worker = *id_;
  budget.executor_of_handler = executor_of_handler_;
  const auto taken = static_cast<std::uint32_t>(running_.size());
  budget.room = {room_ > taken ? room_ - taken : 0};
  return budget;
}

void SimWorker::learn_handlers() {
  const auto handlers = store_->list_handlers();
  note_cut();
  if (!handlers) return;
  for (const store::HandlerRecord& handler : *handlers) {
    const auto index = static_cast<std::size_t>(handler.id);
    if (executor_of_handler_.size() <= index) {
      executor_of_handler_.resize(index + 1, ClaimBudget::kUnknown);
    }
    if (executor_of_handler_[index] != ClaimBudget::kUnknown) continue;
    executor_of_handler_[index] =
        ground_.calm || ground_.random->below(3) != 0 ? 0 : ClaimBudget::kNotMine;
  }
  if (!ground_.calm) return;
  std::replace(executor_of_handler_.begin(), executor_of_handler_.end(), ClaimBudget::kNotMine,
               std::int16_t{0});
}

engine::StepResult SimWorker::random_result(const Running& running) {
  const std::uint64_t luck = ground_.calm ? 99 : ground_.random->below(100);
  if (luck < 12) return engine::core_failure("it broke", "handler_error", true);
  if (luck < 14) return engine::core_failure("it can not work", "handler_error", false);
  engine::StepResult result;
  result.success = true;
  result.result_json = "{\"worker\":" + std::to_string(static_cast<std::int64_t>(running.worker)) +
                       ",\"attempt\":" + std::to_string(running.claim.attempt) +
                       ",\"token\":" + std::to_string(ground_.random->below(1'000'000)) + "}";
  return result;
}

store::Checkpoint SimWorker::random_checkpoint(const Running& running) {
  const std::uint64_t row = ground_.random->below(1'000'000);
  return {running.claim.step,
          running.claim.attempt,
          running.worker,
          "{\"row\":" + std::to_string(row) + "}",
          row,
          std::string()};
}

void SimWorker::work() {
  const std::int64_t now_us = ground_.clock->wall_us();
  store::WriteBatch batch;
  std::vector<Running> still;
  std::vector<Running> ended;
  for (const Running& running : running_) {
    const std::uint64_t luck = ground_.random->below(100);
    if (luck < 50) {
      const engine::AttemptFacts facts{running.claim, running.worker, running.claim.claimed_at_us};
      batch.completions.push_back(
          engine::decide_completion(*ground_.templates->at(running.claim.template_id), facts,
                                    random_result(running), now_us, *ground_.random));
      ended.push_back(running);
    } else if (luck < 54) {
      batch.releases.push_back({running.claim.step, running.claim.attempt, running.worker});
      ended.push_back(running);
    } else {
      if (luck < 62) batch.checkpoints.push_back(random_checkpoint(running));
      still.push_back(running);
    }
  }
  running_ = std::move(still);
  batch.claim = ground_.random->below(4) != 0;
  batch.promote_due = ground_.random->below(3) == 0;
  batch.budget = budget();
  const bool committed = commit(batch);
  if (!committed) running_.insert(running_.end(), ended.begin(), ended.end());
}

bool SimWorker::hand_back_all() {
  store::WriteBatch batch;
  for (const Running& running : running_) {
    batch.releases.push_back({running.claim.step, running.claim.attempt, running.worker});
  }
  if (!commit(batch)) return dead_;
  running_.clear();
  return true;
}

bool SimWorker::commit(store::WriteBatch& batch) {
  batch.now_us = ground_.clock->wall_us();
  const std::uint64_t calls_before = schedule_->calls();
  const bool was_cut = schedule_->is_cut();
  const auto outcome = store_->write(batch);
  note_cut();
  if (outcome) {
    tell_books(batch, *outcome);
    if (!outcome->unknown_handlers.empty()) learn_handlers();
    return true;
  }
  const bool fell_here = !was_cut && dead_ && schedule_->calls() == calls_before + 1;
  if (fell_here && plan_.cut_call_has_effect) tell_books_of_lost_answer(batch);
  return false;
}

void SimWorker::tell_books(const store::WriteBatch& batch, const store::WriteOutcome& outcome) {
  Books& books = *ground_.books;
  books.begin_commit();
  for (std::size_t i = 0; i < batch.checkpoints.size(); ++i) {
    const store::Checkpoint& checkpoint = batch.checkpoints[i];
    books.checkpoint_stored(checkpoint, outcome.checkpoints.at(i));
    if (outcome.checkpoints[i] == CompletionOutcome::kFenced) continue;
    for (Running& running : running_)
      if (running.claim.step == checkpoint.step) running.claim.has_checkpoint = true;
  }
  for (std::size_t i = 0; i < batch.completions.size(); ++i) {
    books.attempt_ended(batch.completions[i], outcome.completions.at(i));
  }
  for (std::size_t i = 0; i < batch.releases.size(); ++i) {
    books.step_released(batch.releases[i], outcome.releases.at(i));
  }
  for (const store::TaskFinished& finished : outcome.finished) books.task_finished(finished);
  for (const store::Claim& claim : outcome.claims) {
    books.step_claimed(claim, *id_);
    check_checkpoint(claim.step);
    running_.push_back({claim, *id_});
  }
}

void SimWorker::tell_books_of_lost_answer(const store::WriteBatch& batch) {
  Books& books = *ground_.books;
  books.begin_commit();
  for (const store::Checkpoint& checkpoint : batch.checkpoints) {
    const bool current = books.is_current(checkpoint.step, checkpoint.worker, checkpoint.attempt);
    books.checkpoint_stored(checkpoint,
                            current ? CompletionOutcome::kRecorded : CompletionOutcome::kFenced);
  }
  for (const store::Completion& completion : batch.completions) {
    const bool current = books.is_current(completion.step, completion.worker, completion.attempt);
    books.attempt_ended(completion,
                        current ? CompletionOutcome::kRecorded : CompletionOutcome::kFenced);
  }
  for (const store::Release& release : batch.releases) {
    books.step_released(release, books.is_current(release.step, release.worker, release.attempt));
  }
  books.answer_lost();
  if (!id_) return;
  const auto held = ground_.truth->list_lost_claims(
      [&](const store::WorkerRecord& worker) { return worker.id == *id_; }, 1'000'000);
  if (!held) return;
  for (const store::LostClaim& claim : *held) {
    if (books.is_current(claim.step, *id_, claim.attempt)) continue;
    store::Claim made;
    made.step = claim.step;
    made.attempt = claim.attempt;
    made.has_checkpoint = !books.cursor_of(claim.step).empty();
    books.step_claimed(made, *id_);
  }
}

void SimWorker::check_checkpoint(model::StepKey step) {
  const auto stored = ground_.truth->load_checkpoint(step);
  if (!stored) return;
  ground_.books->checkpoint_found(step, *stored ? (*stored)->cursor_json : std::string());
}

void SimWorker::note_cut() { dead_ = dead_ || schedule_->is_cut(); }

}  // namespace tasker::simulation
