// The runner's own parts: that it holds every JSON text, and that it notices what is wrong.
#include <gtest/gtest.h>

#include <string>

#include "tests/contract/json_value.h"
#include "tests/contract/schema_set.h"
#include "tests/contract/vector_values.h"

namespace tasker::contract {
namespace {

const SchemaSet& schemas() {
  static const base::Result<SchemaSet> loaded = SchemaSet::load(TASKER_CONTRACT_FOLDER "/schema");
  return loaded.value();
}

JsonValue json(std::string_view text) { return parse_json(text).value(); }

std::string reason(std::string_view expected, std::string_view value,
                   const Captures& captures = {}) {
  return Matcher(schemas(), captures).mismatch(json(expected), json(value));
}

TEST(JsonValue, WritesWhatItHasRead) {
  for (const std::string text :
       {R"({"a":[1,-2.50e+10,true,false,null],"":"é𝄞"})", R"("\ud800\u0000\"\\\n")", "[]", "{}",
        "123456789012345678901234567890", "1e400", R"(["\udc00\ud800"])"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*parse_json(to_json(*value)), *value) << text;
  }
  EXPECT_EQ(to_json(json(R"("\ud834\udd1e")")), "\"𝄞\"");
  EXPECT_EQ(to_json(json(R"("\ud800\u0000")")), R"("\ud800\u0000")");
}

TEST(JsonValue, RefusesWhatIsNotOneDocument) {
  for (const std::string text : {"", "{} x", "[1,]", R"({"a":1,"a":2})", "{\"a\" 1}", "\"a", "nul",
                                 "\"\\x\"", "\"\\ud8\"", "[1", "\"a\nb\""})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST(JsonValue, ComparesNumbersByValueAndMembersInAnyOrder) {
  EXPECT_EQ(json(R"({"a":1.0,"b":100})"), json(R"({"b":1e2,"a":1})"));
  EXPECT_FALSE(json(R"({"a":1})") == json(R"({"a":1,"b":1})"));
  EXPECT_FALSE(json("[1,2]") == json("[2,1]"));
}

TEST(JsonValue, FollowsPointers) {
  const JsonValue value = json(R"({"a":[{"b/c":{"~":7}}]})");
  ASSERT_NE(at_pointer(value, "/a/0/b~1c/~0"), nullptr);
  EXPECT_EQ(at_pointer(value, "/a/0/b~1c/~0")->text, "7");
  EXPECT_EQ(at_pointer(value, "/a/1"), nullptr);
  EXPECT_EQ(at_pointer(value, "/a/0/x/y"), nullptr);
}

TEST(Matcher, TakesMembersThatAreNotNamedUnlessExactlyIsAsked) {
  EXPECT_EQ(reason(R"({"a":1})", R"({"a":1,"b":2})"), "");
  EXPECT_NE(reason(R"({"a":1})", R"({"a":2})"), "");
  EXPECT_NE(reason(R"({"a":1})", R"({"b":1})"), "");
  EXPECT_NE(reason(R"({"$exactly":{"a":1}})", R"({"a":1,"b":2})"), "");
  EXPECT_EQ(reason(R"({"$exactly":{"a":1}})", R"({"a":1})"), "");
}

TEST(Matcher, NoticesWhatEachMatcherIsFor) {
  EXPECT_EQ(reason(R"({"a":{"$any":true}})", R"({"a":null})"), "");
  EXPECT_NE(reason(R"({"a":{"$any":true}})", "{}"), "");
  EXPECT_NE(reason(R"({"a":{"$absent":true}})", R"({"a":1})"), "");
  EXPECT_EQ(reason(R"({"a":{"$absent":true}})", "{}"), "");
  EXPECT_NE(reason(R"({"$matches":"^a+$"})", R"("ab")"), "");
  EXPECT_EQ(reason(R"({"$matches":"^a+$"})", R"("aa")"), "");
  EXPECT_NE(reason(R"({"$matches":"1"})", "1"), "");
  EXPECT_NE(reason(R"({"$between":[1,2]})", "3"), "");
  EXPECT_EQ(reason(R"({"$between":[1,2]})", "2"), "");
  EXPECT_NE(reason(R"({"$length":1})", "[]"), "");
  EXPECT_NE(reason(R"({"$contains":{"a":1}})", R"([{"a":2}])"), "");
  EXPECT_EQ(reason(R"({"$contains":{"a":1}})", R"([{"a":2},{"a":1}])"), "");
  EXPECT_NE(reason(R"({"$one_of":[1,2]})", "3"), "");
  EXPECT_NE(reason("[1]", "[1,2]"), "");
  EXPECT_NE(reason(R"({"$nonsense":1})", "1"), "");
}

TEST(Matcher, PutsInWhatWasCaptured) {
  const Captures captures = {{"id", JsonValue::string("x")}, {"n", JsonValue::number("7")}};
  EXPECT_EQ(reason(R"({"a":"$id","b":"$n"})", R"({"a":"x","b":7})", captures), "");
  EXPECT_NE(reason(R"({"a":"$id"})", R"({"a":"$id"})", captures), "");
  EXPECT_EQ(reason(R"({"$string":["a-${id}",{"repeat":"z","times":3}]})", R"("a-xzzz")", captures),
            "");
  EXPECT_EQ(
      json_argument(json(R"({"$text":["{\"a\":\"${id}\"",{"repeat":"}","times":2}]})"), captures)
          .text,
      R"({"a":"x"}})");
  EXPECT_TRUE(json_argument(json("null"), captures).is_null);
}

TEST(SchemaSet, NoticesMissingUnknownAndWrongMembers) {
  const std::string_view metrics =
      R"({"pending_count":0,"starvation_detected":false,"starving_event_count":0,
          "oldest_pending_age_ms":null,"newest_pending_age_ms":null,"oldest_event_id":null})";
  const JsonValue good = json(metrics);
  EXPECT_EQ(schemas().mismatch("dispatch_metrics", good), "");
  JsonValue wrong = good;
  wrong.set("more", JsonValue::null());
  EXPECT_NE(schemas().mismatch("dispatch_metrics", wrong), "");
  wrong = good;
  wrong.set("pending_count", JsonValue::number("-1"));
  EXPECT_NE(schemas().mismatch("dispatch_metrics", wrong), "");
  wrong = good;
  wrong.set("oldest_event_id", JsonValue::string("x"));
  EXPECT_NE(schemas().mismatch("dispatch_metrics", wrong), "");
  wrong = good;
  wrong.members.pop_back();
  EXPECT_NE(schemas().mismatch("dispatch_metrics", wrong), "");
  EXPECT_NE(schemas().mismatch("no_such_shape", good), "");
  EXPECT_NE(schemas().mismatch("dispatch_metrics[]", good), "");
}

}  // namespace
}  // namespace tasker::contract
