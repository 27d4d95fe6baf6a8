// SPDX-License-Identifier: MIT
// A table of text with aligned columns. Numbers stand to the right; the one column that may shrink gets an
// ellipsis in its middle when the lines would be wider than the terminal.
//
//     Mark                     process     traced
//     Start                   3120 KiB        0 B
//     Result iterat…n end     98.7 MiB   19.6 MiB
//     └── shrinks             └── right-aligned
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace memtrace {

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kRight;
    bool shrinks = false;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // `cells` has one entry a column; missing ones are empty. Cells hold printable text without colour.
  void Add(std::vector<std::string> cells);

  // Lines end with "\n" and have no blanks at their end. `indent` columns stand before each; `width` 0: no
  // limit.
  std::string Text(std::size_t width = 0, std::size_t indent = 0) const;

 private:
  std::vector<std::size_t> Widths(std::size_t width, std::size_t indent) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace memtrace
