// JSON as the vectors need it: every text that JSON.stringify writes can be held, also halves of
// surrogate pairs and numbers of any size, which no JSON library of the project takes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace tasker::contract {

/// One JSON value. Threads: as any value.
struct JsonValue {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool truth = false;
  /// A number as it is written, or a string in UTF-8, in which half of a surrogate pair has the
  /// three bytes that its number would have.
  std::string text = {};
  std::vector<JsonValue> items = {};
  std::vector<std::pair<std::string, JsonValue>> members = {};  ///< in their order

  static JsonValue null() { return {}; }
  static JsonValue boolean(bool truth) { return {.kind = Kind::kBoolean, .truth = truth}; }
  static JsonValue number(std::string text) {
    return {.kind = Kind::kNumber, .text = std::move(text)};
  }
  static JsonValue string(std::string text) {
    return {.kind = Kind::kString, .text = std::move(text)};
  }
  static JsonValue object() { return {.kind = Kind::kObject}; }

  bool is(Kind wanted) const { return kind == wanted; }
  double as_double() const;
  /// The member of an object, or null when there is none.
  const JsonValue* find(std::string_view name) const;
  /// Sets a member that is not there yet, or replaces it.
  void set(std::string_view name, JsonValue value);
};

/// Numbers by their value, members in any order.
bool operator==(const JsonValue& left, const JsonValue& right);

/// Exactly one document, nothing around it but blanks. INVALID_JSON with the byte at fault, also
/// for a member that is given twice.
base::Result<JsonValue> parse_json(std::string_view text);

/// Without spaces; halves of surrogate pairs as escapes.
std::string to_json(const JsonValue& value);

/// The place that `pointer` (RFC 6901) leads to, or null.
const JsonValue* at_pointer(const JsonValue& value, std::string_view pointer);

}  // namespace tasker::contract
