// What becomes of checkpoints once their commit is through, or has failed.
#include <fmt/format.h>

#include <deque>
#include <utility>

#include "core/worker/store_writer.h"

namespace tasker::worker {

using base::Error;
using base::ErrorCode;
using base::fail;

void StoreWriter::deliver_checkpoints(const store::WriteOutcome& outcome) {
  // Taken out first: a callback may not find them half delivered.
  std::deque<PendingCheckpoint> stored = std::exchange(work_taken_.checkpoints, {});
  for (std::size_t i = 0; i < stored.size(); ++i) {
    PendingCheckpoint& pending = stored[i];
    if (outcome.checkpoints[i] == store::CompletionOutcome::kRecorded) {
      metrics_.checkpoint_stored();
      if (told_) note_checkpoint(pending, batch_.checkpoints[i].items_processed);
      go_on(pending);
      continue;
    }
    metrics_.completion_refused();
    dispatcher_.leave(pending.event_id);
    request_claim();
    pending.on_stored(fail(
        ErrorCode::kFENCED,
        fmt::format("event {}: the attempt is over (cancelled or lost)", pending.event_id.text()),
        "event_id"));
  }
}

void StoreWriter::go_on(PendingCheckpoint& pending) {
  auto event = events_.build_continuation(pending.dispatched, pending.continuation_json, *store_);
  if (!event) return fail_checkpoint(pending, event.error());
  const base::Uuid continuation = event->event_id;
  switch (dispatcher_.resume(pending.event_id, std::move(*event))) {
    case Resumed::kQueued:
      return pending.on_stored(continuation);
    case Resumed::kClosed: {
      // Draining: what has not been started is handed back, and this is the best moment to.
      const store::Claim& claim = pending.dispatched.claim;
      release({{claim.step, claim.attempt, pending.dispatched.worker}});
      pending.dispatched.metrics->ended(AttemptOutcome::kHandedBack, 0);
      dispatcher_.leave(pending.event_id);
      return pending.on_stored(base::Uuid{});
    }
    case Resumed::kSettled:
      break;
  }
  // The claim was given up meanwhile. At a drain that is no loss: the step goes on from here later.
  if (dispatcher_.closed()) return pending.on_stored(base::Uuid{});
  metrics_.completion_refused();
  request_claim();
  pending.on_stored(fail(
      ErrorCode::kFENCED,
      fmt::format("event {}: the attempt is over (cancelled or lost)", pending.event_id.text()),
      "event_id"));
}

void StoreWriter::fail_checkpoint(PendingCheckpoint& pending, const Error& error) {
  if (on_checkpoint_failed_) on_checkpoint_failed_(pending.dispatched, error);
  dispatcher_.leave(pending.event_id);
  request_claim();
  pending.on_stored(fail(error));
}

void StoreWriter::fail_checkpoints(const Error& error) {
  const bool may_pass = base::code_retryable(error.code);
  const std::int64_t now_us = clock_.monotonic_us();
  std::deque<PendingCheckpoint> kept;
  std::deque<PendingCheckpoint> all = std::exchange(work_taken_.checkpoints, {});
  for (PendingCheckpoint& pending : all) {
    if (may_pass && now_us < pending.give_up_us)
      kept.push_back(std::move(pending));
    else
      fail_checkpoint(pending, error);
  }
  work_taken_.checkpoints = std::move(kept);
}

}  // namespace tasker::worker
