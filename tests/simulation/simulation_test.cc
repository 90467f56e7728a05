// Many workers, one thread, one seed. TASKER_SEED=<n> runs a single seed again.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "core/base/random.h"
#include "core/store/sqlite/sqlite_conformance.h"

namespace tasker::simulation {
namespace {

constexpr std::uint64_t kSeeds = 200;

std::optional<std::uint64_t> seed_from_environment() {
  const char* text = std::getenv("TASKER_SEED");
  if (text == nullptr) return std::nullopt;
  return std::stoull(text);
}

Summary run_seed(std::uint64_t seed) {
  store::sqlite::SqliteFactory factory(store::sqlite::Durability::kNormal);
  return Simulation(seed, factory).run();
}

void add(Summary& total, const Summary& one) {
  total.tasks += one.tasks;
  total.claims += one.claims;
  total.fenced += one.fenced;
  total.lost += one.lost;
  total.resumed += one.resumed;
  total.deaths += one.deaths;
  total.retries += one.retries;
  total.cancels += one.cancels;
}

TEST(Simulation, TheBooksAreRightForEverySeed) {
  const std::optional<std::uint64_t> only = seed_from_environment();
  const std::uint64_t first = only ? *only : base::Random::from_system().next() % 1'000'000'000;
  const std::uint64_t count = only ? 1 : kSeeds;
  std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
  Summary total;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Summary summary = run_seed(seed);
    ASSERT_EQ(summary.faults, std::vector<std::string>{}) << "TASKER_SEED=" << seed;
    add(total, summary);
  }
  std::cout << total.tasks << " tasks, " << total.claims << " claims, " << total.lost
            << " taken over, " << total.resumed << " resumed, " << total.fenced
            << " results fenced, " << total.deaths << " workers dead, " << total.retries
            << " tasks retried, " << total.cancels << " cancelled\n";
  if (only) return;
  // A storm that never blew would prove nothing.
  EXPECT_GT(total.fenced, kSeeds);
  EXPECT_GT(total.lost, kSeeds);
  EXPECT_GT(total.resumed, kSeeds);
  EXPECT_GT(total.deaths, kSeeds / 4);
  EXPECT_GT(total.retries, kSeeds / 4);
  EXPECT_GT(total.cancels, kSeeds / 4);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  const std::uint64_t seed = 20'240'229;
  const Summary first = run_seed(seed);
  const Summary second = run_seed(seed);
  EXPECT_EQ(first.claims, second.claims);
  EXPECT_EQ(first.fenced, second.fenced);
  EXPECT_EQ(first.lost, second.lost);
  EXPECT_EQ(first.resumed, second.resumed);
  EXPECT_EQ(first.deaths, second.deaths);
  EXPECT_GT(first.claims, 0U);
}

}  // namespace
}  // namespace tasker::simulation
