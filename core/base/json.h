// Checks of JSON text, and writing of it.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tasker::base {

struct JsonLimits {
  std::size_t bytes_max = 16U << 20;
  std::uint32_t depth_max = 128;  ///< objects and lists inside each other; 0 allows scalars alone
};

/// OK when `text` is exactly one JSON document (RFC 8259) in UTF-8 within the limits; INVALID_JSON
/// with the byte at fault, or TOO_LARGE, otherwise, with `field` as the error's field.
///
/// All that JSON.stringify writes passes: numbers of any size, escaped NULs, halves of surrogate
/// pairs. A reader that makes values of such a text (simdjson) may still refuse those three, so it
/// must take payloads as raw text.
Status check_json(std::string_view text, std::string_view field, const JsonLimits& limits = {});

/// A JSON text, and whether its grammar and depth have been checked already. Borrows.
class JsonText {
 public:
  /// One that nobody has checked: any text, from anything that a view can be made of.
  template <std::convertible_to<std::string_view> Text>
  // NOLINTNEXTLINE(google-explicit-constructor): it stands where the text alone stood
  JsonText(const Text& text) : text_(text) {}
  /// What is a value in a text that check_json has passed, without white space around it.
  static JsonText checked(std::string_view text) {
    JsonText made(text);
    made.is_checked_ = true;
    return made;
  }

  std::string_view text() const { return text_; }
  bool is_checked() const { return is_checked_; }

 private:
  std::string_view text_;
  bool is_checked_ = false;
};

/// As check_json, and the document is an object. Of a checked one only the size and the kind are
/// looked at.
Status check_json_object(JsonText json, std::string_view field, const JsonLimits& limits = {});

/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 is replaced by U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The members of object `over` laid over those of object `under` (top level only). Both are
/// checked JSON objects. Values keep their text; of members with the same name, in one object too,
/// the last wins and stands in the place of the first. When one object has no members, the result
/// is the other as it is.
std::string merge_json_objects(std::string_view under, std::string_view over);

}  // namespace tasker::base
