// What a worker does by itself: leases, lost workers, cancellations, deadlines, and its own end
// when the store is lost.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/worker/worker_impl.h"

namespace tasker::worker {

using base::Error;
using base::LogLevel;

namespace {

constexpr std::int64_t kMicrosPerMs = 1'000;
constexpr std::uint32_t kEventsPerRemoval = 10'000;

}  // namespace

void Worker::Impl::renew_lease(store::Store& store) {
  auto renewed = leases_.renew(store, writer_->worker());
  if (!renewed) {
    logger->log(LogLevel::kError, "worker", "the lease cannot be renewed",
                {{"code", base::code_name(renewed.error().code)},
                 {"error", std::string_view(renewed.error().message)}});
    return;
  }
  if (*renewed) return;
  deliveries.lose_all();
  const auto lost =
      dispatcher.settle(AbortReason::kLeaseLost, [](const Dispatched&) { return true; });
  (void)dispatcher.take_queued();
  writer_->tell_gone(Transition::kStepLost, lost);
  for (const Dispatched& dispatched : lost)
    dispatched.metrics->ended(AttemptOutcome::kLeaseLost,
                              clock->monotonic_us() - dispatched.started_us);
  logger->log(
      LogLevel::kWarn, "worker", "the lease was lost: its steps belong to others now",
      {{"worker_id", std::string_view(name)}, {"steps", static_cast<std::int64_t>(lost.size())}});
  auto id = leases_.acquire(store);
  if (!id) return failed(id.error());
  writer_->set_worker(*id);
  describe_handlers(store);
}

void Worker::Impl::sweep(store::Store& store) {
  auto ends = leases_.sweep(store, writer_->worker());
  if (!ends) {
    logger->log(LogLevel::kError, "worker", "lost workers cannot be looked for",
                {{"code", base::code_name(ends.error().code)},
                 {"error", std::string_view(ends.error().message)}});
    return;
  }
  if (!ends->empty()) {
    writer_->complete_all(std::move(*ends));
    writer_->request_claim();
  }
  if (auto due = store.next_due(); due && *due) housekeeper_->set_next_due(**due);
}

void Worker::Impl::store_changed(store::Store& store) {
  find_cancelled(store);
  if (auto due = store.next_due(); due && *due) housekeeper_->set_next_due(**due);
  deliveries.acquire(store, writer_->worker());
}

void Worker::Impl::remove_passed_events(store::Store& store) {
  const std::int64_t before_us =
      clock->wall_us() - std::int64_t{config.event_retention_ms} * kMicrosPerMs;
  auto removed = store.remove_passed_events(before_us, events_looked_up_to_, kEventsPerRemoval);
  if (!removed) {
    logger->log(LogLevel::kWarn, "worker", "old durable events can not be removed",
                {{"code", base::code_name(removed.error().code)},
                 {"error", std::string_view(removed.error().message)}});
    return;
  }
  events_looked_up_to_ = removed->has_more ? removed->looked_up_to : 0;
  // In steps, so that no commit of a step waits long.
  if (removed->has_more)
    writer_->post([this](store::Store& again) { remove_passed_events(again); });
}

void Worker::Impl::find_cancelled(store::Store& store, const base::Uuid& told) {
  auto revocations = store.revocations();
  if (!revocations || *revocations == revocations_seen_) return;
  revocations_seen_ = *revocations;
  const std::vector<Dispatched> held = dispatcher.unsettled();
  std::vector<store::HeldClaim> claims;
  for (const Dispatched& dispatched : held)
    claims.push_back({dispatched.claim.step, dispatched.claim.attempt});
  auto holds = store.holds_claims(writer_->worker(), claims);
  if (!holds) return;
  std::vector<model::StepKey> gone;
  std::vector<Dispatched> untold;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((*holds)[i]) continue;
    gone.push_back(held[i].claim.step);
    if (held[i].task_uuid != told) untold.push_back(held[i]);
  }
  writer_->tell_gone(Transition::kStepCancelled, untold);
  const auto is_gone = [&](const Dispatched& dispatched) {
    return std::find(gone.begin(), gone.end(), dispatched.claim.step) != gone.end();
  };
  dispatcher.drop_queued(is_gone);
  const auto cancelled = dispatcher.settle(AbortReason::kCancel, is_gone);
  for (const Dispatched& dispatched : cancelled)
    dispatched.metrics->ended(AttemptOutcome::kCancelled,
                              clock->monotonic_us() - dispatched.started_us);
}

std::int64_t Worker::Impl::end_overdue() {
  std::int64_t next_us = 0;
  for (const Dispatched& dispatched : dispatcher.settle_overdue(next_us)) {
    const std::int64_t ran_us = dispatched.deadline_us - dispatched.started_us;
    const std::string message =
        fmt::format("the handler ran longer than its deadline of {} ms", ran_us / kMicrosPerMs);
    logger->log(LogLevel::kWarn, "worker", "a step is over its deadline",
                {{"handler", handler_of(dispatched)},
                 {"attempt", std::int64_t{dispatched.claim.attempt}},
                 {"timeout_ms", ran_us / kMicrosPerMs}});
    engine::StepResult result = engine::core_failure(message, "timeout", true);
    result.execution_us = ran_us;
    dispatched.metrics->ended(AttemptOutcome::kTimedOut, ran_us);
    record_end(dispatched, std::move(result), EndCause::kDeadline);
  }
  return next_us;
}

void Worker::Impl::lose(const Dispatched& dispatched, const Error& error) {
  logger->log(LogLevel::kError, "worker", "a checkpoint was not stored: its attempt ends",
              {{"handler", handler_of(dispatched)},
               {"attempt", std::int64_t{dispatched.claim.attempt}},
               {"code", base::code_name(error.code)},
               {"error", std::string_view(error.message)}});
  const std::int64_t ran_us = clock->monotonic_us() - dispatched.started_us;
  engine::StepResult result = engine::core_failure(
      fmt::format("the checkpoint was not stored: {}", error.message), "checkpoint_error", true);
  result.execution_us = ran_us;
  dispatched.metrics->ended(record_end(dispatched, std::move(result), EndCause::kHandler), ran_us);
}

void Worker::Impl::failed(const Error& error) {
  state = WorkerState::kFailed;
  dispatcher.close();
  logger->log(LogLevel::kError, "worker", "the worker stops: its store is lost",
              {{"worker_id", std::string_view(name)},
               {"code", base::code_name(error.code)},
               {"error", std::string_view(error.message)}});
  Notice notice;
  notice.kind = Notice::Kind::kFailed;
  notice.error_json = error.to_json();
  dispatcher.notify_all(notice);
  waiters_.fail_all(error);
}

}  // namespace tasker::worker
