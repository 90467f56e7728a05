// Applies a WriteBatch inside a transaction that somebody else begins and commits.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "core/store/records.h"
#include "core/store/sqlite/checkpoints.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/outbox.h"

namespace tasker::store::sqlite {

/// The statements of the write path, prepared once.
///
/// A step costs two updates on this path: one that completes it, one that counts down and claims
/// its dependent. Threads: that of the connection.
class BatchWriter {
 public:
  static base::Result<BatchWriter> prepare(Connection& connection);

  /// All parts of `batch`, in the order that WriteBatch documents. On an error the transaction has
  /// to be rolled back; `batch.budget` is then meaningless.
  base::Result<WriteOutcome> apply(WriteBatch& batch);

 private:
  explicit BatchWriter(Connection& connection) : db_(&connection) {}

  /// A claimable step that a scan found.
  struct Candidate {
    std::int64_t row;
    std::int64_t priority;
    model::HandlerId handler;
  };

  // Each returns false after a failed statement; the connection then has the reason.
  bool apply_all();
  bool apply_deliveries();
  bool apply_completion(const Completion& completion, CompletionOutcome& outcome);
  bool record_success(const Completion& completion, CompletionOutcome& outcome);
  bool record_failure(const Completion& completion, CompletionOutcome& outcome);
  bool count_down(const Completion& completion, const Dependent& dependent);
  bool count_down_task(model::TaskId task);
  bool block_task(const Completion& completion);
  bool apply_release(const Release& release, bool& released);
  bool is_blocked(model::TaskId task, bool& blocked);
  bool create_task(const NewTask& task, WriteOutcome::Created& created);
  bool create_steps(const NewTask& task, model::TaskId id);
  bool promote_due();
  bool claim_enqueued();
  bool collect_candidates(std::vector<Candidate>& candidates, bool& more);
  bool claim_candidate(const Candidate& candidate);
  bool find_next_due();

  /// Whether this worker has room for a step of `handler`; takes one place if so.
  bool take_room(model::HandlerId handler);
  void note_unknown(model::HandlerId handler);

  Connection* db_;
  WriteBatch* batch_ = nullptr;
  WriteOutcome* outcome_ = nullptr;
  bool wrote_events_ = false;
  std::unordered_set<std::int64_t> enqueued_;  ///< rows made claimable here and not claimed

  Statement complete_, fail_, claim_dependent_, enqueue_dependent_, decrement_dependent_;
  Statement complete_task_, decrement_task_, block_task_, hold_steps_, task_state_;
  Statement add_attempt_, add_dead_letter_, release_;
  Statement find_key_, add_task_, add_step_;
  Statement promote_, next_handler_, next_steps_, claim_, next_due_;
  CheckpointWriter checkpoints_;
  OutboxWriter outbox_;
};

}  // namespace tasker::store::sqlite
