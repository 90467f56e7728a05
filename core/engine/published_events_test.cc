#include "core/engine/published_events.h"

#include <gtest/gtest.h>

#include "core/engine/outcome.h"

namespace tasker::engine {
namespace {

std::string field_of(const std::string& json) {
  const auto read = read_handler_events(json);
  return read ? "no error" : read.error().field;
}

TEST(HandlerEvents, AreReadWithWhatTheyLeaveOut) {
  const auto read = read_handler_events(
      R"([{"name":"a.b"},{"name":"c.d","payload":{"x":[1,{"y":2}]},"condition":"always",)"
      R"("delivery_mode":"broadcast"},{"name":"e.f","condition":null,"delivery_mode":null}])");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].name, "a.b");
  EXPECT_EQ((*read)[0].payload_json, "{}");
  EXPECT_EQ((*read)[0].condition, std::nullopt);
  EXPECT_EQ((*read)[0].delivery_mode, std::nullopt);
  EXPECT_EQ((*read)[1].payload_json, R"({"x":[1,{"y":2}]})");
  EXPECT_EQ((*read)[1].condition, "always");
  EXPECT_EQ((*read)[1].delivery_mode, "broadcast");
  EXPECT_EQ((*read)[2].condition, std::nullopt);
}

TEST(HandlerEvents, AMistakeIsNamedByItsPath) {
  EXPECT_EQ(field_of("{}"), "domain_events");
  EXPECT_EQ(field_of("[1]"), "domain_events[0]");
  EXPECT_EQ(field_of("[{}]"), "domain_events[0].name");
  EXPECT_EQ(field_of(R"([{"name":"a.b"},{"name":"ab"}])"), "domain_events[1].name");
  EXPECT_EQ(field_of(R"([{"name":5}])"), "domain_events[0].name");
  EXPECT_EQ(field_of(R"([{"name":"a.b","payload":[]}])"), "domain_events[0].payload");
  EXPECT_EQ(field_of(R"([{"name":"a.b","condition":"never"}])"), "domain_events[0].condition");
  EXPECT_EQ(field_of(R"([{"name":"a.b","delivery_mode":1}])"), "domain_events[0].delivery_mode");
  EXPECT_EQ(field_of(R"([{"name":"a.b","more":1}])"), "domain_events[0].more");
  std::string many = "[";
  for (std::size_t i = 0; i < kPublishedEventsMax; ++i) many += R"({"name":"a.b"},)";
  EXPECT_EQ(field_of(many.substr(0, many.size() - 1) + "]"), "no error");
  EXPECT_EQ(field_of(many + R"({"name":"a.b"}])"), "domain_events");
}

TEST(HandlerEvents, NamesAreThoseOfTheContract) {
  for (const char* good : {"a.b", "a_1.b.c2", "0.1"}) EXPECT_TRUE(is_domain_event_name(good));
  for (const char* bad : {"", "a", ".a", "a.", "a..b", "A.b", "a.b-c", "a. b"})
    EXPECT_FALSE(is_domain_event_name(bad)) << bad;
}

TEST(HandlerEvents, TravelWithAResultDocument) {
  const auto result = read_step_result(
      R"({"success":true,"result":{},"domain_events":[{"name":"a.b","payload":{"x":1}}]})", 1'000);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->events.size(), 1U);
  EXPECT_EQ(result->events[0].payload_json, R"({"x":1})");
  EXPECT_TRUE(read_step_result(R"({"success":true,"domain_events":null})", 1'000)->events.empty());
  const auto refused = read_step_result(R"({"success":true,"domain_events":[{}]})", 1'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "domain_events[0].name");
}

}  // namespace
}  // namespace tasker::engine
