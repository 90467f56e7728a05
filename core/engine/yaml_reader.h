// Typed reading of a YAML tree: each reader checks type and limits, and adds a problem with line,
// field path and reason when the value does not fit.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/problem_list.h"
#include "core/engine/yaml_tree.h"

namespace tasker::engine {

/// A node and the path by which it was reached. Borrows from its tree.
struct YamlValue {
  const YamlNode* node = nullptr;
  std::string path;

  int line() const { return node->line; }
};

enum class Need : std::uint8_t {
  kRequired,
  kOptional,
  kNullable,  ///< optional, and null reads as absent
};

/// The fields of one mapping. Construction reports a value that is no mapping and every field that
/// is not in `known`. Borrows `problems` and the nodes. Threads: one.
class FieldReader {
 public:
  FieldReader(const YamlValue& mapping, std::span<const std::string_view> known,
              ProblemList& problems);
  FieldReader(const YamlValue& mapping, std::initializer_list<std::string_view> known,
              ProblemList& problems)
      : FieldReader(mapping, std::span(known.begin(), known.size()), problems) {}

  /// False: the value was no mapping, and all fields read as absent without a further problem.
  bool is_mapping() const { return mapping_.node->type == YamlType::kMapping; }

  /// nullopt when absent; for kRequired that is a problem.
  std::optional<YamlValue> find(std::string_view name, Need need) const;

  // A field that is there and fits, in one call.
  std::optional<std::string> string(std::string_view name, Need need) const;
  std::optional<std::string> name(std::string_view name, Need need, std::size_t length_max) const;
  std::optional<bool> boolean(std::string_view name, Need need) const;
  std::optional<std::uint32_t> number(std::string_view name, Need need, std::uint32_t min,
                                      std::uint32_t max) const;
  std::optional<std::string> choice(std::string_view name, Need need,
                                    std::span<const std::string_view> choices) const;
  std::optional<std::string> object_json(std::string_view name, Need need) const;
  std::optional<std::vector<YamlValue>> list(std::string_view name, Need need) const;

 private:
  YamlValue mapping_;
  ProblemList& problems_;
};

/// Any string.
std::optional<std::string> read_string(const YamlValue& value, ProblemList& problems);
/// A string of 1 to `length_max` characters without control characters.
std::optional<std::string> read_name(const YamlValue& value, std::size_t length_max,
                                     ProblemList& problems);
std::optional<bool> read_boolean(const YamlValue& value, ProblemList& problems);
std::optional<std::uint32_t> read_number(const YamlValue& value, std::uint32_t min,
                                         std::uint32_t max, ProblemList& problems);
/// One of `choices`; the problem lists them.
std::optional<std::string> read_choice(const YamlValue& value,
                                       std::span<const std::string_view> choices,
                                       ProblemList& problems);
std::optional<std::vector<YamlValue>> read_list(const YamlValue& value, ProblemList& problems);
/// A list of strings.
std::optional<std::vector<std::string>> read_strings(const YamlValue& value, ProblemList& problems);
/// A mapping as a JSON object.
std::optional<std::string> read_object_json(const YamlValue& value, ProblemList& problems);
/// Any value as JSON text without white space; mappings keep their order. Adds a problem for each
/// number that JSON can not carry.
std::string read_json(const YamlValue& value, ProblemList& problems);

/// Entries of a mapping as values; each key once, the first of duplicates.
struct NamedValue {
  std::string_view name;
  YamlValue value;
};
std::optional<std::vector<NamedValue>> read_mapping(const YamlValue& value, ProblemList& problems);

/// "the string `abc`", "a mapping", "null", …
std::string describe(const YamlNode& node);
/// "expected …, got …".
void add_unexpected(const YamlValue& value, std::string_view expected, ProblemList& problems);
/// "a, b or c".
std::string listed(std::span<const std::string_view> names);

}  // namespace tasker::engine
