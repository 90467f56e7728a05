// The subjects of the conformance suite, and how a back end asks for all of them:
//
//   TASKER_STORE_CONFORMANCE(Sqlite, ::testing::Values(sqlite_back_end()));
//
// in a test that links tasker_store_conformance (or, for the concurrent subjects,
// TASKER_STORE_CONFORMANCE_MT and tasker_store_conformance_mt).
#pragma once

#include "core/store/conformance/fixture.h"

namespace tasker::store::conformance {

class TemplateConformance : public StoreConformance {};
class TaskCreateConformance : public StoreConformance {};
class ClaimConformance : public StoreConformance {};
class CompleteConformance : public StoreConformance {};
class RetryDueConformance : public StoreConformance {};
class CheckpointConformance : public StoreConformance {
 protected:
  /// A task of two steps that depend on nothing, and a worker.
  void SetUp() override;
  CompletionOutcome store_checkpoint(Checkpoint checkpoint);
  std::optional<CheckpointRecord> load(model::StepKey step);

  Workflow workflow_;
  model::TaskId task_{};
  model::WorkerId worker_{};
};
class OutboxConformance : public StoreConformance {
 protected:
  /// A task of six steps that depend on nothing, all claimed by one worker.
  void SetUp() override;
  OutboxEvent event_of(std::string name);
  /// Completes the claim with this place, with events of these names.
  CompletionOutcome publish(std::size_t step, const std::vector<std::string>& names,
                            Store* on = nullptr);
  model::SubscriberId subscribe(const std::string& name, SubscriberSettings settings = {});
  model::SubscriberId subscribe_and_hold(const std::string& name, SubscriberSettings settings = {});
  /// Takes events of every name.
  Taken take(model::SubscriberId id, model::WorkerId worker, std::uint64_t seen = 0);
  CompletionOutcome end(model::SubscriberId id, const Delivery& delivery, DeliveryEnd::Kind kind,
                        std::int64_t due_at_us = 0);
  SubscriberRecord record_of(const std::string& name);

  Workflow workflow_;
  model::TaskId task_{};
  model::WorkerId worker_{};
  std::vector<Claim> claims_;
};
class FenceConformance : public StoreConformance {};
class ReleaseConformance : public StoreConformance {};
class LeaseConformance : public StoreConformance {};
class CancelConformance : public StoreConformance {};
class BlockedConformance : public StoreConformance {};
class IdempotencyConformance : public StoreConformance {};
class ReaderConformance : public StoreConformance {};
class IntegrityConformance : public StoreConformance {};
class WatchConformance : public StoreConformance {};
class ConcurrencyConformance : public StoreConformance {};

inline std::string back_end_name(const ::testing::TestParamInfo<BackEnd>& info) {
  return info.param.name;
}

}  // namespace tasker::store::conformance

#define TASKER_STORE_CONFORMANCE_SUBJECT(prefix, subject, back_ends) \
  INSTANTIATE_TEST_SUITE_P(prefix, subject, back_ends, ::tasker::store::conformance::back_end_name)

/// Runs every sequential subject; to be used inside namespace tasker::store::conformance.
#define TASKER_STORE_CONFORMANCE(prefix, back_ends)                            \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, TemplateConformance, back_ends);    \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, TaskCreateConformance, back_ends);  \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, ClaimConformance, back_ends);       \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, CompleteConformance, back_ends);    \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, RetryDueConformance, back_ends);    \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, CheckpointConformance, back_ends);  \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, OutboxConformance, back_ends);      \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, FenceConformance, back_ends);       \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, ReleaseConformance, back_ends);     \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, LeaseConformance, back_ends);       \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, CancelConformance, back_ends);      \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, BlockedConformance, back_ends);     \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, IdempotencyConformance, back_ends); \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, ReaderConformance, back_ends);      \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, IntegrityConformance, back_ends);   \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, WatchConformance, back_ends)

/// Runs the subjects that need several threads.
#define TASKER_STORE_CONFORMANCE_MT(prefix, back_ends) \
  TASKER_STORE_CONFORMANCE_SUBJECT(prefix, ConcurrencyConformance, back_ends)
