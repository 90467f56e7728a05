#include "core/cli/table.h"

#include <algorithm>
#include <numeric>

#include "core/cli/human.h"

namespace tasker::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kShrunkWidthMin = 8;

std::size_t total_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

}  // namespace

std::vector<std::size_t> Table::widths(std::size_t columns_max) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t width = text_width(columns_[column].title);
    for (const auto& row : rows_) width = std::max(width, text_width(row[column].text));
    widths.push_back(width);
  }
  if (columns_max == 0) return widths;
  // First the columns that may shrink, the widest of them at each step; then any, from the right.
  while (total_width(widths) > columns_max) {
    std::size_t widest = columns_.size();
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (!columns_[column].shrinks || widths[column] <= kShrunkWidthMin) continue;
      if (widest == columns_.size() || widths[column] > widths[widest]) widest = column;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  for (std::size_t column = columns_.size(); column-- > 0;) {
    const std::size_t total = total_width(widths);
    if (total > columns_max) widths[column] -= std::min(widths[column], total - columns_max);
  }
  return widths;
}

std::string Table::line(const Console& console, const std::vector<Cell>& cells,
                        const std::vector<std::size_t>& widths) const {
  std::string out;
  std::string pending;  // spaces that are written only if something follows
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string text = fitted(cells[column].text, widths[column]);
    const std::string fill(widths[column] - text_width(text), ' ');
    if (columns_[column].right_aligned) pending += fill;
    if (!text.empty()) {
      out += pending + console.paint(cells[column].paint, text);
      pending.clear();
    }
    if (!columns_[column].right_aligned) pending += fill;
    pending.append(kGap, ' ');
  }
  return out;
}

std::vector<std::string> Table::lines(const Console& console) const {
  const std::size_t columns_max = console.settings().columns;
  const auto column_widths = widths(columns_max);
  std::vector<std::string> out;
  std::vector<Cell> titles;
  for (const auto& column : columns_) titles.push_back({column.title, Paint::kDim});
  if (std::any_of(titles.begin(), titles.end(),
                  [](const Cell& cell) { return !cell.text.empty(); })) {
    out.push_back(line(console, titles, column_widths));
  }
  for (const auto& row : rows_) out.push_back(line(console, row, column_widths));
  return out;
}

std::string Table::render(const Console& console) const {
  std::string out;
  for (const auto& text : lines(console)) out += text + "\n";
  return out;
}

}  // namespace tasker::cli
