#include "tests/contract/schema_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace tasker::contract {

using base::fail;
using base::Result;
using Kind = JsonValue::Kind;

namespace {

// The matcher of the standard library recurses with the length; what has a pattern is short.
constexpr std::size_t kMatchedBytesMax = 1000;

bool has_type(const JsonValue& value, std::string_view type) {
  switch (value.kind) {
    case Kind::kNull:
      return type == "null";
    case Kind::kBoolean:
      return type == "boolean";
    case Kind::kNumber:
      return type == "number" ||
             (type == "integer" && value.text.find_first_of(".eE") == std::string::npos);
    case Kind::kString:
      return type == "string";
    case Kind::kArray:
      return type == "array";
    case Kind::kObject:
      return type == "object";
  }
  return false;
}

bool has_one_type(const JsonValue& value, const JsonValue& rule) {
  if (rule.is(Kind::kString)) return has_type(value, rule.text);
  return std::any_of(rule.items.begin(), rule.items.end(),
                     [&](const JsonValue& type) { return has_type(value, type.text); });
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

bool matches(const std::string& text, const std::string& pattern) {
  return text.size() <= kMatchedBytesMax && std::regex_search(text, std::regex(pattern));
}

std::string said(const std::string& path, std::string_view what, const JsonValue& value) {
  return fmt::format("{}: {}, got {}", path.empty() ? "/" : path, what,
                     to_json(value).substr(0, 200));
}

}  // namespace

Result<SchemaSet> SchemaSet::load(const std::string& folder) {
  SchemaSet set;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    auto schema = parse_json(text);
    if (!schema) return fail(schema.error());
    set.files_.emplace(entry.path().stem().string(), std::move(*schema));
  }
  if (set.files_.empty())
    return fail(base::ErrorCode::kNOT_FOUND, folder + " has no schemas", "folder");
  return set;
}

std::string SchemaSet::mismatch(std::string_view shape, const JsonValue& value) const {
  const bool is_list = shape.ends_with("[]");
  if (is_list) shape.remove_suffix(2);
  const auto file = files_.find(shape);
  if (file == files_.end()) return fmt::format("there is no shape {}", shape);
  const Place place{&file->second, std::string(shape)};
  if (!is_list) return check(place, value, "");
  if (!value.is(Kind::kArray)) return said("", "an array is expected", value);
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (auto wrong = check(place, value.items[i], fmt::format("/{}", i)); !wrong.empty())
      return wrong;
  }
  return {};
}

SchemaSet::Place SchemaSet::resolve(const Place& from, std::string_view reference) const {
  const std::size_t hash = reference.find('#');
  std::string_view file = reference.substr(0, hash);
  if (file.ends_with(".json")) file.remove_suffix(5);
  Place to{nullptr, file.empty() ? from.file : std::string(file)};
  const auto known = files_.find(to.file);
  if (known == files_.end()) return to;
  to.schema =
      at_pointer(known->second, hash == std::string_view::npos ? "" : reference.substr(hash + 1));
  return to;
}

std::string SchemaSet::check(const Place& place, const JsonValue& value,
                             const std::string& path) const {
  if (place.schema == nullptr) return path + ": the shape refers to nothing";
  if (place.schema->is(Kind::kBoolean))
    return place.schema->truth ? std::string() : said(path, "nothing is allowed here", value);
  for (const auto& [keyword, rule] : place.schema->members) {
    if (auto wrong = check_keyword(place, keyword, rule, value, path); !wrong.empty()) return wrong;
  }
  return value.is(Kind::kObject) ? check_object(place, value, path) : std::string();
}

std::string SchemaSet::check_keyword(const Place& place, std::string_view keyword,
                                     const JsonValue& rule, const JsonValue& value,
                                     const std::string& path) const {
  constexpr std::string_view kElsewhere[] = {"$schema",    "$id",      "$defs",
                                             "title",      "examples", "default",
                                             "properties", "required", "additionalProperties",
                                             "description"};
  if (std::find(std::begin(kElsewhere), std::end(kElsewhere), keyword) != std::end(kElsewhere))
    return {};
  if (keyword == "$ref") return check(resolve(place, rule.text), value, path);
  if (keyword == "type")
    return has_one_type(value, rule) ? "" : said(path, "expected type " + to_json(rule), value);
  if (keyword == "const") return value == rule ? "" : said(path, to_json(rule), value);
  if (keyword == "enum")
    return std::find(rule.items.begin(), rule.items.end(), value) != rule.items.end()
               ? ""
               : said(path, "one of " + to_json(rule), value);
  if (keyword == "anyOf") {
    std::string reasons;
    for (const JsonValue& choice : rule.items) {
      auto wrong = check({&choice, place.file}, value, path);
      if (wrong.empty()) return {};
      reasons += "\n  " + wrong;
    }
    return said(path, "none of the shapes fits", value) + reasons;
  }
  if (keyword == "minimum" || keyword == "maximum") {
    if (!value.is(Kind::kNumber)) return {};
    const bool fits = keyword == "minimum" ? value.as_double() >= rule.as_double()
                                           : value.as_double() <= rule.as_double();
    return fits ? "" : said(path, fmt::format("{} {}", keyword, rule.text), value);
  }
  if (keyword == "items") {
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      auto wrong = check({&rule, place.file}, value.items[i], fmt::format("{}/{}", path, i));
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  if (keyword == "not")
    return check({&rule, place.file}, value, path).empty()
               ? said(path, "what is not allowed", value)
               : std::string();
  if (keyword == "maxItems" || keyword == "uniqueItems")
    return check_array(keyword, rule, value, path);
  return check_string(keyword, rule, value, path);
}

std::string SchemaSet::check_array(std::string_view keyword, const JsonValue& rule,
                                   const JsonValue& value, const std::string& path) const {
  if (keyword == "maxItems")
    return static_cast<double>(value.items.size()) <= rule.as_double()
               ? ""
               : said(path, "at most " + rule.text, value);
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (std::find(value.items.begin(), value.items.begin() + static_cast<std::ptrdiff_t>(i),
                  value.items[i]) != value.items.begin() + static_cast<std::ptrdiff_t>(i))
      return said(path, "each once", value);
  }
  return {};
}

std::string SchemaSet::check_string(std::string_view keyword, const JsonValue& rule,
                                    const JsonValue& value, const std::string& path) const {
  if (keyword != "pattern" && keyword != "minLength" && keyword != "maxLength")
    return fmt::format("{}: the runner does not know the keyword {}", path, keyword);
  if (!value.is(Kind::kString)) return {};
  const auto length = static_cast<double>(character_count(value.text));
  const bool fits = keyword == "pattern"     ? matches(value.text, rule.text)
                    : keyword == "minLength" ? length >= rule.as_double()
                                             : length <= rule.as_double();
  return fits ? "" : said(path, fmt::format("{} {}", keyword, rule.text), value);
}

std::string SchemaSet::check_object(const Place& place, const JsonValue& value,
                                    const std::string& path) const {
  const JsonValue* const properties = place.schema->find("properties");
  const JsonValue* const required = place.schema->find("required");
  const JsonValue* const additional = place.schema->find("additionalProperties");
  if (required != nullptr) {
    for (const JsonValue& name : required->items) {
      if (value.find(name.text) == nullptr) return said(path, name.text + " is missing", value);
    }
  }
  for (const auto& [name, member] : value.members) {
    const JsonValue* schema = properties == nullptr ? nullptr : properties->find(name);
    if (schema == nullptr) schema = additional;
    if (schema == nullptr) continue;
    auto wrong = check({schema, place.file}, member, path + "/" + name);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace tasker::contract
