// What stands in a vector for a value: captured names, texts made of pieces, and matchers
// (contract/README.md).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/contract/json_value.h"
#include "tests/contract/schema_set.h"

namespace tasker::contract {

/// What was captured under each name.
using Captures = std::map<std::string, JsonValue, std::less<>>;

/// `value` with what `$name` and `$string` stand for.
JsonValue resolved(const JsonValue& value, const Captures& captures);

/// The pieces of a `$string` or `$text` joined: a string, or an array of strings and repetitions.
std::string joined(const JsonValue& pieces, const Captures& captures);

/// An argument that a door takes as text: `$text` as it is, null as no text, others as JSON.
struct TextArgument {
  bool is_null = false;
  std::string text = {};
};
TextArgument json_argument(const JsonValue& argument, const Captures& captures);

/// Compares answers with what is expected of them. Borrows both.
class Matcher {
 public:
  Matcher(const SchemaSet& schemas, const Captures& captures)
      : schemas_(schemas), captures_(captures) {}

  /// Why `value` is not what is expected, or an empty text.
  std::string mismatch(const JsonValue& expected, const JsonValue& value,
                       const std::string& path = "") const;

 private:
  std::string mismatch_members(const JsonValue& expected, const JsonValue& value,
                               const std::string& path) const;
  std::string mismatch_matcher(std::string_view name, const JsonValue& operand,
                               const JsonValue& value, const std::string& path) const;
  std::string mismatch_contained(const JsonValue& operand, const JsonValue& value,
                                 const std::string& path) const;

  const SchemaSet& schemas_;
  const Captures& captures_;
};

}  // namespace tasker::contract
