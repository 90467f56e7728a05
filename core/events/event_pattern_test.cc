#include "core/events/event_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace tasker::events {
namespace {

TEST(EventPattern, AcceptsNamesOfSegments) {
  const std::string longest(kEventNameBytesMax, 'a');
  for (const std::string_view name :
       {std::string_view("step"), std::string_view("step.execution.completed"),
        std::string_view("payment-2.is_Done"), std::string_view(longest)}) {
    EXPECT_TRUE(check_event_name(name)) << name;
    EXPECT_TRUE(check_event_pattern(name)) << name;
  }
}

TEST(EventPattern, RefusesWhatIsNoName) {
  const std::string too_long(kEventNameBytesMax + 1, 'a');
  for (const std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view("step."),
        std::string_view(".step"), std::string_view("a..b"), std::string_view("a b"),
        std::string_view("a.*"), std::string_view("\xc3\xa4"), std::string_view(too_long)}) {
    const auto checked = check_event_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, base::ErrorCode::kINVALID_ARGUMENT);
    EXPECT_EQ(checked.error().field, "name");
  }
  for (const std::string_view pattern : {"", "a*", "*b", "a.**", "*.", "a.*.", "?"}) {
    const auto checked = check_event_pattern(pattern);
    ASSERT_FALSE(checked) << pattern;
    EXPECT_EQ(checked.error().field, "pattern");
  }
}

TEST(EventPattern, AStarStandsForOneSegmentAtTheEndForMore) {
  EXPECT_TRUE(event_matches("step.started", "step.started"));
  EXPECT_FALSE(event_matches("step.started", "step.started.now"));
  EXPECT_FALSE(event_matches("step.started.now", "step.started"));
  EXPECT_TRUE(event_matches("step.*", "step.started"));
  EXPECT_TRUE(event_matches("step.*", "step.execution.completed"));
  EXPECT_FALSE(event_matches("step.*", "step"));
  EXPECT_FALSE(event_matches("step.*", "steps.started"));
  EXPECT_TRUE(event_matches("*", "a"));
  EXPECT_TRUE(event_matches("*", "a.b.c"));
  EXPECT_TRUE(event_matches("*.completed", "task.completed"));
  EXPECT_FALSE(event_matches("*.completed", "step.execution.completed"));
  EXPECT_TRUE(event_matches("step.*.completed", "step.execution.completed"));
  EXPECT_FALSE(event_matches("*.*", "a"));
  EXPECT_TRUE(event_matches("*.*", "a.b.c"));
  EXPECT_TRUE(is_wildcard("a.*"));
  EXPECT_FALSE(is_wildcard("a.b"));
}

}  // namespace
}  // namespace tasker::events
