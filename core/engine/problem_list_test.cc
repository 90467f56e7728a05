#include "core/engine/problem_list.h"

#include <gtest/gtest.h>

#include <string>

namespace tasker::engine {
namespace {

TEST(ProblemList, IsTakenInTheOrderOfTheTextAndOfFinding) {
  ProblemList problems;
  problems.add(3, "c", "late");
  problems.add(1, "a", "first");
  problems.add(3, "b", "later");
  const auto taken = problems.take();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].field, "a");
  EXPECT_EQ(taken[1].field, "c");
  EXPECT_EQ(taken[2].field, "b");
  EXPECT_TRUE(problems.empty());
}

TEST(ProblemList, KeepsOneOfEqualProblems) {
  ProblemList problems;
  problems.add(1, "a", "same");
  problems.add(1, "a", "same");
  problems.add(1, "a", "other");
  problems.add(2, "a", "same");
  EXPECT_EQ(problems.take().size(), 3U);
}

TEST(ProblemList, SaysWhenItLeftOutSome) {
  ProblemList problems;
  const int max = static_cast<int>(ProblemList::kProblemsMax);
  for (int line = 1; line <= max; ++line) problems.add(line, "", "x");
  EXPECT_TRUE(problems.full());
  EXPECT_EQ(problems.take().size(), ProblemList::kProblemsMax);
  for (int line = 1; line <= max + 1; ++line) problems.add(line, "", "x");
  const auto taken = problems.take();
  ASSERT_EQ(taken.size(), ProblemList::kProblemsMax + 1);
  EXPECT_EQ(taken.back().line, 0);
  EXPECT_EQ(taken.back().reason, "there are more problems; 200 are listed");
}

}  // namespace
}  // namespace tasker::engine
