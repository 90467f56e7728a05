// How valijson looks at strings: by our patterns and formats. Its own way is std::regex, whose
// memory on the stack and whose time nothing bounds, and which throws in a process that exports a
// C++ library of its own, as Node does. Private to json_schema.cc, the one place where valijson's
// visitors are made.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/adapters/std_string_adapter.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validation_visitor.hpp>
#include <vector>

#include "core/base/json_schema_check.h"
#include "core/base/text_format.h"

namespace tasker::base {

/// valijson's way to a value: `<root>`, `[items]`, `[0]`.
using ValuePath = std::vector<std::string>;

/// A search took too long.
class SearchGivenUp : public std::runtime_error {
 public:
  SearchGivenUp(const std::string& what, ValuePath where)
      : std::runtime_error(what), where_(std::move(where)) {}
  const ValuePath& where() const { return where_; }

 private:
  ValuePath where_;
};

/// The searches of one validation. valijson hands its cache of compiled expressions on to every
/// visitor it makes; that cache is this, stays empty, and leads them to the schema's patterns.
class PatternSearch : public std::unordered_map<std::string, std::regex> {
 public:
  /// Borrows the schema's patterns.
  explicit PatternSearch(const PatternMap& patterns) : patterns_(patterns) {}

  /// Whether `pattern`, one of the schema's, fits somewhere in `text`, which is at `where` (its
  /// value, if it is a name). Throws SearchGivenUp.
  bool finds(std::string_view pattern, std::string_view text, const ValuePath& where) {
    const auto entry = patterns_.find(pattern);
    if (entry == patterns_.end()) throw std::logic_error("a pattern was not compiled");
    // Few searches may take far more steps than they usually need, so that all of a document take
    // a time that grows with its size.
    const std::size_t usual_steps = 1'000 + 100 * text.size();
    auto found = entry->second.search(
        text, static_cast<std::uint32_t>(std::min<std::size_t>(usual_steps, Pattern::kStepsMax)));
    if (found == Pattern::Found::kGaveUp && long_searches_left_ > 0) {
      --long_searches_left_;
      found = entry->second.search(text);
    }
    if (found == Pattern::Found::kGaveUp)
      throw SearchGivenUp(fmt::format("is {} bytes, in which to search for the pattern {} takes "
                                      "too long",
                                      text.size(), shown(pattern)),
                          where);
    return found == Pattern::Found::kYes;
  }

 private:
  const PatternMap& patterns_;
  int long_searches_left_ = 16;
};

/// The constraint `pattern`; other values than strings fit it.
template <class Value>
bool fits_pattern(const Value& value, const valijson::constraints::PatternConstraint& constraint,
                  PatternSearch& search, const ValuePath& where,
                  valijson::ValidationResults* results) {
  if (!value.isString()) return true;
  const auto pattern = constraint.template getPattern<std::allocator<char>>();
  if (search.finds(pattern, value.asString(), where)) return true;
  if (results != nullptr)
    results->pushError(where, fmt::format("does not fit the pattern {}", shown(pattern)));
  return false;
}

/// The constraint `format`; other values than strings fit it.
template <class Value>
bool fits_format(const Value& value, const valijson::constraints::FormatConstraint& constraint,
                 const ValuePath& where, valijson::ValidationResults* results) {
  if (!value.isString() || has_format(value.asString(), constraint.getFormat())) return true;
  if (results != nullptr)
    results->pushError(where, fmt::format("is not a {}", shown(constraint.getFormat())));
  return false;
}

}  // namespace tasker::base

// Members of valijson's template, specialised for the two kinds of values that it visits: JSON, and
// names of properties.
namespace valijson {

using JsonValue = adapters::NlohmannJsonAdapter;
using NameValue = adapters::StdStringAdapter;

template <>
inline bool ValidationVisitor<JsonValue>::visit(const PatternConstraint& constraint) {
  return tasker::base::fits_pattern(m_target, constraint,
                                    static_cast<tasker::base::PatternSearch&>(m_regexesCache),
                                    m_context, m_results);
}

template <>
inline bool ValidationVisitor<NameValue>::visit(const PatternConstraint& constraint) {
  return tasker::base::fits_pattern(m_target, constraint,
                                    static_cast<tasker::base::PatternSearch&>(m_regexesCache),
                                    m_context, m_results);
}

template <>
inline bool ValidationVisitor<JsonValue>::visit(const FormatConstraint& constraint) {
  return tasker::base::fits_format(m_target, constraint, m_context, m_results);
}

template <>
inline bool ValidationVisitor<NameValue>::visit(const FormatConstraint& constraint) {
  return tasker::base::fits_format(m_target, constraint, m_context, m_results);
}

/// One entry of `patternProperties` for all properties of an object; whether to look at the next.
template <>
template <typename Text>
bool ValidationVisitor<JsonValue>::ValidatePatternPropertySubschemas::operator()(
    const Text& pattern, const Subschema* subschema) const {
  auto& search = static_cast<tasker::base::PatternSearch&>(m_regexesCache);
  for (const JsonValue::ObjectMember member : m_object) {
    if (!search.finds(pattern.c_str(), member.first, m_context)) continue;
    m_propertiesMatched->insert(member.first);
    std::vector<std::string> where = m_context;
    where.push_back("[" + member.first + "]");
    ValidationVisitor visitor(member.second, std::move(where), m_strictTypes, m_results,
                              m_regexesCache);
    if (visitor.validateSchema(*subschema)) continue;
    *m_validated = false;
    return false;
  }
  return true;
}

/// A name has no properties.
template <>
template <typename Text>
bool ValidationVisitor<NameValue>::ValidatePatternPropertySubschemas::operator()(
    const Text& /*pattern*/, const Subschema* /*subschema*/) const {
  return true;
}

}  // namespace valijson
