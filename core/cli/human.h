// Values as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tasker::cli {

/// "850 µs", "12.3 ms", "4.21 s", "2 min 5 s", "3 h 12 min", "2 d 4 h".
std::string duration_text(std::int64_t duration_us);

/// "just now", "12 s ago", "2 min ago", "in 3 s"; "-" for a time of 0.
std::string age_text(std::int64_t now_us, std::int64_t time_us);

/// "512 B", "1.2 MiB".
std::string bytes_text(std::uint64_t bytes);

/// "1 step", "3 steps".
std::string counted(std::uint64_t count, std::string_view noun);

/// `text` on one line with control characters escaped, so that a stored text can not steer the
/// terminal. Malformed UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);
/// As printable, with line ends kept.
std::string printable_lines(std::string_view text);

/// Number of characters of a UTF-8 text.
std::size_t text_width(std::string_view text);

/// `text` cut to `width` characters, the last of which is then an ellipsis.
std::string fitted(std::string_view text, std::size_t width);

}  // namespace tasker::cli
