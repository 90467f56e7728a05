#include <gtest/gtest.h>

#include <string>

#include "core/engine/template_test_support.h"

namespace tasker::engine {
namespace {

std::string with_schema(const std::string& schema) {
  return with_top("input_schema: " + schema + "\n");
}

TEST(ReadJsonSchema, TakesEveryKindOfKeyword) {
  for (const std::string schema :
       {"{}", "{type: object}", "{type: [string, 'null']}",
        "{properties: {a: {type: string}, b: true}, required: [a]}",
        "{items: {type: integer, minimum: -1, maximum: 1.5, exclusiveMinimum: 0}}",
        "{items: [{}, false], additionalItems: false}", "{anyOf: [{const: 1}, {enum: [1, a, ~]}]}",
        "{$defs: {x: {minLength: 0, maxLength: 5, pattern: '^a'}}, $ref: '#/$defs/x'}",
        "{multipleOf: 0.01, uniqueItems: true, exclusiveMaximum: true}", "{multipleOf: 1e-3}",
        "{if: {required: []}, then: {minItems: 1}, else: {not: {}}}",
        "{x-unknown: [anything], default: {any: value}}"}) {
    EXPECT_TRUE(good(with_schema(schema)).input_schema_json.has_value()) << schema;
  }
}

TEST(ReadJsonSchema, MistakesAreNamedWithTheirPath) {
  const auto bad = [](const std::string& schema, const std::string& path, const std::string& part) {
    expect_problems({schema, with_schema(schema), {{4, "input_schema" + path, part}}});
  };
  bad("true", "", "expected a mapping, got the boolean true");
  bad("{type: text}", ".type", "expected array, boolean, integer, null, number, object or string");
  bad("{type: null}", ".type", "write \"null\" in quotes");
  bad("{type: [string, nul]}", ".type[1]", "did you mean `null`?");
  bad("{properties: [a]}", ".properties", "expected a mapping, got a list");
  bad("{properties: {a: string}}", ".properties.a", "expected a mapping, got the string `string`");
  bad("{properties: {a: {b: 1, items: {type: strin}}}}", ".properties.a.items.type", "`string`?");
  bad("{required: true}", ".required", "expected a list of names, got the boolean true");
  bad("{required: [1]}", ".required[0]", "got the integer 1");
  bad("{items: 5}", ".items", "expected a mapping, got the integer 5");
  bad("{items: [{}, 5]}", ".items[1]", "expected a mapping, got the integer 5");
  bad("{allOf: {}}", ".allOf", "expected a list, got a mapping");
  bad("{enum: a}", ".enum", "expected a list");
  bad("{minimum: '1'}", ".minimum", "expected a number, got the string `1`");
  bad("{exclusiveMaximum: x}", ".exclusiveMaximum", "expected a number, got the string `x`");
  bad("{multipleOf: 0}", ".multipleOf", "expected a number above 0, got the integer 0");
  bad("{multipleOf: 0.0e5}", ".multipleOf", "expected a number above 0");
  bad("{multipleOf: -1}", ".multipleOf", "expected a number above 0");
  bad("{maxLength: -1}", ".maxLength", "expected an integer from 0, got the integer -1");
  bad("{maxLength: 1.5}", ".maxLength", "expected an integer from 0");
  bad("{uniqueItems: yes}", ".uniqueItems", "expected true or false");
  bad("{pattern: 5}", ".pattern", "got the integer 5");
  bad("{additionalProperties: no}", ".additionalProperties", "expected a mapping, got the string");
}

}  // namespace
}  // namespace tasker::engine
