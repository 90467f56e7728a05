// Skipping through JSON text: classes of bytes, and runs of them eight at a time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tasker::base {

/// A set of bytes, for a look-up of one.
class ByteSet {
 public:
  constexpr explicit ByteSet(std::string_view bytes) {
    for (const char byte : bytes) has_[static_cast<std::uint8_t>(byte)] = true;
  }
  constexpr bool has(char byte) const { return has_[static_cast<std::uint8_t>(byte)]; }

 private:
  std::array<bool, 256> has_{};
};

inline constexpr ByteSet kJsonSpace(" \n\r\t");

/// Where in `text`, from `at` on, the first byte is that does not stand for itself between the
/// quotes of a JSON string: a quote, a backslash or a control character. The size of `text` when
/// there is none.
inline std::size_t find_not_plain(std::string_view text, std::size_t at) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    // A byte is zero where taking one from it borrows and it had no high bit. What is above the
    // lowest hit may be wrong; only the lowest is asked for.
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    const std::uint64_t hits = (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                                ((word - kOnes * 0x20U) & ~word)) &
                               kHighs;
    if (hits != 0) return at + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
  }
  for (; at < text.size(); ++at) {
    const char byte = text[at];
    if (byte == '"' || byte == '\\' || static_cast<std::uint8_t>(byte) < 0x20U) return at;
  }
  return text.size();
}

}  // namespace tasker::base
