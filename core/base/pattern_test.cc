#include "core/base/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tasker::base {
namespace {

using Found = Pattern::Found;

Found search(std::string_view pattern, std::string_view text,
             std::uint32_t steps_max = Pattern::kStepsMax) {
  const auto compiled = Pattern::compile(pattern);
  if (!compiled) throw std::runtime_error(compiled.error().to_json());
  return compiled->search(text, steps_max);
}

TEST(Pattern, IsFoundAnywhereUnlessItIsAnchored) {
  EXPECT_EQ(search("b+", "abbc"), Found::kYes);
  EXPECT_EQ(search("^b+", "abbc"), Found::kNo);
  EXPECT_EQ(search("", ""), Found::kYes);
  EXPECT_EQ(search("x", {}), Found::kNo);
}

TEST(Pattern, IsReadAsEcmaScriptHasIt) {
  EXPECT_EQ(search("^a$", "a\n"), Found::kNo) << "$ is the end alone";
  EXPECT_EQ(search(R"(^\u0041\x42$)", "AB"), Found::kYes);
  EXPECT_EQ(search(R"(^\u{1F600}.$)", "\U0001F600\U0001F600"), Found::kYes);
  EXPECT_EQ(search("[]", "a"), Found::kNo) << "an empty class fits nothing";
  EXPECT_EQ(search("^[^]$", "\n"), Found::kYes);
  EXPECT_EQ(search("^.$", "\r"), Found::kNo);
  EXPECT_EQ(search(R"(^(?:(a)|b)\1$)", "b"), Found::kYes) << "a group without a match is empty";
  EXPECT_EQ(search(R"(^\d$)", "\u0663"), Found::kNo) << "a digit of ASCII";
  EXPECT_EQ(search(R"(^\p{L}+$)", "Größe"), Found::kYes);
  EXPECT_EQ(search("^(?<year>[0-9]{4})(?=-)", "2024-01"), Found::kYes);
}

TEST(Pattern, WhatIsNoneIsRefusedWithThePlace) {
  for (const std::string_view text :
       {"(", "[", "a{2,1}", "*", R"(\)", "(?<=a+)b", R"(\C)", "\xff"}) {
    const auto compiled = Pattern::compile(text);
    ASSERT_FALSE(compiled) << text;
    EXPECT_EQ(compiled.error().code, ErrorCode::kINVALID_ARGUMENT);
    EXPECT_THAT(compiled.error().message, testing::HasSubstr("behind byte"));
  }
  EXPECT_FALSE(Pattern::compile("((a{1000}){1000}){1000}")) << "too large";
  EXPECT_FALSE(Pattern::compile(std::string(10'000, '(') + std::string(10'000, ')')));
}

TEST(Pattern, ASearchEndsAfterItsSteps) {
  const std::string text = std::string(40, 'a') + "!";
  EXPECT_EQ(search("^(a+)+$", text), Found::kGaveUp);
  EXPECT_EQ(search("^(a|aa)+$", text), Found::kGaveUp);
  EXPECT_EQ(search("^a+b", text, 10), Found::kNo);
  EXPECT_EQ(search("^(a|b)*!$", text, 10), Found::kGaveUp);
  EXPECT_EQ(search("^(a|b)*!$", text), Found::kYes);
}

TEST(Pattern, ACopyOutlivesTheFirst) {
  auto first = Pattern::compile("a");
  ASSERT_TRUE(first);
  const Pattern copy = *first;
  first = fail(ErrorCode::kINTERNAL, "gone");
  EXPECT_EQ(copy.search("cab"), Found::kYes);
}

}  // namespace
}  // namespace tasker::base
