#include "core/config/nearest_name.h"

#include <gtest/gtest.h>

#include <string>

namespace tasker::config {
namespace {

const std::vector<std::string_view> kKnown = {"log_level", "log_json", "lease_ttl_ms"};

TEST(NearestName, IsTheOneWithTheFewestChanges) {
  EXPECT_EQ(nearest_name("log_leve", kKnown), "log_level");
  EXPECT_EQ(nearest_name("logjson", kKnown), "log_json");
  EXPECT_EQ(nearest_name("leaseTtlMs", kKnown), std::nullopt);
  EXPECT_EQ(nearest_name("lease_tll_ms", kKnown), "lease_ttl_ms");
  EXPECT_EQ(nearest_name("log_level", kKnown), "log_level");
}

TEST(NearestName, TwoChangesAlwaysCountAsNearAndThreeOnlyInLongNames) {
  EXPECT_EQ(nearest_name("abxx", {"ab"}), "ab");
  EXPECT_EQ(nearest_name("abxxx", {"ab"}), std::nullopt);
  EXPECT_EQ(nearest_name("abcdefxxx", {"abcdef"}), "abcdef");
  EXPECT_EQ(nearest_name("abcdefxxxx", {"abcdef"}), std::nullopt);
}

TEST(NearestName, TheFirstOfEqualsIsTaken) { EXPECT_EQ(nearest_name("ac", {"ab", "ad"}), "ab"); }

TEST(NearestName, NothingIsNearToNothingKnownOrToAnEndlessName) {
  EXPECT_EQ(nearest_name("a", {}), std::nullopt);
  EXPECT_EQ(nearest_name("", kKnown), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100, 'a'), {std::string_view("b")}), std::nullopt);
  const std::string longest(100, 'a');
  EXPECT_EQ(nearest_name(longest, {longest}), longest);
  EXPECT_EQ(nearest_name(longest + "a", {longest}), std::nullopt);
}

}  // namespace
}  // namespace tasker::config
