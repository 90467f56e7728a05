// A whole system of workers in one thread, under a schedule that a seed decides.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/base/random.h"
#include "core/store/store.h"
#include "tests/simulation/books.h"
#include "tests/simulation/sim_worker.h"

namespace tasker::store::conformance {
class StoreFactory;
}

namespace tasker::simulation {

struct Summary {
  std::vector<std::string> faults;  ///< empty when the books are right
  std::uint64_t tasks = 0;
  std::uint64_t claims = 0;
  std::uint64_t fenced = 0;   ///< results that the fence refused
  std::uint64_t lost = 0;     ///< claims taken over from lapsed workers
  std::uint64_t resumed = 0;  ///< claims that went on from a checkpoint of an attempt before
  std::uint64_t deaths = 0;   ///< workers cut off in the middle of a call
  std::uint64_t retries = 0;  ///< tasks let go on by hand
  std::uint64_t cancels = 0;
};

/// Same seed, same run.
class Simulation {
 public:
  Simulation(std::uint64_t seed, store::conformance::StoreFactory& factory);

  /// Storm, then calm until every task is terminal, then the audit.
  Summary run();

 private:
  void storm_turn();
  void create_tasks();
  void cancel_some_task();
  void retry_blocked_tasks(std::uint64_t one_in);
  void add_worker();
  void bury_the_dead();
  void calm_down();
  std::unique_ptr<store::Store> open();

  store::conformance::StoreFactory& factory_;
  base::Random random_;
  Books books_;
  std::map<model::TemplateId, std::shared_ptr<const engine::CompiledTemplate>> templates_;
  std::unique_ptr<store::Store> truth_;
  Ground ground_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  Summary summary_;
};

}  // namespace tasker::simulation
