// What must be true of a run: each claim, result and state of every step, kept beside the store and
// compared with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/compiled_template.h"
#include "core/store/store.h"

namespace tasker::simulation {

/// Hears of every commit in its order; each rule that a commit breaks is a fault, one line.
class Books {
 public:
  /// Must be called before the parts of each commit are told.
  void begin_commit() { blocked_in_this_commit_.clear(); }

  void task_created(model::TaskId task, std::shared_ptr<const engine::CompiledTemplate> compiled);
  void step_claimed(const store::Claim& claim, model::WorkerId worker);
  void checkpoint_stored(const store::Checkpoint& checkpoint, store::CompletionOutcome outcome);
  void checkpoint_found(model::StepKey key, const std::string& cursor_json);
  void step_released(const store::Release& release, bool accepted);
  void attempt_ended(const store::Completion& completion, store::CompletionOutcome outcome);
  /// What the commit said of tasks that ended with it.
  void task_finished(const store::TaskFinished& finished);
  /// The commit's answer was lost, and with it the word of what ended.
  void answer_lost();
  void task_cancelled(model::TaskId task);
  void task_retried(model::TaskId task, std::uint32_t steps_reset);

  /// Whether this is the step's current claim: the only one that may end.
  bool is_current(model::StepKey step, model::WorkerId worker, std::uint32_t attempt) const;
  /// Cursor of the step's latest checkpoint, empty for none.
  const std::string& cursor_of(model::StepKey key) const {
    return tasks_.at(key.task).steps.at(key.index).cursor_json;
  }
  bool is_blocked(model::TaskId task) const { return tasks_.at(task).blocked; }
  /// Tasks that are neither complete nor cancelled.
  std::vector<model::TaskId> unfinished_tasks() const;
  std::vector<model::TaskId> all_tasks() const;

  /// Compares the end of the run with the store: every task terminal, every record as told.
  void audit(store::Reader& store);

  const std::vector<std::string>& faults() const { return faults_; }
  std::uint64_t claim_count() const { return claim_count_; }
  std::uint64_t fenced_count() const { return fenced_count_; }
  std::uint64_t lost_count() const { return lost_count_; }
  /// Claims of steps that an attempt before had left a checkpoint for.
  std::uint64_t resumed_count() const { return resumed_count_; }

 private:
  struct Step {
    std::optional<model::WorkerId> owner;  ///< who holds the current claim
    std::uint32_t attempts_used = 0;       ///< of the present set of attempts
    std::uint32_t claims_kept = 0;         ///< claims that were not handed back, over all sets
    std::uint32_t failures = 0;            ///< attempts that ended without completing the step
    bool failed = false;
    bool complete = false;
    std::string result_json;
    std::string cursor_json;  ///< of the checkpoint that must be kept, empty for none
  };
  struct Task {
    std::shared_ptr<const engine::CompiledTemplate> compiled;
    std::vector<Step> steps;
    bool blocked = false;
    bool cancelled = false;
    bool end_reported = false;  ///< a commit said that it is complete

    bool is_complete() const;
  };

  Step& step(model::StepKey key) { return tasks_.at(key.task).steps.at(key.index); }
  void fault(model::StepKey key, const std::string& what);
  void check_claim(const store::Claim& claim);
  void audit_whole(store::Reader& store);
  void audit_task(store::Reader& store, model::TaskId id, const Task& task);
  void audit_step(store::Reader& store, model::StepKey key, const Task& task);

  std::map<model::TaskId, Task> tasks_;
  std::set<model::TaskId> blocked_in_this_commit_;
  std::vector<std::string> faults_;
  std::uint64_t claim_count_ = 0;
  std::uint64_t fenced_count_ = 0;
  std::uint64_t lost_count_ = 0;
  std::uint64_t resumed_count_ = 0;
};

}  // namespace tasker::simulation
