// JSON Schemas inside of a template: the kinds of their keywords' values, by drafts 4 to 2020-12.
// Unknown keywords are allowed, as the specification demands.
#include <algorithm>
#include <array>

#include "core/engine/template_parts.h"
#include "core/engine/yaml_scalar.h"

namespace tasker::engine {
namespace {

enum class Keyword : std::uint8_t {
  kSchema,
  kSchemaOrList,
  kSchemas,
  kSchemaMap,
  kTypes,
  kStrings,
  kString,
  kList,
  kNumber,
  kPositiveNumber,
  kLimit,  ///< number, or boolean in draft 4
  kCount,
  kBoolean,
};

struct KeywordRule {
  std::string_view name;
  Keyword kind;
};

constexpr KeywordRule kKeywords[] = {
    {"type", Keyword::kTypes},
    {"properties", Keyword::kSchemaMap},
    {"patternProperties", Keyword::kSchemaMap},
    {"definitions", Keyword::kSchemaMap},
    {"$defs", Keyword::kSchemaMap},
    {"dependentSchemas", Keyword::kSchemaMap},
    {"additionalProperties", Keyword::kSchema},
    {"unevaluatedProperties", Keyword::kSchema},
    {"unevaluatedItems", Keyword::kSchema},
    {"propertyNames", Keyword::kSchema},
    {"contains", Keyword::kSchema},
    {"additionalItems", Keyword::kSchema},
    {"not", Keyword::kSchema},
    {"if", Keyword::kSchema},
    {"then", Keyword::kSchema},
    {"else", Keyword::kSchema},
    {"items", Keyword::kSchemaOrList},
    {"prefixItems", Keyword::kSchemas},
    {"allOf", Keyword::kSchemas},
    {"anyOf", Keyword::kSchemas},
    {"oneOf", Keyword::kSchemas},
    {"required", Keyword::kStrings},
    {"enum", Keyword::kList},
    {"minimum", Keyword::kNumber},
    {"maximum", Keyword::kNumber},
    {"exclusiveMinimum", Keyword::kLimit},
    {"exclusiveMaximum", Keyword::kLimit},
    {"multipleOf", Keyword::kPositiveNumber},
    {"minLength", Keyword::kCount},
    {"maxLength", Keyword::kCount},
    {"minItems", Keyword::kCount},
    {"maxItems", Keyword::kCount},
    {"minProperties", Keyword::kCount},
    {"maxProperties", Keyword::kCount},
    {"uniqueItems", Keyword::kBoolean},
    {"pattern", Keyword::kString},
    {"format", Keyword::kString},
    {"title", Keyword::kString},
    {"description", Keyword::kString},
    {"$ref", Keyword::kString},
    {"$id", Keyword::kString},
    {"$schema", Keyword::kString},
};

constexpr std::array<std::string_view, 7> kTypeNames = {"array",  "boolean", "integer", "null",
                                                        "number", "object",  "string"};

bool is_number(const YamlNode& node) {
  return node.type == YamlType::kInteger || node.type == YamlType::kFloat;
}

bool is_positive(const YamlNode& node) {
  if (!is_number(node) || node.text[0] == '-') return false;
  if (node.type == YamlType::kInteger) return plain_integer(node.text) != 0;
  const std::string_view digits = node.text;
  return digits.substr(0, digits.find_first_of("eE")).find_first_of("123456789") !=
         std::string_view::npos;
}

void check_schema(const YamlValue& value, ProblemList& problems);

void check_schema_list(const YamlValue& value, ProblemList& problems) {
  const auto items = read_list(value, problems);
  if (!items) return;
  for (const YamlValue& item : *items) check_schema(item, problems);
}

void check_types(const YamlValue& value, ProblemList& problems) {
  if (value.node->type != YamlType::kList) {
    // `type: null` is what an author writes who means the type of that name.
    if (value.node->type == YamlType::kNull) {
      add_unexpected(value, "a type name; write \"null\" in quotes", problems);
    } else {
      read_choice(value, kTypeNames, problems);
    }
    return;
  }
  const auto items = read_list(value, problems);
  for (const YamlValue& item : *items) read_choice(item, kTypeNames, problems);
}

void expect(bool fits, const YamlValue& value, std::string_view expected, ProblemList& problems) {
  if (!fits) add_unexpected(value, expected, problems);
}

void check_keyword(Keyword kind, const YamlValue& value, ProblemList& problems) {
  const YamlNode& node = *value.node;
  switch (kind) {
    case Keyword::kSchema:
      return check_schema(value, problems);
    case Keyword::kSchemaOrList:
      return node.type == YamlType::kList ? check_schema_list(value, problems)
                                          : check_schema(value, problems);
    case Keyword::kSchemas:
      return check_schema_list(value, problems);
    case Keyword::kSchemaMap: {
      const auto entries = read_mapping(value, problems);
      if (!entries) return;
      for (const NamedValue& entry : *entries) check_schema(entry.value, problems);
      return;
    }
    case Keyword::kTypes:
      return check_types(value, problems);
    case Keyword::kStrings:
      // Draft 3 had a boolean here, and so have many hand-written schemas; say what is meant now.
      return node.type == YamlType::kList ? static_cast<void>(read_strings(value, problems))
                                          : add_unexpected(value, "a list of names", problems);
    case Keyword::kString:
      return static_cast<void>(read_string(value, problems));
    case Keyword::kList:
      return static_cast<void>(read_list(value, problems));
    case Keyword::kNumber:
      return expect(is_number(node), value, "a number", problems);
    case Keyword::kPositiveNumber:
      return expect(is_positive(node), value, "a number above 0", problems);
    case Keyword::kLimit:
      return expect(is_number(node) || node.type == YamlType::kBoolean, value, "a number",
                    problems);
    case Keyword::kCount:
      return expect(node.type == YamlType::kInteger && node.text[0] != '-', value,
                    "an integer from 0", problems);
    case Keyword::kBoolean:
      return static_cast<void>(read_boolean(value, problems));
  }
}

void check_schema(const YamlValue& value, ProblemList& problems) {
  if (value.node->type == YamlType::kBoolean) return;
  const auto entries = read_mapping(value, problems);
  if (!entries) return;
  for (const NamedValue& entry : *entries) {
    const auto* const rule =
        std::find_if(std::begin(kKeywords), std::end(kKeywords),
                     [&entry](const KeywordRule& known) { return known.name == entry.name; });
    if (rule != std::end(kKeywords)) check_keyword(rule->kind, entry.value, problems);
  }
}

}  // namespace

std::optional<std::string> read_json_schema(const YamlValue& value, ProblemList& problems) {
  auto json = read_object_json(value, problems);
  if (json) check_schema(value, problems);
  return json;
}

}  // namespace tasker::engine
