#include "core/base/utf8.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "core/base/random.h"

namespace tasker::base {
namespace {

bool well_formed_throughout(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_at(text, at);
    if (!step.well_formed) return false;
    at += step.bytes;
  }
  return true;
}

TEST(Utf8, DecodesEachLengthAtItsBounds) {
  const struct {
    std::string_view text;
    char32_t code;
  } cases[] = {{std::string_view("\0", 1), 0},
               {"\x7F", 0x7F},
               {"\xC2\x80", 0x80},
               {"\xDF\xBF", 0x7FF},
               {"\xE0\xA0\x80", 0x800},
               {"\xED\x9F\xBF", 0xD7FF},
               {"\xEE\x80\x80", 0xE000},
               {"\xEF\xBF\xBF", 0xFFFF},
               {"\xF0\x90\x80\x80", 0x10000},
               {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
  for (const auto& one : cases) {
    const Utf8Step step = utf8_at(one.text, 0);
    EXPECT_TRUE(step.well_formed);
    EXPECT_EQ(step.code, one.code);
    EXPECT_EQ(step.bytes, one.text.size());
  }
}

TEST(Utf8, TakesTheMaximalPartOfABrokenCharacter) {
  const struct {
    std::string_view text;
    std::size_t bytes;
  } cases[] = {{"\x80", 1},         {"\xC0\x80", 1},         {"\xC1\xBF", 1},
               {"\xE0\x9F\x80", 1}, {"\xED\xA0\x80", 1},     {"\xE2\x82", 2},
               {"\xE2\x82z", 2},    {"\xF0\x9F\x98", 3},     {"\xF0\x8F\xBF\xBF", 1},
               {"\xF5\x80", 1},     {"\xF4\x90\x80\x80", 1}, {"\xFF", 1}};
  for (const auto& one : cases) {
    const Utf8Step step = utf8_at(one.text, 0);
    EXPECT_FALSE(step.well_formed);
    EXPECT_EQ(step.code, char32_t{0xFFFD});
    EXPECT_EQ(step.bytes, one.bytes) << testing::PrintToString(one.text);
  }
}

TEST(Utf8, HasNoStepPastTheEnd) {
  EXPECT_EQ(utf8_at("", 0).bytes, 0U);
  EXPECT_EQ(utf8_at("ab", 2).bytes, 0U);
}

TEST(Utf8, AgreesWithSimdjsonOnRandomBytes) {
  constexpr std::uint64_t kSeed = 20260101;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Random random(kSeed);
  // Bytes around the bounds of the encoding, so that well-formed texts come up too.
  constexpr std::string_view kBytes =
      "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xED\xEF\xF0\xF4\xF5";
  int well_formed = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
      text += kBytes[random.below(kBytes.size())];
    }
    ASSERT_EQ(well_formed_throughout(text), simdjson::validate_utf8(text))
        << testing::PrintToString(text);
    well_formed += well_formed_throughout(text) ? 1 : 0;
  }
  EXPECT_GT(well_formed, 1000);
}

TEST(IsUtf8, HoldsForWellFormedTextsAlone) {
  for (const std::string_view text : {"", "plain text of more than a word", "seven b\xC3\xA9",
                                      "eight byt\xF0\x9F\x98\x80 and more"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const std::string_view text : {"\xFF", "eight byt\xC3", "\xED\xA0\x80 half a pair",
                                      "\xC0\xAF overlong", "in the middle \x80 of a text"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace tasker::base
