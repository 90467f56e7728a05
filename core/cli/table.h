// Rows in columns that fit the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/cli/console.h"

namespace tasker::cli {

struct Cell {
  std::string text;  ///< printable, one line
  Paint paint = Paint::kPlain;
};

struct Column {
  std::string title;  ///< no title line is drawn when all are empty
  bool right_aligned = false;
  bool shrinks = false;  ///< cut first when the terminal is narrow
};

/// Threads: one at a time.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell a column.
  void add_row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  /// The lines without their ends, none wider than the console.
  std::vector<std::string> lines(const Console& console) const;
  /// All lines with their ends.
  std::string render(const Console& console) const;

 private:
  std::vector<std::size_t> widths(std::size_t columns_max) const;
  std::string line(const Console& console, const std::vector<Cell>& cells,
                   const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace tasker::cli
