// Checkpoints of steps: how they are written, beside the batch writer that calls for it.
#pragma once

#include "core/store/records.h"
#include "core/store/sqlite/connection.h"

namespace tasker::store::sqlite {

/// Threads: that of the connection.
class CheckpointWriter {
 public:
  CheckpointWriter() = default;
  static base::Result<CheckpointWriter> prepare(Connection& connection);

  // Each returns false after a failed statement; the connection then has the reason.

  /// Replaces the step's checkpoint, unless the fence refuses it.
  bool put(const Checkpoint& checkpoint, std::int64_t now_us, CompletionOutcome& outcome);
  /// The checkpoint of a step, its history, and the mark in the step's own row.
  bool remove(model::StepKey step);

 private:
  Connection* db_ = nullptr;
  Statement mark_step_, unmark_step_, put_latest_, add_to_history_, trim_history_;
  Statement remove_latest_, remove_history_;
};

}  // namespace tasker::store::sqlite
