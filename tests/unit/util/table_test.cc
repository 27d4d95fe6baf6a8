// SPDX-License-Identifier: MIT
// Alignment, titles and shrinking of tables.
#include "analyzer/util/table.h"

#include <gtest/gtest.h>

namespace memtrace {
namespace {

Table MarksTable() {
  Table table({{"Mark", Align::kLeft, true}, {"process"}, {"traced"}});
  table.Add({"Start", "3120 KiB", "0 B"});
  table.Add({"Result iteration end", "98.7 MiB", "19.6 MiB"});
  return table;
}

TEST(Table, AlignsNumbersToTheRight) {
  EXPECT_EQ(MarksTable().Text(),
            "Mark                   process    traced\n"
            "Start                 3120 KiB       0 B\n"
            "Result iteration end  98.7 MiB  19.6 MiB\n");
}

TEST(Table, ShrinksOnlyTheColumnThatMayShrink) {
  EXPECT_EQ(MarksTable().Text(34, 2),
            "  Mark           process    traced\n"
            "  Start         3120 KiB       0 B\n"
            "  Resul…on end  98.7 MiB  19.6 MiB\n");
}

TEST(Table, KeepsAReadableRestOnAVeryNarrowTerminal) {
  EXPECT_EQ(MarksTable().Text(10),
            "Mark       process    traced\n"
            "Start     3120 KiB       0 B\n"
            "Res… end  98.7 MiB  19.6 MiB\n");
}

TEST(Table, WritesNoTitleLineWithoutTitles) {
  Table table({{"", Align::kLeft}, {"", Align::kRight}});
  table.Add({"a", "1"});
  table.Add({"bb"});
  EXPECT_EQ(table.Text(), "a   1\nbb\n");
}

TEST(Table, MeasuresCodePointsAndNotBytes) {
  Table table({{"", Align::kLeft}, {"", Align::kRight}});
  table.Add({"ä", "1"});
  table.Add({"b", "2"});
  EXPECT_EQ(table.Text(), "ä  1\nb  2\n");
}

}  // namespace
}  // namespace memtrace
