// SPDX-License-Identifier: MIT
// Column widths are the widest cell's; what is too much for the terminal is taken from the column that
// shrinks.
#include "analyzer/util/table.h"

#include <algorithm>

#include "analyzer/util/terminal_text.h"

namespace memtrace {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastWidth = 8;  // of a shrunk column

std::string Aligned(const std::string& cell, std::size_t width, Align align) {
  const std::string text = EllipsizeMiddle(cell, width);
  const std::string padding(width - DisplayWidth(text), ' ');
  return align == Align::kRight ? padding + text : text + padding;
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::Widths(std::size_t width, std::size_t indent) const {
  std::vector<std::size_t> widths;
  std::size_t total = indent;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t widest = DisplayWidth(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[c]));
    widths.push_back(widest);
    total += widest + (c == 0 ? 0 : kGap);
  }
  for (std::size_t c = 0; c < columns_.size() && width != 0 && total > width; ++c) {
    if (!columns_[c].shrinks || widths[c] <= kLeastWidth) continue;
    const std::size_t less = std::min(total - width, widths[c] - kLeastWidth);
    widths[c] -= less;
    total -= less;
  }
  return widths;
}

std::string Table::Text(std::size_t width, std::size_t indent) const {
  const std::vector<std::size_t> widths = Widths(width, indent);
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) line.append(kGap, ' ');
      line += Aligned(cell_of(c), widths[c], columns_[c].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  const bool has_titles = std::any_of(columns_.begin(), columns_.end(),
                                      [](const Column& column) { return !column.title.empty(); });
  if (has_titles) add_line([&](std::size_t c) -> const std::string& { return columns_[c].title; });
  for (const auto& row : rows_) add_line([&](std::size_t c) -> const std::string& { return row[c]; });
  return text;
}

}  // namespace memtrace
