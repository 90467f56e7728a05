#include "core/cli/step_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> drawn(const std::vector<std::vector<std::uint32_t>>& parents) {
  std::vector<std::string> lines;
  for (const auto& row : step_tree(parents)) {
    std::string line = row.branch + std::to_string(row.step);
    for (const auto other : row.other_parents) line += " +" + std::to_string(other);
    lines.push_back(line);
  }
  return lines;
}

TEST(StepTree, DrawsADiamondUnderItsFirstParentAndNamesTheOther) {
  EXPECT_THAT(drawn({{}, {0}, {0}, {1, 2}}), ElementsAre("0", "├─ 1", "│  └─ 3 +2", "└─ 2"));
}

TEST(StepTree, DrawsEveryRoot) { EXPECT_THAT(drawn({{}, {}, {0}}), ElementsAre("0", "└─ 2", "1")); }

TEST(StepTree, DrawsNothingForNoSteps) { EXPECT_TRUE(step_tree({}).empty()); }

TEST(StepTree, DrawsALongChainWithBoundedBranches) {
  std::vector<std::vector<std::uint32_t>> parents(5000);
  for (std::uint32_t step = 1; step < parents.size(); ++step) parents[step] = {step - 1};
  const auto rows = step_tree(parents);
  ASSERT_EQ(rows.size(), parents.size());
  for (const auto& row : rows) EXPECT_LE(row.branch.size(), 120U);
  EXPECT_EQ(rows.back().step, 4999U);
}

}  // namespace
}  // namespace tasker::cli
