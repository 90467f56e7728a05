#include "core/base/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tasker::base {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"name", "backoff", "max_attempts",
                                                    "timeout_seconds", "retry"};

TEST(NearestName, FindsNamesWithFewMistakes) {
  EXPECT_EQ(nearest_name("nmae", kNames), "name");
  EXPECT_EQ(nearest_name("Name", kNames), "name");
  EXPECT_EQ(nearest_name("backof", kNames), "backoff");
  EXPECT_EQ(nearest_name("back_off", kNames), "backoff");
  EXPECT_EQ(nearest_name("max_atempt", kNames), "max_attempts");
}

TEST(NearestName, FindsTheNameOfABeginning) {
  EXPECT_EQ(nearest_name("timeout", kNames), "timeout_seconds");
  EXPECT_EQ(nearest_name("ti", kNames), std::nullopt);
}

TEST(NearestName, HasNoneForWhatIsFarFromAll) {
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("zzzz", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("handler", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("name", {}), std::nullopt);
}

TEST(NearestName, TakesTheFirstOfEquallyNearNames) {
  constexpr std::array<std::string_view, 3> names = {"step_c", "step_a", "step_b"};
  EXPECT_EQ(nearest_name("step_x", names), "step_c");
  EXPECT_EQ(nearest_name("step_b", names), "step_b");
}

TEST(NearestName, NamesOver128BytesHaveNone) {
  const std::string at_limit(128, 'x');
  const std::string over(129, 'x');
  const std::array<std::string_view, 1> one = {at_limit};
  EXPECT_EQ(nearest_name(at_limit, one), at_limit);
  EXPECT_EQ(nearest_name(over, one), std::nullopt);
  const std::array<std::string_view, 1> long_one = {over};
  EXPECT_EQ(nearest_name(std::string_view(at_limit).substr(0, 2), long_one), std::nullopt);
}

}  // namespace
}  // namespace tasker::base
