// YAML text as a tree with line numbers. Built from yaml-cpp's events, so that an alias is a second
// pointer to one node and never a copy, and so that limits hold while the text is still being read.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/problem_list.h"
#include "core/engine/template_yaml.h"

namespace tasker::engine {

enum class YamlType : std::uint8_t {
  kNull,
  kBoolean,
  kInteger,
  kFloat,
  kNotFinite,  ///< .inf, -.inf, .nan
  kString,
  kList,
  kMapping,
};

struct YamlNode {
  struct Entry {
    std::string key;
    int line = 0;
    const YamlNode* value = nullptr;
  };

  YamlType type = YamlType::kNull;
  int line = 0;                        ///< 1-based
  std::string text;                    ///< of a scalar, as written but without quotes
  std::vector<const YamlNode*> items;  ///< of a list
  std::vector<Entry> entries;          ///< of a mapping, in the order of the text, keys not unique
};

/// Owns its nodes. A node may be the child of several others (aliases), but never of itself.
class YamlTree {
 public:
  /// Parses exactly one document. nullopt when the text can not be read to its end: it is too
  /// large, not UTF-8, not YAML, nested or expanded beyond the limits. Duplicate keys, keys that
  /// are no scalars, merge keys and tags are reported, too, and the tree is built without them.
  static std::optional<YamlTree> parse(std::string_view text, const TemplateLimits& limits,
                                       ProblemList& problems);

  const YamlNode& root() const { return *root_; }

 private:
  friend class YamlTreeBuilder;

  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
};

/// `field.key`, or `key` at the top.
std::string member_path(std::string_view parent, std::string_view key);
/// `field[index]`.
std::string item_path(std::string_view parent, std::size_t index);

}  // namespace tasker::engine
