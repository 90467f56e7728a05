#include "core/base/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::base {
namespace {

JsonSchema good(std::string_view text) {
  auto schema = JsonSchema::compile(text);
  if (!schema) throw std::runtime_error(schema.error().to_json());
  return *schema;
}

bool fits(std::string_view schema, std::string_view text) {
  return good(schema).validate(text).empty();
}

Error refused(std::string_view text) {
  auto schema = JsonSchema::compile(text);
  if (schema) throw std::runtime_error("the schema compiled");
  return schema.error();
}

constexpr std::string_view kParcel = R"({"type":"object","required":["parcel_id"],
  "properties":{"parcel_id":{"type":"string","minLength":3},
                "items":{"type":"array","items":{"type":"object","properties":
                         {"weight":{"type":"number","exclusiveMinimum":0}}}}}})";

TEST(JsonSchema, ADocumentFitsOrDoesNot) {
  EXPECT_TRUE(fits(kParcel, R"({"parcel_id":"p-1"})"));
  EXPECT_TRUE(fits(kParcel, R"({"parcel_id":"p-1","items":[{"weight":0.5}],"more":null})"));
  EXPECT_FALSE(fits(kParcel, R"({})"));
  EXPECT_FALSE(fits(kParcel, R"([])"));
  EXPECT_FALSE(fits(kParcel, R"({"parcel_id":7})"));
  EXPECT_TRUE(fits("{}", "null"));
}

TEST(JsonSchema, TheKeywordsOfDraft7Work) {
  EXPECT_FALSE(fits(R"({"const":{"a":1}})", R"({"a":2})"));
  EXPECT_FALSE(fits(R"({"enum":["a","b"]})", R"("c")"));
  EXPECT_FALSE(fits(R"({"oneOf":[{"type":"number"},{"minimum":1}]})", "2"));
  EXPECT_FALSE(fits(R"({"if":{"minimum":10},"then":{"multipleOf":5}})", "12"));
  EXPECT_TRUE(fits(R"({"if":{"minimum":10},"then":{"multipleOf":5}})", "9"));
  EXPECT_FALSE(fits(R"({"additionalProperties":false,"properties":{"a":{}}})", R"({"b":1})"));
  EXPECT_FALSE(fits(R"({"uniqueItems":true})", "[1,1]"));
  EXPECT_FALSE(fits(R"({"pattern":"^[a-z]+$"})", R"("A")"));
  EXPECT_FALSE(fits(R"({"patternProperties":{"^n_":{"type":"number"}}})", R"({"n_a":"x"})"));
  EXPECT_FALSE(fits(R"({"$ref":"#/definitions/n","definitions":{"n":{"type":"number"}}})", "true"));
  EXPECT_FALSE(fits(R"({"not":{"type":"null"}})", "null"));
}

TEST(JsonSchema, AMismatchNamesItsPlaceAndReason) {
  const auto mismatches =
      good(kParcel).validate(R"({"parcel_id":"p-1","items":[{"weight":1},{"weight":0}]})");
  ASSERT_FALSE(mismatches.empty());
  EXPECT_EQ(mismatches[0].path, "items[1].weight");
  EXPECT_THAT(mismatches[0].reason, testing::HasSubstr("greater than"));
  EXPECT_EQ(good(kParcel).validate("{}").at(0).path, "");
}

TEST(JsonSchema, NotEveryMismatchOfManyIsListed) {
  std::string many = R"({"parcel_id":"p-1","items":[)";
  for (int i = 0; i < 1'000; ++i) many += R"({"weight":0},)";
  many.back() = ']';
  EXPECT_EQ(good(kParcel).validate(many + "}").size(), JsonSchema::kMismatchesMax);
  const std::string large = R"({"parcel_id":7,"text":")" + std::string(1U << 20, 'x') + R"("})";
  EXPECT_EQ(good(kParcel).validate(large).size(), 1U);
}

TEST(JsonSchema, WhatIsNoJsonFitsNothing) {
  EXPECT_FALSE(fits("{}", "{"));
  EXPECT_FALSE(fits("{}", ""));
  EXPECT_FALSE(fits("{}", R"("\ud800")"));
}

TEST(JsonSchema, ASchemaThatIsNoneIsRefusedWithItsPlace) {
  EXPECT_EQ(refused("{").code, ErrorCode::kINVALID_JSON);
  EXPECT_EQ(refused("7").code, ErrorCode::kINVALID_JSON);
  EXPECT_EQ(refused(R"({"type":"parcel"})").code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(refused(R"({"minLength":-1})").code, ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(refused(R"({"properties":{"a":{"pattern":"("}}})").field, "/properties/a/pattern");
  EXPECT_EQ(refused(R"({"patternProperties":{"[":{}}})").field, "/patternProperties");
  EXPECT_EQ(refused(R"({"items":{"pattern":"a\u0000b"}})").field, "/items/pattern");
  EXPECT_EQ(refused(R"({"items":{"$ref":"https://example.org/s"}})").field, "/items/$ref");
  EXPECT_EQ(refused(R"({"items":{"$ref":"#/definitions/none"}})").field, "/items/$ref");
}

TEST(JsonSchema, APropertyMayBeCalledLikeAKeyword) {
  EXPECT_TRUE(fits(R"({"properties":{"pattern":{"type":"string"},"not":{"type":"number"}}})",
                   R"({"pattern":"(","not":1})"));
  EXPECT_TRUE(fits(R"({"enum":[{"pattern":"("}]})", R"({"pattern":"("})"));
}

TEST(JsonSchema, ASchemaMayDescribeATreeButNotApplyItselfWithoutEnd) {
  constexpr std::string_view kTree = R"({"type":"object","properties":
      {"left":{"$ref":"#"},"right":{"$ref":"#"},"value":{"type":"number"}}})";
  EXPECT_TRUE(fits(kTree, R"({"left":{"left":{"value":1}},"right":{"value":2}})"));
  EXPECT_FALSE(fits(kTree, R"({"left":{"left":{"value":"one"}}})"));
  for (const std::string_view loop :
       {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})",
        R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},
            "b":{"not":{"$ref":"#/definitions/a"}}}})"})
    EXPECT_EQ(refused(loop).code, ErrorCode::kINVALID_ARGUMENT) << loop;
  std::string deep = "{}";
  for (int i = 0; i < 20; ++i) deep = R"({"allOf":[)" + deep + "]}";
  EXPECT_EQ(refused(deep).code, ErrorCode::kINVALID_ARGUMENT);
}

TEST(JsonSchema, APatternIsLookedForInStringsOnlyAndTheMismatchNamesIt) {
  constexpr std::string_view kCode = R"({"properties":{"code":{"pattern":"^[A-Z]{2}\\d+$"}}})";
  EXPECT_TRUE(fits(kCode, R"({"code":"LH400"})"));
  EXPECT_TRUE(fits(kCode, R"({"code":400})"));
  const auto mismatches = good(kCode).validate(R"({"code":"400"})");
  ASSERT_FALSE(mismatches.empty());
  EXPECT_EQ(mismatches[0].path, "code");
  EXPECT_THAT(mismatches[0].reason, testing::HasSubstr(R"(^[A-Z]{2}\d+$)"));
  EXPECT_TRUE(fits(R"({"pattern":"^.$"})", R"("é")")) << "a code point is one character";
}

TEST(JsonSchema, AnIdOfDraft4IsNoName) {
  constexpr std::string_view kNamed = R"({"id":"http://example.org/a","properties":
      {"id":{"id":"b","type":"number"}}})";
  EXPECT_TRUE(fits(kNamed, R"({"id":1})"));
  EXPECT_FALSE(fits(kNamed, R"({"id":"one"})"));
  EXPECT_EQ(refused(R"({"properties":{"a":{"$ref":"#/id"}},"id":"b"})").code,
            ErrorCode::kINVALID_ARGUMENT);
}

TEST(JsonSchema, PatternsChooseProperties) {
  constexpr std::string_view kNames = R"({"properties":{"id":{}},
      "patternProperties":{"^n_":{"type":"number"},"_s$":{"type":"string","pattern":"x"}},
      "additionalProperties":false,"propertyNames":{"pattern":"^[a-z_]+$"}})";
  EXPECT_TRUE(fits(kNames, R"({"id":null,"n_a":1,"b_s":"xy"})"));
  EXPECT_FALSE(fits(kNames, R"({"n_s":1})")) << "both patterns fit the name";
  EXPECT_FALSE(fits(kNames, R"({"other":1})"));
  EXPECT_FALSE(fits(kNames, R"({"n_A":1})"));
  const auto mismatches = good(kNames).validate(R"({"n_a":1,"b_s":"y"})");
  ASSERT_FALSE(mismatches.empty());
  EXPECT_EQ(mismatches[0].path, "b_s");
}

TEST(JsonSchema, AFormatIsCheckedInStringsOnly) {
  EXPECT_FALSE(fits(R"({"format":"date-time"})", R"("yesterday")"));
  EXPECT_TRUE(fits(R"({"format":"date-time"})", "7"));
  EXPECT_FALSE(fits(R"({"propertyNames":{"format":"date"}})", R"({"2023-02-29":1})"));
  EXPECT_TRUE(fits(R"({"propertyNames":{"format":"date"}})", R"({"2024-02-29":1})"));
}

TEST(JsonSchema, ASearchWithoutEndIsGivenUpAndNamesTheField) {
  constexpr std::string_view kNested = R"({"properties":{"text":{"pattern":"^(a+)+$"}}})";
  const std::string text = R"({"text":")" + std::string(40, 'a') + R"(!"})";
  const auto mismatches = good(kNested).validate(text);
  ASSERT_EQ(mismatches.size(), 1U);
  EXPECT_EQ(mismatches[0].path, "text");
  EXPECT_THAT(mismatches[0].reason, testing::HasSubstr("takes too long"));
  EXPECT_THAT(mismatches[0].reason, testing::HasSubstr("^(a+)+$"));
}

TEST(JsonSchema, ADeepDocumentAndALongStringAreNoDanger) {
  constexpr std::string_view kTree = R"({"properties":{"a":{"$ref":"#"}},"pattern":"^(a|b)*$"})";
  std::string deep = "1";
  for (int i = 0; i < 127; ++i) deep = R"({"a":)" + deep + "}";
  EXPECT_TRUE(fits(kTree, deep));
  const auto quoted = [](std::size_t bytes) { return '"' + std::string(bytes, 'a') + '"'; };
  EXPECT_TRUE(fits(kTree, quoted(10'000)));
  EXPECT_FALSE(fits(kTree, quoted(4U << 20))) << "a step of the matcher for each letter";
  EXPECT_TRUE(fits(R"({"pattern":"^[ab]*$"})", quoted(4U << 20)));
  EXPECT_TRUE(fits(R"({"type":"string"})", quoted(4U << 20)));
}

}  // namespace
}  // namespace tasker::base
