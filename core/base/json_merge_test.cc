// merge_json_objects, whose source is json_merge.cc and whose header is json.h.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/random.h"

namespace tasker::base {
namespace {

TEST(MergeJsonObjects, LaysOneOverTheOther) {
  EXPECT_EQ(merge_json_objects(R"({"a":1,"b":2})", R"({"b":3,"c":4})"), R"({"a":1,"b":3,"c":4})");
}

TEST(MergeJsonObjects, TakesTheTopLevelOnly) {
  EXPECT_EQ(merge_json_objects(R"({"a":{"x":1}})", R"({"a":{"y":2}})"), R"({"a":{"y":2}})");
}

TEST(MergeJsonObjects, AnEmptyObjectChangesNothing) {
  EXPECT_EQ(merge_json_objects("{}", R"({"a": 1})"), R"({"a": 1})");
  EXPECT_EQ(merge_json_objects(R"({"a": 1})", " { } "), R"({"a": 1})");
  EXPECT_EQ(merge_json_objects("{}", "{}"), "{}");
}

TEST(MergeJsonObjects, KeepsTheTextOfValues) {
  EXPECT_EQ(
      merge_json_objects(R"({ "big" : 36893488147419103232 , "f":1.50, "e":1E5 })",
                         "{\"s\":\"\\u00e9\\\"}{\",\n\"l\" :\t[ 1, {\"z\":[]} ] }"),
      R"({"big":36893488147419103232,"f":1.50,"e":1E5,"s":"\u00e9\"}{","l":[ 1, {"z":[]} ]})");
}

TEST(MergeJsonObjects, OfDuplicatesTheLastWins) {
  EXPECT_EQ(merge_json_objects(R"({"a":1,"a":2})", R"({"b":3,"b":4})"), R"({"a":2,"b":4})");
}

TEST(MergeJsonObjects, NamesAreComparedByWhatTheySay) {
  EXPECT_EQ(merge_json_objects(R"({"a\/b":1})", R"({"\u0061/b":2})"), R"({"\u0061/b":2})");
  EXPECT_EQ(merge_json_objects(R"({"é":1,"😀":1,"€":1,"\n":1})",
                               R"({"\u00E9":2,"\ud83d\uDE00":2,"\u20ac":2,"\u000A":2})"),
            R"({"\u00E9":2,"\ud83d\uDE00":2,"\u20ac":2,"\u000A":2})");
}

TEST(MergeJsonObjects, HalvesOfSurrogatePairsStayApart) {
  EXPECT_EQ(merge_json_objects(R"({"\ud800":1,"\udc00":2})", R"({"\ud800\ud800":3,"\ud800":4})"),
            R"({"\ud800":4,"\udc00":2,"\ud800\ud800":3})");
}

TEST(MergeJsonObjects, AnEmptyNameIsAName) {
  EXPECT_EQ(merge_json_objects(R"({"":1})", R"({"":2,"a":3})"), R"({"":2,"a":3})");
}

/// One more random JSON value at the end of `out`.
void append_value(std::string& out, Random& random, int depth) {
  constexpr std::string_view kScalars[] = {"null", "-1.5e9", "0",     "true",        "\"\"",
                                           "[]",   "{}",     "\"}\"", "\"a\\\"]b\"", "\"\\\\\""};
  if (depth == 0 || random.below(2) == 0) {
    out += kScalars[random.below(std::size(kScalars))];
    return;
  }
  const bool object = random.below(2) == 0;
  out += object ? "{ " : "[";
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    if (object) out += "\"k" + std::to_string(i) + "\" : ";
    append_value(out, random, depth - 1);
    if (i > 1) out += ", ";
  }
  out += object ? '}' : ']';
}

std::string random_object(Random& random, std::map<std::string, std::string>& members) {
  std::string out = "{";
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    const std::string name = "m" + std::to_string(random.below(8));
    std::string value;
    append_value(value, random, 3);
    members[name] = value;
    out += (out.size() > 1 ? " ,\n\"" : "\"") + name + "\"\t:" + value;
  }
  return out + "}";
}

TEST(MergeJsonObjects, GivesTheMembersOfBothWhateverTheyHold) {
  constexpr std::uint64_t kSeed = 20260104;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Random random(kSeed);
  simdjson::dom::parser parser;
  for (int round = 0; round < 20'000; ++round) {
    std::map<std::string, std::string> expected;
    const std::string under = random_object(random, expected);
    const std::string over = random_object(random, expected);
    const std::string merged = merge_json_objects(under, over);
    simdjson::dom::object object;
    ASSERT_EQ(parser.parse(merged).get(object), simdjson::SUCCESS) << merged;
    std::map<std::string, std::string> got;
    for (const auto& [name, value] : object) got[std::string(name)] = simdjson::minify(value);
    std::map<std::string, std::string> wanted;
    simdjson::dom::parser other;
    for (const auto& [name, text] : expected) {
      wanted[name] = simdjson::minify(other.parse(text).value());
    }
    ASSERT_EQ(got, wanted) << under << " under " << over;
  }
}

}  // namespace
}  // namespace tasker::base
