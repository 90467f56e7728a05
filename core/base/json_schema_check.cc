#include "core/base/json_schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tasker::base {
namespace {

using nlohmann::json;

// How many schemas may apply to one value, one through the other: a validator's stack is this times
// the depth of the document.
constexpr int kInPlaceDepthMax = 16;

enum class Holds : std::uint8_t { kSchema, kSchemaOrList, kList, kMap };

struct Keyword {
  std::string_view name;
  Holds holds;
  bool in_place;  ///< applies to the same value, not to a part of it
};

constexpr std::array<Keyword, 19> kKeywords = {{
    {"allOf", Holds::kList, true},
    {"anyOf", Holds::kList, true},
    {"oneOf", Holds::kList, true},
    {"not", Holds::kSchema, true},
    {"if", Holds::kSchema, true},
    {"then", Holds::kSchema, true},
    {"else", Holds::kSchema, true},
    {"dependencies", Holds::kMap, true},
    {"items", Holds::kSchemaOrList, false},
    {"additionalItems", Holds::kSchema, false},
    {"contains", Holds::kSchema, false},
    {"properties", Holds::kMap, false},
    {"patternProperties", Holds::kMap, false},
    {"additionalProperties", Holds::kSchema, false},
    {"propertyNames", Holds::kSchema, false},
    {"definitions", Holds::kMap, false},
    {"$defs", Holds::kMap, false},
    {"extends", Holds::kSchemaOrList, true},
    {"disallow", Holds::kSchemaOrList, true},
}};

/// Calls `visit(schema, place, in_place)` for each schema that stands directly in `schema`.
template <class Visit>
void for_each_part(json& schema, const std::string& place, Visit visit) {
  for (const Keyword& keyword : kKeywords) {
    const auto found = schema.find(keyword.name);
    if (found == schema.end()) continue;
    const std::string at = fmt::format("{}/{}", place, keyword.name);
    if (found->is_array() && keyword.holds != Holds::kMap) {
      for (std::size_t i = 0; i < found->size(); ++i)
        visit((*found)[i], fmt::format("{}/{}", at, i), keyword.in_place);
    } else if (found->is_object() && keyword.holds == Holds::kMap) {
      for (auto& [name, part] : found->get_ref<json::object_t&>())
        visit(part, fmt::format("{}/{}", at, name), keyword.in_place);
    } else if (found->is_object()) {
      visit(*found, at, keyword.in_place);
    }
  }
}

class Checker {
 public:
  explicit Checker(json& root) : root_(root) {}

  Result<PatternMap> run() {
    pending_.push_back({&root_, ""});
    while (!pending_.empty()) {
      auto [schema, place] = std::move(pending_.back());
      pending_.pop_back();
      if (!schema->is_object() || !edges_.try_emplace(schema).second) continue;
      if (auto checked = check_one(*schema, place); !checked) return fail(checked.error());
    }
    for (const auto& [schema, edges] : edges_)
      if (depth_of(schema, 0) < 0)
        return refuse("", fmt::format("applies more than {} schemas to one value, or itself",
                                      kInPlaceDepthMax));
    for (json* const schema : named_) schema->erase("id");
    return std::move(patterns_);
  }

 private:
  static tl::unexpected<Error> refuse(std::string_view place, std::string_view what) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} {}", place.empty() ? "the schema" : place, what),
                std::string(place));
  }

  Status check_one(json& schema, const std::string& place) {
    if (const auto id = schema.find("id"); id != schema.end() && id->is_string())
      named_.push_back(&schema);
    if (const auto ref = schema.find("$ref"); ref != schema.end())
      return follow(schema, *ref, place + "/$ref");
    if (const auto pattern = schema.find("pattern");
        pattern != schema.end() && pattern->is_string())
      if (auto checked = check_pattern(pattern->get_ref<const std::string&>(), place + "/pattern");
          !checked)
        return checked;
    if (const auto patterns = schema.find("patternProperties");
        patterns != schema.end() && patterns->is_object())
      for (const auto& [pattern, part] : patterns->items())
        if (auto checked = check_pattern(pattern, place + "/patternProperties"); !checked)
          return checked;
    for_each_part(schema, place, [&](json& part, std::string at, bool in_place) {
      if (in_place) edges_[&schema].push_back(&part);
      pending_.push_back({&part, std::move(at)});
    });
    return {};
  }

  Status follow(const json& schema, const json& ref, const std::string& place) {
    const std::string* const text = ref.is_string() ? ref.get_ptr<const std::string*>() : nullptr;
    if (text == nullptr || !(*text == "#" || text->starts_with("#/")))
      return refuse(place, "is not `#` or `#/…`, a place in the same schema");
    json* target = nullptr;
    try {
      target = &root_.at(json::json_pointer(text->substr(1)));
    } catch (const json::exception&) {
      return refuse(place, "leads to nothing in the schema");
    }
    edges_[&schema].push_back(target);
    pending_.push_back({target, text->substr(1)});
    return {};
  }

  Status check_pattern(const std::string& pattern, const std::string& place) {
    // valijson keeps patterns as C strings.
    if (pattern.find('\0') != std::string::npos)
      return refuse(place, "has a zero byte, for which to write \\u0000");
    auto compiled = Pattern::compile(pattern);
    if (!compiled)
      return refuse(place, fmt::format("is not a regular expression that can be used: {}",
                                       compiled.error().message));
    patterns_.emplace(pattern, std::move(*compiled));
    return {};
  }

  /// How many schemas apply to a value through this one; -1 for too many.
  int depth_of(const json* schema, int level) {
    if (level > kInPlaceDepthMax) return -1;
    const auto [known, added] = depths_.try_emplace(schema, -1);  // -1: below itself
    if (!added) return known->second;
    int deepest = 0;
    const auto edges = edges_.find(schema);
    if (edges != edges_.end()) {
      for (const json* const next : edges->second) {
        const int below = depth_of(next, level + 1);
        if (below < 0) return -1;
        deepest = std::max(deepest, below + 1);
      }
    }
    if (deepest > kInPlaceDepthMax) return -1;
    depths_[schema] = deepest;
    return deepest;
  }

  json& root_;
  PatternMap patterns_;
  std::vector<std::pair<json*, std::string>> pending_;
  std::vector<json*> named_;  // have an `id`, which goes when nothing looks for it any more
  std::unordered_map<const json*, std::vector<const json*>> edges_;  // what applies in place
  std::unordered_map<const json*, int> depths_;
};

}  // namespace

Result<PatternMap> prepare_schema(json& schema) { return Checker(schema).run(); }

}  // namespace tasker::base
