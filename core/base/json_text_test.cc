#include "core/base/json_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace tasker::base {
namespace {

TEST(JsonText, MembersAreGivenAsTheyAreWritten) {
  JsonTextReader reader(R"( { "a" : [1, {"x":"]"}] ,"b\"":"}\\" , "c":-1.5e3,"d":{} } )");
  std::vector<std::string> seen;
  for (JsonTextReader::Member member; reader.next(member);)
    seen.push_back(std::string(member.name) + "=" + std::string(member.value));
  EXPECT_EQ(seen, (std::vector<std::string>{R"("a"=[1, {"x":"]"}])", R"("b\""="}\\")",
                                            R"("c"=-1.5e3)", R"("d"={})"}));
}

TEST(JsonText, ElementsAreGivenAsTheyAreWritten) {
  JsonTextReader reader(R"([ 1 ,"two]",[3,[4]] , null,{"a":[]}])");
  std::vector<std::string_view> seen;
  for (std::string_view element; reader.next(element);) seen.push_back(element);
  EXPECT_EQ(seen,
            (std::vector<std::string_view>{"1", R"("two]")", "[3,[4]]", "null", R"({"a":[]})"}));
}

TEST(JsonText, AnEmptyContainerHasNothing) {
  JsonTextReader::Member member;
  EXPECT_FALSE(JsonTextReader(" { } ").next(member));
  std::string_view element;
  EXPECT_FALSE(JsonTextReader("[ ]").next(element));
}

TEST(JsonText, EscapesOfAStringAreUndone) {
  EXPECT_EQ(json_string_value(R"("a\n\"\\\/\u00e9\ud83d\ude00")"), "a\n\"\\/\u00e9\U0001F600");
  EXPECT_EQ(json_string_value(R"("\ud83dx")"), "\xED\xA0\xBDx") << "half a surrogate pair";
  std::string memory;
  EXPECT_EQ(json_string_view(R"("plain")", memory), "plain");
  EXPECT_EQ(memory, "");
  EXPECT_EQ(json_string_view(R"("\u0061")", memory), "a");
}

TEST(JsonText, KindsAreToldByTheFirstCharacter) {
  EXPECT_EQ(json_kind("{}"), JsonKind::kObject);
  EXPECT_EQ(json_kind("[]"), JsonKind::kArray);
  EXPECT_EQ(json_kind("\"\""), JsonKind::kString);
  EXPECT_EQ(json_kind("-1"), JsonKind::kNumber);
  EXPECT_EQ(json_kind("true"), JsonKind::kBoolean);
  EXPECT_EQ(json_kind("null"), JsonKind::kNull);
}

TEST(JsonText, NumbersOutsideOfADoubleAreRefused) {
  EXPECT_EQ(json_number_value("-1.5e3"), -1500);
  EXPECT_EQ(json_number_value("1e400"), std::nullopt);
}

}  // namespace
}  // namespace tasker::base
