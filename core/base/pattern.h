// Regular expressions of outside origin, matched within bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/result.h"

namespace tasker::base {

/// A regular expression that was compiled once: ECMAScript's syntax as PCRE2 reads it, over code
/// points of UTF-8; `\d`, `\w` and `\s` are ASCII's, `$` is the end of the text alone, and what
/// looks behind has a fixed length. Cheap to copy. Threads: any.
class Pattern {
 public:
  /// What one search may cost, whatever the pattern: steps of the matcher (some ten nanoseconds
  /// each), and memory.
  static constexpr std::uint32_t kStepsMax = 1'000'000;
  static constexpr std::uint32_t kMemoryKibMax = 32U << 10;

  enum class Found : std::uint8_t { kNo, kYes, kGaveUp };

  /// INVALID_ARGUMENT when `text` is no regular expression or a too large one; the message says
  /// what is wrong and behind which byte.
  static Result<Pattern> compile(std::string_view text);

  /// Whether the pattern fits somewhere in `text`, which is UTF-8. kGaveUp when that takes more
  /// than `steps_max` steps (1..kStepsMax) or kMemoryKibMax.
  Found search(std::string_view text, std::uint32_t steps_max = kStepsMax) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tasker::base
