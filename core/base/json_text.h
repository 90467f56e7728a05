// Reading of JSON text that check_json has passed: members and elements as the text they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tasker::base {

enum class JsonKind : std::uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull };

/// What a value is. `value` starts with its first character, as the readers below give it.
JsonKind json_kind(std::string_view value);

/// What a JSON string says, quotes and escapes undone. Half of a surrogate pair is kept as three
/// bytes of its own.
/// @param quoted the string with its quotes
std::string json_string_value(std::string_view quoted);

/// The same without a copy when nothing in it is escaped; borrows from `quoted` or from `memory`.
std::string_view json_string_view(std::string_view quoted, std::string& memory);

/// A number as a double; nullopt when it is too large or too small for one.
std::optional<double> json_number_value(std::string_view value);

/// Walks over the tokens of an object or an array. Copies nothing. Threads: one at a time.
class JsonTextReader {
 public:
  struct Member {
    std::string_view name;   ///< with its quotes, as written
    std::string_view value;  ///< as written, without white space around it
  };

  /// @param text a checked object or array, borrowed
  explicit JsonTextReader(std::string_view text);

  /// The next member of an object; false at its end.
  bool next(Member& member);
  /// The next element of an array; false at its end.
  bool next(std::string_view& element);

 private:
  void skip_to_token();
  std::string_view token();
  void skip_string();
  void skip_container();
  void skip_plain();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace tasker::base
