#include "core/cli/table.h"

#include <gtest/gtest.h>

#include "core/cli/human.h"

namespace tasker::cli {
namespace {

Console console(std::size_t columns, bool color = false) {
  Console::Settings settings;
  settings.columns = columns;
  settings.color = color;
  return Console(settings);
}

Table flights() {
  Table table({{"STEP"}, {"COUNT", true}, {"REMARK", false, true}});
  table.add_row({{"load"}, {"7"}, {"all of the flights of two thousand eight"}});
  table.add_row({{"é"}, {"1234"}, {""}});
  return table;
}

TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(flights().render(console(0)),
            "STEP  COUNT  REMARK\n"
            "load      7  all of the flights of two thousand eight\n"
            "é      1234\n");
}

TEST(Table, CutsTheColumnThatMayShrink) {
  const auto lines = flights().lines(console(30));
  EXPECT_EQ(lines[1], "load      7  all of the fligh…");
}

TEST(Table, IsNeverWiderThanTheTerminal) {
  for (std::size_t columns = 1; columns < 60; ++columns) {
    for (const auto& line : flights().lines(console(columns))) {
      EXPECT_LE(text_width(line), columns) << line;
    }
  }
}

TEST(Table, DrawsNoTitlesWhereThereAreNone) {
  Table table({{""}, {""}});
  table.add_row({{"store"}, {"tasker.db"}});
  EXPECT_EQ(table.render(console(0)), "store  tasker.db\n");
}

TEST(Table, ColoursCellsWithoutMovingColumns) {
  Table table({{""}, {""}});
  table.add_row({{"ab", Paint::kRed}, {"x"}});
  EXPECT_EQ(table.render(console(0, true)), "\x1b[31mab\x1b[0m  x\n");
}

}  // namespace
}  // namespace tasker::cli
