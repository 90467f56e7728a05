#include "core/engine/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/base/json.h"

namespace tasker::engine {
namespace {

using testing::ElementsAre;

/// A text's tree and the problems of reading it.
struct Fixture {
  explicit Fixture(std::string_view yaml)
      : tree(YamlTree::parse(yaml, TemplateLimits{}, problems)) {}

  YamlValue root() const { return {&tree->root(), "top"}; }
  std::string reason() {
    const auto taken = problems.take();
    return taken.size() == 1 ? taken[0].field + ": " + taken[0].reason
                             : std::to_string(taken.size()) + " problems";
  }

  ProblemList problems;
  std::optional<YamlTree> tree;
};

TEST(FieldReader, TellsRequiredOptionalAndNullableFieldsApart) {
  Fixture text("{given: x, empty: null}");
  const FieldReader fields(text.root(), {"given", "empty", "absent"}, text.problems);
  EXPECT_TRUE(fields.is_mapping());
  EXPECT_EQ(fields.string("given", Need::kRequired), "x");
  EXPECT_EQ(fields.string("absent", Need::kOptional), std::nullopt);
  EXPECT_EQ(fields.string("absent", Need::kNullable), std::nullopt);
  EXPECT_EQ(fields.string("empty", Need::kNullable), std::nullopt);
  EXPECT_TRUE(text.problems.empty());
  EXPECT_EQ(fields.string("empty", Need::kOptional), std::nullopt);
  EXPECT_EQ(text.reason(), "top.empty: expected a string, got null");
  EXPECT_EQ(fields.string("absent", Need::kRequired), std::nullopt);
  EXPECT_EQ(text.reason(), "top.absent: missing; the field is required");
}

TEST(FieldReader, AValueThatIsNoMappingHasNoFieldsAndOneProblem) {
  Fixture text("[a]");
  const FieldReader fields(text.root(), {"a"}, text.problems);
  EXPECT_FALSE(fields.is_mapping());
  EXPECT_EQ(fields.string("a", Need::kRequired), std::nullopt);
  EXPECT_EQ(text.reason(), "top: expected a mapping, got a list");
}

TEST(FieldReader, TheFirstOfDuplicateFieldsCounts) {
  Fixture text("{a: x, a: y}");
  EXPECT_EQ(FieldReader(text.root(), {"a"}, text.problems).string("a", Need::kRequired), "x");
  EXPECT_EQ(text.reason(), "a: duplicate key; it is given first on line 1");
}

TEST(ReadName, CountsCharactersAndRefusesControlCharacters) {
  Fixture two("\xC3\xA9\xC3\xA9");
  EXPECT_EQ(read_name(two.root(), 2, two.problems), "\xC3\xA9\xC3\xA9");
  EXPECT_EQ(read_name(two.root(), 1, two.problems), std::nullopt);
  EXPECT_EQ(two.reason(), "top: `\xC3\xA9\xC3\xA9` has 2 characters, expected 1 to 1");
  Fixture control("\"a\\u0085\"");
  EXPECT_EQ(read_name(control.root(), 9, control.problems), std::nullopt);
  EXPECT_EQ(control.reason(), "top: `a\\u0085` has control characters, expected none");
}

TEST(ReadNumber, TakesIntegersOfAnyBaseWithinTheRange) {
  for (const std::string_view good : {"16", "0x10", "0o20", "+16"}) {
    Fixture text(good);
    EXPECT_EQ(read_number(text.root(), 0, 16, text.problems), 16U) << good;
  }
  for (const std::string_view bad : {"17", "-1", "1.0", "'1'", "{}", "1e1"}) {
    Fixture text(bad);
    EXPECT_EQ(read_number(text.root(), 0, 16, text.problems), std::nullopt) << bad;
    EXPECT_THAT(text.reason(), testing::StartsWith("top: expected an integer from 0 to 16, got "));
  }
}

TEST(ReadChoice, ListsTheChoicesAndTheNearest) {
  constexpr std::array<std::string_view, 3> choices = {"red", "green", "blue"};
  Fixture green("green");
  EXPECT_EQ(read_choice(green.root(), choices, green.problems), "green");
  Fixture near("gren");
  EXPECT_EQ(read_choice(near.root(), choices, near.problems), std::nullopt);
  EXPECT_EQ(near.reason(), "top: expected red, green or blue, got `gren`; did you mean `green`?");
  Fixture number("1");
  EXPECT_EQ(read_choice(number.root(), choices, number.problems), std::nullopt);
  EXPECT_EQ(number.reason(), "top: expected red, green or blue, got the integer 1");
}

TEST(ReadStrings, RefusesItemsOfAnotherType) {
  Fixture good("[a, 'b']");
  EXPECT_THAT(*read_strings(good.root(), good.problems), ElementsAre("a", "b"));
  Fixture bad("[a, 1]");
  read_strings(bad.root(), bad.problems);
  EXPECT_EQ(bad.reason(),
            "top[1]: expected a string (in quotes, when it looks like something else), got the "
            "integer 1");
}

TEST(ReadJson, ConvertsByTheCoreSchemaAndKeepsTheOrder) {
  Fixture text(
      "z: 1\n"
      "a: [~, true, -0x, 0x1F, 1.0, '1', no, \"q\\\"\\n\"]\n"
      "\"k\\u00e9\": {}\n"
      "5: []\n"
      "text: |\n  two\n  lines\n");
  const std::string json = read_json(text.root(), text.problems);
  EXPECT_EQ(json, R"({"z":1,"a":[null,true,"-0x",31,1.0,"1","no","q\"\n"],"ké":{},"5":[],)"
                  R"("text":"two\nlines\n"})");
  EXPECT_TRUE(base::check_json(json, "json").has_value());
  EXPECT_TRUE(text.problems.empty());
}

TEST(ReadJson, NamesThePathOfWhatJsonCanNotCarry) {
  Fixture text("a: [1, {b: .nan}]");
  read_json(text.root(), text.problems);
  EXPECT_EQ(text.reason(), "top.a[1].b: JSON can not carry the number .nan");
}

TEST(ReadMapping, HasEachKeyOnce) {
  Fixture text("{a: 1, b: 2, a: 3}");
  const auto entries = read_mapping(text.root(), text.problems);
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ((*entries)[0].value.node->text, "1");
  EXPECT_EQ((*entries)[1].value.path, "top.b");
}

TEST(Describe, NamesEveryTypeOfValue) {
  Fixture text("[null, yes, true, 5, 1.5, .inf, [], {}]");
  std::string all;
  for (const YamlNode* item : text.tree->root().items) all += describe(*item) + "; ";
  EXPECT_EQ(all,
            "null; the string `yes`; the boolean true; the integer 5; the number 1.5; "
            "the number .inf; a list; a mapping; ");
}

TEST(Listed, JoinsNamesAsASentenceDoes) {
  constexpr std::array<std::string_view, 3> names = {"a", "b", "c"};
  EXPECT_EQ(listed(names), "a, b or c");
  EXPECT_EQ(listed(std::span(names).first(2)), "a or b");
  EXPECT_EQ(listed(std::span(names).first(1)), "a");
}

}  // namespace
}  // namespace tasker::engine
