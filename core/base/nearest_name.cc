#include "core/base/nearest_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace tasker::base {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kDistanceMax = 3;
constexpr std::size_t kBeginningMin = 3;

using Row = std::array<std::size_t, kNameBytesMax + 1>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance, given up (with a value over `limit`) once it must exceed it.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  Row before_last{};
  Row last{};
  Row current{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    std::size_t row_min = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      std::size_t best = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        best = std::min(best, before_last[j - 2] + 1);
      }
      current[j] = best;
      row_min = std::min(row_min, best);
    }
    if (row_min > limit) return limit + 1;
    before_last = last;
    last = current;
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > kNameBytesMax) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance =
      std::min(kDistanceMax, std::max<std::size_t>(1, name.size() / 3)) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kNameBytesMax) continue;
    const std::size_t found = distance(name, candidate, nearest_distance - 1);
    if (found < nearest_distance) {
      nearest = candidate;
      nearest_distance = found;
    }
    if (nearest_distance == 0) break;
  }
  if (nearest || name.size() < kBeginningMin) return nearest;
  const auto longer =
      std::find_if(candidates.begin(), candidates.end(),
                   [name](std::string_view candidate) { return candidate.starts_with(name); });
  return longer == candidates.end() ? nearest : *longer;
}

}  // namespace tasker::base
