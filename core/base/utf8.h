// UTF-8 sequences of a text that may be malformed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tasker::base {

/// One character of a text, or the bytes that stand where a character should be.
struct Utf8Step {
  std::size_t bytes = 0;   ///< 1..4; 0 only at the end of the text
  char32_t code = 0xFFFD;  ///< U+FFFD when malformed
  bool well_formed = false;
};

/// The sequence that starts at byte `at`. A malformed one is as long as the maximal part of a
/// character that is there (Unicode 15, section 3.9), so that every byte belongs to one step.
Utf8Step utf8_at(std::string_view text, std::size_t at);

/// Whether all of `text` is well-formed. For names and other short texts: simdjson is faster on
/// long ones, but works with statics that go while threads of the core still run, when a process
/// exits.
bool is_utf8(std::string_view text);

/// Appends the character `code` (at most 0x10FFFF). Half of a surrogate pair becomes the three
/// bytes that its number asks for, which is not well-formed UTF-8.
void append_utf8(std::string& out, std::uint32_t code);

/// U+FFFD in UTF-8.
inline constexpr std::string_view kUtf8Replacement = "\xEF\xBF\xBD";

}  // namespace tasker::base
