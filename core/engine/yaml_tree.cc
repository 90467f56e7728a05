#include "core/engine/yaml_tree.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/base/utf8.h"
#include "core/engine/yaml_scalar.h"

namespace tasker::engine {
namespace {

/// More open brackets than this on one line make yaml-cpp look ahead with memory that is many times
/// the text.
constexpr std::size_t kOpenBracketsPerLineMax = 1000;

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
constexpr std::string_view kListTag = "tag:yaml.org,2002:seq";
constexpr std::string_view kMappingTag = "tag:yaml.org,2002:map";

/// Thrown to leave yaml-cpp's parser when no more is to be read; the problem has been added.
struct Stop {};

bool is_untagged(std::string_view tag) { return tag.empty() || tag == "?" || tag == "!"; }

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

int line_of_malformed_utf8(std::string_view text) {
  int line = 1;
  std::size_t at = 0;
  for (base::Utf8Step step = base::utf8_at(text, at); step.well_formed;
       step = base::utf8_at(text, at)) {
    if (step.code == U'\n') ++line;
    at += step.bytes;
  }
  return line;
}

/// What can be said before a parser sees the text. True when the parser may have it.
bool check_characters(std::string_view text, const TemplateLimits& limits, ProblemList& problems) {
  if (text.size() > limits.bytes_max) {
    problems.add(0, "",
                 fmt::format("the text has {} bytes, at most {} are allowed", text.size(),
                             limits.bytes_max));
    return false;
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    problems.add(line_of_malformed_utf8(text), "", "the text is not UTF-8");
    return false;
  }
  int line = 1;
  std::size_t open = 0;
  for (const char c : text) {
    if (is_forbidden_control(c)) {
      problems.add(line, "",
                   fmt::format("control character U+{:04X}, which YAML does not allow",
                               static_cast<unsigned>(static_cast<unsigned char>(c))));
      return false;
    }
    if (c == '\n') {
      ++line;
      open = 0;
    } else if (c == '[' || c == '{') {
      if (++open > kOpenBracketsPerLineMax) {
        problems.add(line, "",
                     fmt::format("nested too deep: over {} open brackets on one line",
                                 kOpenBracketsPerLineMax));
        return false;
      }
    } else if ((c == ']' || c == '}') && open > 0) {
      --open;
    }
  }
  return true;
}

/// Whether line `line` (1-based) is indented with a tab.
bool has_tab_indentation(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::size_t first = text.find_first_not_of(' ');
  return first != std::string_view::npos && text[first] == '\t';
}

void report_syntax(std::string_view text, const YAML::Exception& failure, ProblemList& problems) {
  const int line = failure.mark.is_null() ? 0 : failure.mark.line + 1;
  std::string reason = "not YAML: " + failure.msg;
  if (line > 0 && has_tab_indentation(text, line)) {
    reason += "; the line is indented with a tab, expected spaces";
  }
  problems.add(line, "", std::move(reason));
}

}  // namespace

std::string member_path(std::string_view parent, std::string_view key) {
  std::string path(parent);
  if (!path.empty()) path += '.';
  path += base::shown(key);
  return path;
}

std::string item_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

/// Turns yaml-cpp's events into nodes. Sizes and heights of anchored nodes are remembered, so that
/// an alias costs one addition whatever it stands for.
class YamlTreeBuilder final : public YAML::EventHandler {
 public:
  YamlTreeBuilder(YamlTree& tree, const TemplateLimits& limits, ProblemList& problems)
      : tree_(tree), limits_(limits), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    problems_.add(mark.line + 1, "",
                  "more text after the end of the document; a file holds exactly one template");
    throw Stop{};
  }
  void OnDocumentEnd() override { has_document_ = true; }

  /// Whether the first document was read to its end.
  bool has_document() const { return has_document_; }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode& node = make_node(mark, YamlType::kNull);
    // The mark of a value that is left out is the next token's.
    if (!open_.empty() && open_.back().key) node.line = open_.back().key->line;
    add_leaf(node, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode& node = make_node(mark, tag == "?" ? plain_scalar_type(value) : YamlType::kString);
    node.text = value;
    check_tag(node, tag, kStringTag);
    add_leaf(node, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      give_up(mark.line + 1, "the alias is inside of the value that it stands for");
    }
    const Anchored& anchored = found->second;
    count(mark.line + 1, anchored.nodes, anchored.bytes, anchored.height);
    raise(anchored.height + 1);
    place(*anchored.node, mark.line + 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    YamlNode& node = make_node(mark, YamlType::kList);
    check_tag(node, tag, kListTag);
    open(node, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    YamlNode& node = make_node(mark, YamlType::kMapping);
    check_tag(node, tag, kMappingTag);
    open(node, anchor);
  }
  void OnMapEnd() override {
    check_duplicate_keys(*open_.back().node);
    close();
  }

 private:
  struct Anchored {
    const YamlNode* node = nullptr;
    std::size_t nodes = 0;   ///< with all that it contains, aliases expanded
    std::size_t bytes = 0;   ///< of all scalars in it
    std::size_t height = 0;  ///< 0 for a scalar
  };

  struct Open {
    YamlNode* node = nullptr;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    std::size_t bytes_before = 0;
    std::size_t height = 0;              ///< of the highest child, plus one
    std::optional<YamlNode::Entry> key;  ///< of a mapping: waits for its value
    bool drop_value = false;             ///< the key was refused
  };

  YamlNode& make_node(const YAML::Mark& mark, YamlType type) {
    YamlNode& node = tree_.nodes_.emplace_back();
    node.type = type;
    node.line = mark.line + 1;
    return node;
  }

  [[noreturn]] void give_up(int line, std::string reason) {
    problems_.add(line, path(), std::move(reason));
    throw Stop{};
  }

  /// Accounts for `nodes` more nodes with `bytes` of scalars that are `height` levels high.
  void count(int line, std::size_t nodes, std::size_t bytes, std::size_t height) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > limits_.nodes_max) {
      give_up(line, fmt::format("over {} values, aliases expanded", limits_.nodes_max));
    }
    // Escapes such as \L can make a scalar longer than its text, by less than this factor.
    if (bytes_ > 2 * limits_.bytes_max) {
      give_up(line, fmt::format("aliases expand the text to over {} bytes", 2 * limits_.bytes_max));
    }
    if (open_.size() + height > limits_.depth_max) {
      give_up(line, fmt::format("nested deeper than {} levels", limits_.depth_max));
    }
  }

  void add_leaf(const YamlNode& node, YAML::anchor_t anchor) {
    count(node.line, 1, node.text.size(), 0);
    if (anchor != 0) anchors_[anchor] = {&node, 1, node.text.size(), 0};
    place(node, node.line);
  }

  void open(YamlNode& node, YAML::anchor_t anchor) {
    const std::size_t nodes_before = nodes_;
    count(node.line, 1, 0, 1);
    open_.push_back({&node, anchor, nodes_before, bytes_, 1, std::nullopt, false});
  }

  void close() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) {
      anchors_[done.anchor] = {done.node, nodes_ - done.nodes_before, bytes_ - done.bytes_before,
                               done.height};
    }
    raise(done.height + 1);
    place(*done.node, done.node->line);
  }

  /// The value that is open is at least `height` levels high.
  void raise(std::size_t height) {
    if (!open_.empty()) open_.back().height = std::max(open_.back().height, height);
  }

  /// Makes `node` the root, an item, a key or a value of what is open.
  void place(const YamlNode& node, int line) {
    if (open_.empty()) {
      tree_.root_ = &node;
      return;
    }
    Open& parent = open_.back();
    if (parent.node->type == YamlType::kList) {
      parent.node->items.push_back(&node);
    } else if (parent.key) {
      parent.key->value = &node;
      if (!parent.drop_value) parent.node->entries.push_back(std::move(*parent.key));
      parent.key.reset();
      parent.drop_value = false;
    } else {
      take_key(parent, node, line);
    }
  }

  void take_key(Open& parent, const YamlNode& node, int line) {
    const bool scalar = node.type != YamlType::kList && node.type != YamlType::kMapping;
    std::string_view refusal;
    if (!scalar || node.type == YamlType::kNull) {
      refusal = "the key of a mapping is not a scalar; expected a name";
    } else if (node.text == "<<") {
      refusal = "merge keys (`<<`) are not supported; repeat the fields or alias a whole value";
    }
    if (!refusal.empty()) problems_.add(line, path(), std::string(refusal));
    parent.drop_value = !refusal.empty();
    parent.key = YamlNode::Entry{node.text, line, nullptr};
  }

  void check_tag(const YamlNode& node, std::string_view tag, std::string_view allowed) {
    if (is_untagged(tag) || tag == allowed) return;
    problems_.add(node.line, path(),
                  fmt::format("tag `{}` is not supported; remove it", base::shown(tag)));
  }

  void check_duplicate_keys(const YamlNode& mapping) {
    if (mapping.entries.size() < 2) return;
    std::unordered_map<std::string_view, int> lines;
    lines.reserve(mapping.entries.size());
    for (const YamlNode::Entry& entry : mapping.entries) {
      const auto [first, is_new] = lines.try_emplace(entry.key, entry.line);
      if (is_new) continue;
      problems_.add(entry.line, member_path(path(), entry.key),
                    fmt::format("duplicate key; it is given first on line {}", first->second));
    }
  }

  /// Path of the value that comes next.
  std::string path() const {
    std::string path;
    for (const Open& level : open_) {
      if (level.node->type == YamlType::kList) {
        path = item_path(path, level.node->items.size());
      } else if (level.key) {
        path = member_path(path, level.key->key);
      }
    }
    return path;
  }

  YamlTree& tree_;
  const TemplateLimits& limits_;
  ProblemList& problems_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  int documents_ = 0;
  bool has_document_ = false;
};

std::optional<YamlTree> YamlTree::parse(std::string_view text, const TemplateLimits& limits,
                                        ProblemList& problems) {
  if (!check_characters(text, limits, problems)) return std::nullopt;
  YamlTree tree;
  YamlTreeBuilder builder(tree, limits, problems);
  std::string input(text);
  // yaml-cpp lets a quoted scalar end silently when the text ends with a line break; it sees the
  // missing quote when a comment follows.
  if (input.ends_with('\n') || input.ends_with('\r')) input += '#';
  try {
    std::istringstream stream(std::move(input));
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const Stop&) {
    if (!builder.has_document()) return std::nullopt;
  } catch (const YAML::Exception& failure) {
    report_syntax(text, failure, problems);
    if (!builder.has_document()) return std::nullopt;
  }
  if (tree.root_ == nullptr || tree.root_->type == YamlType::kNull) {
    problems.add(0, "", "the text is empty; expected a task template");
    return std::nullopt;
  }
  return tree;
}

}  // namespace tasker::engine
