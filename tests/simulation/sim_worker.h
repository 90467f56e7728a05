// A worker without threads: its engine decisions, one turn at a time, on a store that may fail it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/engine/outcome.h"
#include "core/store/testing/fault_store.h"
#include "core/store/testing/manual_clock.h"
#include "tests/simulation/books.h"

namespace tasker::simulation {

inline constexpr std::int64_t kLeaseUs = 5'000'000;

/// Compiled templates by id, and what else the workers of one simulation share.
struct Ground {
  std::shared_ptr<store::testing::ManualClock> clock;
  base::Random* random = nullptr;
  Books* books = nullptr;
  std::map<model::TemplateId, std::shared_ptr<const engine::CompiledTemplate>>* templates = nullptr;
  store::Store* truth = nullptr;  ///< a handle that meets no faults
  bool calm = false;              ///< no more failures, deaths or stalls
};

class SimWorker {
 public:
  /// `store` and `schedule` belong together; `plan` is the schedule's.
  SimWorker(Ground& ground, std::unique_ptr<store::Store> store,
            std::shared_ptr<store::testing::FaultSchedule> schedule,
            store::testing::FaultPlan plan);

  /// One turn: renew, look after lost claims, or finish some steps and claim others.
  void take_turn();
  /// Hands back every claim; false when the store did not take it and the turn must be repeated.
  bool hand_back_all();
  bool is_dead() const { return dead_; }

 private:
  struct Running {
    store::Claim claim;
    model::WorkerId worker{};
  };

  bool join();
  void renew();
  void settle_lost_claims();
  void work();
  void learn_handlers();
  store::ClaimBudget budget() const;
  engine::StepResult random_result(const Running& running);
  store::Checkpoint random_checkpoint(const Running& running);
  /// Compares what the store holds of a step that was just claimed with the books.
  void check_checkpoint(model::StepKey step);
  /// Writes and tells the books; false when the store failed. A worker at its cut is dead after.
  bool commit(store::WriteBatch& batch);
  void tell_books(const store::WriteBatch& batch, const store::WriteOutcome& outcome);
  /// The cut call had its effect and its answer is lost: what it did follows from the books.
  void tell_books_of_lost_answer(const store::WriteBatch& batch);
  void note_cut();

  Ground& ground_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<store::testing::FaultSchedule> schedule_;
  const store::testing::FaultPlan plan_;
  std::optional<model::WorkerId> id_;
  std::int64_t lease_expires_at_us_ = 0;
  std::int64_t stalled_until_us_ = 0;
  std::vector<std::int16_t> executor_of_handler_;
  std::vector<Running> running_;
  const std::uint32_t room_;
  bool dead_ = false;
};

}  // namespace tasker::simulation
