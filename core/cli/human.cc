#include "core/cli/human.h"

#include <fmt/format.h>

#include <array>

#include "core/base/utf8.h"

namespace tasker::cli {
namespace {

constexpr std::int64_t kMsUs = 1000;
constexpr std::int64_t kSecondUs = 1000 * kMsUs;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
constexpr std::int64_t kHourUs = 60 * kMinuteUs;
constexpr std::int64_t kDayUs = 24 * kHourUs;

/// Three significant digits.
std::string scaled(double value, std::string_view unit) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, unit);
}

std::string two_units(std::int64_t duration_us, std::int64_t large_us, std::int64_t small_us,
                      std::string_view units) {
  const std::size_t space = units.find(' ');
  return fmt::format("{} {} {} {}", duration_us / large_us, units.substr(0, space),
                     duration_us % large_us / small_us, units.substr(space + 1));
}

std::string one_unit(std::int64_t duration_us) {
  if (duration_us < kMinuteUs) return fmt::format("{} s", duration_us / kSecondUs);
  if (duration_us < kHourUs) return fmt::format("{} min", duration_us / kMinuteUs);
  if (duration_us < kDayUs) return fmt::format("{} h", duration_us / kHourUs);
  return fmt::format("{} d", duration_us / kDayUs);
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::string without_controls(std::string_view text, bool keep_line_ends) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const base::Utf8Step step = base::utf8_at(text, at);
    if (!step.well_formed) {
      out += base::kUtf8Replacement;
    } else if (step.code == '\n') {
      out += keep_line_ends ? "\n" : "\\n";
    } else if (step.code == '\t') {
      out += "\\t";
    } else if (is_control(step.code)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(step.code));
    } else {
      out += text.substr(at, step.bytes);
    }
    at += step.bytes;
  }
  return out;
}

}  // namespace

std::string duration_text(std::int64_t duration_us) {
  if (duration_us < 0) duration_us = 0;
  if (duration_us < kMsUs) return fmt::format("{} µs", duration_us);
  if (duration_us < kSecondUs) return scaled(static_cast<double>(duration_us) / kMsUs, "ms");
  if (duration_us < kMinuteUs) return scaled(static_cast<double>(duration_us) / kSecondUs, "s");
  if (duration_us < kHourUs) return two_units(duration_us, kMinuteUs, kSecondUs, "min s");
  if (duration_us < kDayUs) return two_units(duration_us, kHourUs, kMinuteUs, "h min");
  return two_units(duration_us, kDayUs, kHourUs, "d h");
}

std::string age_text(std::int64_t now_us, std::int64_t time_us) {
  if (time_us == 0) return "-";
  if (time_us > now_us + kSecondUs) return "in " + one_unit(time_us - now_us);
  if (now_us - time_us < kSecondUs) return "just now";
  return one_unit(now_us - time_us) + " ago";
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string printable(std::string_view text) { return without_controls(text, false); }

std::string printable_lines(std::string_view text) { return without_controls(text, true); }

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); at += base::utf8_at(text, at).bytes) ++width;
  return width;
}

std::string fitted(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t at = 0;
  for (std::size_t taken = 0; taken + 1 < width; ++taken) at += base::utf8_at(text, at).bytes;
  return std::string(text.substr(0, at)) + "…";
}

}  // namespace tasker::cli
