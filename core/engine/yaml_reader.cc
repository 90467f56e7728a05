#include "core/engine/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/base/json.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "core/engine/yaml_scalar.h"

namespace tasker::engine {
namespace {

struct Length {
  std::size_t characters = 0;
  bool has_control = false;
};

Length measure(std::string_view text) {
  Length length;
  for (std::size_t at = 0; at < text.size(); ++length.characters) {
    const base::Utf8Step step = base::utf8_at(text, at);
    if (step.code < 0x20 || (step.code >= 0x7F && step.code < 0xA0)) length.has_control = true;
    at += step.bytes;
  }
  return length;
}

std::string hint(std::string_view name, std::span<const std::string_view> candidates,
                 const ProblemList& problems) {
  if (problems.full()) return {};
  const auto nearest = base::nearest_name(name, candidates);
  return nearest ? fmt::format("; did you mean `{}`?", *nearest) : std::string();
}

/// Writes JSON; the path is extended on the way down and cut on the way up, so that it costs
/// nothing without a problem to report.
class JsonWriter {
 public:
  JsonWriter(std::string path, ProblemList& problems)
      : path_(std::move(path)), problems_(problems) {}

  void write(const YamlNode& node) {
    switch (node.type) {
      case YamlType::kNull:
        json_ += "null";
        return;
      case YamlType::kBoolean:
        json_ += plain_boolean(node.text) ? "true" : "false";
        return;
      case YamlType::kInteger:
        write_integer(node);
        return;
      case YamlType::kFloat:
      case YamlType::kNotFinite:
        write_float(node);
        return;
      case YamlType::kString:
        base::append_json_string(json_, node.text);
        return;
      case YamlType::kList:
        write_list(node);
        return;
      case YamlType::kMapping:
        write_mapping(node);
        return;
    }
  }

  std::string take() { return std::move(json_); }

 private:
  void write_integer(const YamlNode& node) {
    if (const auto integer = plain_integer(node.text)) {
      json_ += std::to_string(*integer);
      return;
    }
    problems_.add(node.line, path_,
                  fmt::format("integer {} does not fit into 64 bits; quote it to keep it as text",
                              base::shown(node.text)));
  }

  void write_float(const YamlNode& node) {
    const auto number = node.type == YamlType::kFloat ? plain_float_json(node.text) : std::nullopt;
    if (number) {
      json_ += *number;
      return;
    }
    problems_.add(node.line, path_,
                  fmt::format("JSON can not carry the number {}", base::shown(node.text)));
  }

  void write_list(const YamlNode& node) {
    const std::size_t parent = path_.size();
    json_ += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) json_ += ',';
      path_ = item_path(path_, i);
      write(*node.items[i]);
      path_.resize(parent);
    }
    json_ += ']';
  }

  void write_mapping(const YamlNode& node) {
    const std::size_t parent = path_.size();
    json_ += '{';
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      if (i > 0) json_ += ',';
      path_ = member_path(path_, node.entries[i].key);
      base::append_json_string(json_, node.entries[i].key);
      json_ += ':';
      write(*node.entries[i].value);
      path_.resize(parent);
    }
    json_ += '}';
  }

  std::string path_;
  std::string json_;
  ProblemList& problems_;
};

}  // namespace

std::string describe(const YamlNode& node) {
  switch (node.type) {
    case YamlType::kNull:
      return "null";
    case YamlType::kBoolean:
      return "the boolean " + node.text;
    case YamlType::kInteger:
      return "the integer " + base::shown(node.text);
    case YamlType::kFloat:
    case YamlType::kNotFinite:
      return "the number " + base::shown(node.text);
    case YamlType::kString:
      return "the string `" + base::shown(node.text) + "`";
    case YamlType::kList:
      return "a list";
    case YamlType::kMapping:
      return "a mapping";
  }
  return "an unknown value";
}

void add_unexpected(const YamlValue& value, std::string_view expected, ProblemList& problems) {
  problems.add(value.line(), value.path,
               fmt::format("expected {}, got {}", expected, describe(*value.node)));
}

std::string listed(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

std::optional<std::string> read_string(const YamlValue& value, ProblemList& problems) {
  if (value.node->type == YamlType::kString) return value.node->text;
  const bool scalar = value.node->type != YamlType::kNull && value.node->type != YamlType::kList &&
                      value.node->type != YamlType::kMapping;
  add_unexpected(value,
                 scalar ? "a string (in quotes, when it looks like something else)" : "a string",
                 problems);
  return std::nullopt;
}

std::optional<std::string> read_name(const YamlValue& value, std::size_t length_max,
                                     ProblemList& problems) {
  auto text = read_string(value, problems);
  if (!text) return std::nullopt;
  const Length length = measure(*text);
  if (length.characters >= 1 && length.characters <= length_max && !length.has_control) return text;
  if (length.has_control) {
    problems.add(value.line(), value.path,
                 fmt::format("`{}` has control characters, expected none", base::shown(*text)));
  } else {
    problems.add(value.line(), value.path,
                 fmt::format("`{}` has {} characters, expected 1 to {}", base::shown(*text),
                             length.characters, length_max));
  }
  return std::nullopt;
}

std::optional<bool> read_boolean(const YamlValue& value, ProblemList& problems) {
  if (value.node->type == YamlType::kBoolean) return plain_boolean(value.node->text);
  add_unexpected(value, "true or false", problems);
  return std::nullopt;
}

std::optional<std::uint32_t> read_number(const YamlValue& value, std::uint32_t min,
                                         std::uint32_t max, ProblemList& problems) {
  if (value.node->type == YamlType::kInteger) {
    const auto number = plain_integer(value.node->text);
    if (number && *number >= min && *number <= max) return static_cast<std::uint32_t>(*number);
  }
  add_unexpected(value, fmt::format("an integer from {} to {}", min, max), problems);
  return std::nullopt;
}

std::optional<std::string> read_choice(const YamlValue& value,
                                       std::span<const std::string_view> choices,
                                       ProblemList& problems) {
  if (value.node->type == YamlType::kString) {
    if (std::find(choices.begin(), choices.end(), value.node->text) != choices.end()) {
      return value.node->text;
    }
    problems.add(
        value.line(), value.path,
        fmt::format("expected {}, got `{}`{}", listed(choices), base::shown(value.node->text),
                    hint(value.node->text, choices, problems)));
    return std::nullopt;
  }
  add_unexpected(value, listed(choices), problems);
  return std::nullopt;
}

std::optional<std::vector<YamlValue>> read_list(const YamlValue& value, ProblemList& problems) {
  if (value.node->type != YamlType::kList) {
    add_unexpected(value, "a list", problems);
    return std::nullopt;
  }
  std::vector<YamlValue> items;
  items.reserve(value.node->items.size());
  for (const YamlNode* item : value.node->items) {
    items.push_back({item, item_path(value.path, items.size())});
  }
  return items;
}

std::optional<std::vector<std::string>> read_strings(const YamlValue& value,
                                                     ProblemList& problems) {
  const auto items = read_list(value, problems);
  if (!items) return std::nullopt;
  std::vector<std::string> strings;
  for (const YamlValue& item : *items) {
    if (auto text = read_string(item, problems)) strings.push_back(std::move(*text));
  }
  return strings;
}

std::optional<std::string> read_object_json(const YamlValue& value, ProblemList& problems) {
  if (value.node->type != YamlType::kMapping) {
    add_unexpected(value, "a mapping", problems);
    return std::nullopt;
  }
  return read_json(value, problems);
}

std::string read_json(const YamlValue& value, ProblemList& problems) {
  JsonWriter writer(value.path, problems);
  writer.write(*value.node);
  return writer.take();
}

std::optional<std::vector<NamedValue>> read_mapping(const YamlValue& value, ProblemList& problems) {
  if (value.node->type != YamlType::kMapping) {
    add_unexpected(value, "a mapping", problems);
    return std::nullopt;
  }
  std::vector<NamedValue> entries;
  std::unordered_set<std::string_view> seen;
  for (const YamlNode::Entry& entry : value.node->entries) {
    if (!seen.insert(entry.key).second) continue;
    entries.push_back({entry.key, {entry.value, member_path(value.path, entry.key)}});
  }
  return entries;
}

FieldReader::FieldReader(const YamlValue& mapping, std::span<const std::string_view> known,
                         ProblemList& problems)
    : mapping_(mapping), problems_(problems) {
  if (!is_mapping()) {
    add_unexpected(mapping, "a mapping", problems);
    return;
  }
  for (const YamlNode::Entry& entry : mapping.node->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string near = hint(entry.key, known, problems);
    problems.add_unknown_field(
        entry.line, member_path(mapping.path, entry.key),
        "unknown field" + (near.empty() ? "; expected " + listed(known) : near));
  }
}

std::optional<YamlValue> FieldReader::find(std::string_view name, Need need) const {
  const auto& entries = mapping_.node->entries;
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const auto& entry) { return entry.key == name; });
  if (found == entries.end()) {
    if (need == Need::kRequired && is_mapping()) {
      problems_.add(mapping_.line(), member_path(mapping_.path, name),
                    "missing; the field is required");
    }
    return std::nullopt;
  }
  if (need == Need::kNullable && found->value->type == YamlType::kNull) return std::nullopt;
  return YamlValue{found->value, member_path(mapping_.path, name)};
}

std::optional<std::string> FieldReader::string(std::string_view name, Need need) const {
  const auto value = find(name, need);
  return value ? read_string(*value, problems_) : std::nullopt;
}

std::optional<std::string> FieldReader::name(std::string_view name, Need need,
                                             std::size_t length_max) const {
  const auto value = find(name, need);
  return value ? read_name(*value, length_max, problems_) : std::nullopt;
}

std::optional<bool> FieldReader::boolean(std::string_view name, Need need) const {
  const auto value = find(name, need);
  return value ? read_boolean(*value, problems_) : std::nullopt;
}

std::optional<std::uint32_t> FieldReader::number(std::string_view name, Need need,
                                                 std::uint32_t min, std::uint32_t max) const {
  const auto value = find(name, need);
  return value ? read_number(*value, min, max, problems_) : std::nullopt;
}

std::optional<std::string> FieldReader::choice(std::string_view name, Need need,
                                               std::span<const std::string_view> choices) const {
  const auto value = find(name, need);
  return value ? read_choice(*value, choices, problems_) : std::nullopt;
}

std::optional<std::string> FieldReader::object_json(std::string_view name, Need need) const {
  const auto value = find(name, need);
  return value ? read_object_json(*value, problems_) : std::nullopt;
}

std::optional<std::vector<YamlValue>> FieldReader::list(std::string_view name, Need need) const {
  const auto value = find(name, need);
  return value ? read_list(*value, problems_) : std::nullopt;
}

}  // namespace tasker::engine
