#include "core/engine/yaml_scalar.h"

#include <gtest/gtest.h>

#include <string_view>

namespace tasker::engine {
namespace {

void expect_type(YamlType type, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    EXPECT_EQ(plain_scalar_type(text), type) << "`" << text << "`";
  }
}

TEST(PlainScalarType, FollowsTheCoreSchema) {
  expect_type(YamlType::kNull, {"", "~", "null", "Null", "NULL"});
  expect_type(YamlType::kBoolean, {"true", "True", "TRUE", "false", "False", "FALSE"});
  expect_type(YamlType::kInteger,
              {"0", "-0", "+12", "-12", "007", "0o17", "0xFf", "99999999999999999999"});
  expect_type(YamlType::kFloat,
              {"1.", ".5", "-.5", "+1.5", "1e3", "1E+3", "1.5e-3", "0.0", "00.1"});
  expect_type(YamlType::kNotFinite, {".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN"});
  expect_type(YamlType::kString,
              {"yes",  "no",    "on",   "off",   "nUll",  "tRUE", "y",   ".",          "-",
               "+",    "e3",    ".e3",  "1e",    "1e+",   "0o8",  "0o",  "0x",         "0xg",
               "-0x1", "1_000", "1:30", "1.2.3", "-.nan", "inf",  "1 2", "2026-01-02", "\xC2\xB2"});
}

TEST(PlainBoolean, IsTrueForTheThreeSpellingsOfTrue) {
  EXPECT_TRUE(plain_boolean("true"));
  EXPECT_TRUE(plain_boolean("True"));
  EXPECT_TRUE(plain_boolean("TRUE"));
  EXPECT_FALSE(plain_boolean("false"));
  EXPECT_FALSE(plain_boolean("FALSE"));
}

TEST(PlainInteger, ReadsAllBasesWithin64Bits) {
  EXPECT_EQ(plain_integer("0"), 0);
  EXPECT_EQ(plain_integer("-0"), 0);
  EXPECT_EQ(plain_integer("+7"), 7);
  EXPECT_EQ(plain_integer("007"), 7);
  EXPECT_EQ(plain_integer("0o17"), 15);
  EXPECT_EQ(plain_integer("0xfF"), 255);
  EXPECT_EQ(plain_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(plain_integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(plain_integer("9223372036854775808"), std::nullopt);
  EXPECT_EQ(plain_integer("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(plain_integer("0x8000000000000000"), std::nullopt);
}

TEST(PlainFloatJson, KeepsTheDigitsInJsonsSpelling) {
  EXPECT_EQ(plain_float_json("1.50"), "1.50");
  EXPECT_EQ(plain_float_json("1."), "1.0");
  EXPECT_EQ(plain_float_json(".5"), "0.5");
  EXPECT_EQ(plain_float_json("-.5"), "-0.5");
  EXPECT_EQ(plain_float_json("+1.5"), "1.5");
  EXPECT_EQ(plain_float_json("007.5"), "7.5");
  EXPECT_EQ(plain_float_json("000.5"), "0.5");
  EXPECT_EQ(plain_float_json("1e3"), "1.0e3");
  EXPECT_EQ(plain_float_json("1E+3"), "1.0e+3");
  EXPECT_EQ(plain_float_json("0.1234567890123456789"), "0.1234567890123456789");
  EXPECT_EQ(plain_float_json("1e308"), "1.0e308");
  EXPECT_EQ(plain_float_json("1e309"), std::nullopt);
  EXPECT_EQ(plain_float_json("-1e309"), std::nullopt);
  EXPECT_EQ(plain_float_json("1e-999"), std::nullopt);
}

}  // namespace
}  // namespace tasker::engine
