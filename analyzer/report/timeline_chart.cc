// SPDX-License-Identifier: MIT
// A grid of cells is filled layer by layer (area, line), then written row by row with the axis before it.
#include "analyzer/report/timeline_chart.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/report/axis.h"
#include "analyzer/util/terminal_text.h"
#include "memtrace/trace_format.h"

namespace memtrace::report {
namespace {

constexpr std::size_t kRowsPerLabel = 4;
constexpr std::size_t kColumnsPerLabel = 12;
// Process memory that is that many times higher than the heap would press the heap flat.
constexpr std::uint64_t kProcessMayBeTimesHigher = 4;
constexpr std::array<const char*, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

enum class Tint { kNone, kArea, kMark, kPeak, kProcess };

struct Cell {
  const char* glyph = " ";
  Tint tint = Tint::kNone;
};

std::string Painted(const Paint& paint, Tint tint, const std::string& text) {
  switch (tint) {
    case Tint::kArea:
    case Tint::kMark:
      return paint.Place(text);
    case Tint::kPeak:
      return paint.Alarm(text);
    case Tint::kProcess:
      return paint.Warning(text);
    case Tint::kNone:
      break;
  }
  return text;
}

std::uint64_t Highest(const std::vector<std::uint64_t>& values) {
  std::uint64_t highest = 0;
  for (const std::uint64_t value : values) {
    if (value != format::kUnknown) highest = std::max(highest, value);
  }
  return highest;
}

class ChartDrawer {
 public:
  ChartDrawer(const ChartData& data, const ChartOptions& options)
      : data_(data),
        options_(options),
        columns_(data.live_bytes.size()),
        rows_(std::max<std::size_t>((options.rows + kRowsPerLabel - 1) / kRowsPerLabel, 1) * kRowsPerLabel),
        cells_(rows_, std::vector<Cell>(columns_)) {
    const std::uint64_t live = Highest(data.live_bytes);
    const std::uint64_t process = Highest(data.process_bytes);
    chart_.shows_process = process > 0 && process / kProcessMayBeTimesHigher <= live;
    const std::uint64_t top =
        std::max<std::uint64_t>(chart_.shows_process ? std::max(live, process) : live, 1);
    const std::uint64_t labels = rows_ / kRowsPerLabel;
    label_bytes_ = RoundSizeAbove(top / labels + (top % labels == 0 ? 0 : 1));
    peak_column_ = ColumnOf(data.peak_time_ns);
    LetterMarks();
  }

  Chart Draw() {
    DrawArea();
    if (chart_.shows_process) DrawProcess();
    for (std::size_t row = rows_; row-- > 0;) WriteRow(row);
    WriteTimeAxis();
    WriteMarks();
    WriteRate();
    return std::move(chart_);
  }

 private:
  // Height of a value in parts of a row.
  std::size_t Height(std::uint64_t bytes, std::size_t parts) const {
    const double row_bytes = static_cast<double>(label_bytes_) / static_cast<double>(kRowsPerLabel);
    const double height = static_cast<double>(bytes) / row_bytes * static_cast<double>(parts);
    const auto most = static_cast<double>(rows_ * parts);
    const auto whole = static_cast<std::size_t>(std::min(height, most));
    return bytes > 0 && whole == 0 ? 1 : whole;
  }

  std::size_t ColumnOf(std::uint64_t time_ns) const {
    const double share =
        static_cast<double>(time_ns - data_.from_ns) / static_cast<double>(data_.to_ns - data_.from_ns);
    return std::min(static_cast<std::size_t>(share * static_cast<double>(columns_)), columns_ - 1);
  }

  void LetterMarks() {
    is_marked_.assign(columns_, false);
    for (std::size_t i = 0; i < data_.mark_times_ns.size(); ++i) {
      is_marked_[ColumnOf(data_.mark_times_ns[i])] = true;
      chart_.mark_letters.push_back(i < 26   ? static_cast<char>('A' + i)
                                    : i < 52 ? static_cast<char>('a' + i - 26)
                                             : '+');
    }
  }

  Tint TintOf(std::size_t column) const {
    return column == peak_column_ ? Tint::kPeak : is_marked_[column] ? Tint::kMark : Tint::kArea;
  }

  void DrawArea() {
    for (std::size_t column = 0; column < columns_; ++column) {
      const Tint tint = TintOf(column);
      const char* ascii = tint == Tint::kPeak ? "#" : tint == Tint::kMark ? "@" : ":";
      const std::size_t parts = options_.ascii ? 1 : 8;
      std::size_t height = Height(data_.live_bytes[column], parts);
      for (std::size_t row = 0; height > 0; ++row) {
        const std::size_t filled = std::min(height, parts);
        cells_[row][column] = {options_.ascii ? ascii : kEighths[filled], tint};
        height -= filled;
      }
    }
  }

  // The row in which a value ends.
  std::size_t RowOf(std::uint64_t bytes) const {
    const std::size_t height = Height(bytes, 8);
    return std::min((std::max<std::size_t>(height, 1) - 1) / 8, rows_ - 1);
  }

  void DrawProcess() {
    bool has_before = false;
    std::size_t before = 0;
    for (std::size_t column = 0; column < columns_; ++column) {
      if (data_.process_bytes[column] == format::kUnknown) continue;
      const std::size_t row = RowOf(data_.process_bytes[column]);
      if (options_.ascii) {
        cells_[row][column] = {".", Tint::kProcess};
      } else if (!has_before || row == before) {
        cells_[row][column] = {"─", Tint::kProcess};
      } else {
        DrawStep(column, before, row);
      }
      before = row;
      has_before = true;
    }
  }

  void DrawStep(std::size_t column, std::size_t before, std::size_t row) {
    const bool rises = row > before;
    for (std::size_t between = std::min(row, before) + 1; between < std::max(row, before); ++between) {
      cells_[between][column] = {"│", Tint::kProcess};
    }
    cells_[before][column] = {rises ? "╯" : "╮", Tint::kProcess};
    cells_[row][column] = {rises ? "╭" : "╰", Tint::kProcess};
  }

  void WriteRow(std::size_t row) {
    // A label stands where its value is: between this row and the one above.
    const bool has_label = (row + 1) % kRowsPerLabel == 0;
    const std::string label =
        has_label ? AxisSize((row + 1) / kRowsPerLabel * label_bytes_, label_bytes_) : "";
    const char* axis = options_.ascii ? (row + 1 == rows_ ? "^"
                                         : has_label      ? "+"
                                                          : "|")
                       : has_label    ? "┤"
                                      : "│";
    std::string line = fmt::format("{:>{}} {}", label, kChartAxisColumns - 2, axis);
    std::string cells;
    std::string run;
    Tint tint = Tint::kNone;
    for (const Cell& cell : cells_[row]) {
      if (cell.tint != tint) {
        cells += Painted(options_.paint, tint, run);
        run.clear();
        tint = cell.tint;
      }
      run += cell.glyph;
    }
    cells += Painted(options_.paint, tint, run);
    if (tint == Tint::kNone) cells.resize(cells.find_last_not_of(' ') + 1);
    chart_.text += line + cells + "\n";
  }

  void WriteTimeAxis() {
    const TimeLabels labels = TimeLabelsFor(data_.from_ns, data_.to_ns, columns_ / kColumnsPerLabel);
    std::vector<const char*> axis(columns_, options_.ascii ? "-" : "─");
    std::string texts;
    for (std::size_t i = 0; i < labels.texts.size(); ++i) {
      const std::size_t column = ColumnOf(labels.times_ns[i]);
      axis[column] = options_.ascii ? "+" : "┬";
      const std::size_t half = DisplayWidth(labels.texts[i]) / 2;
      const std::size_t start = column - std::min(column, half);
      const std::size_t used = DisplayWidth(texts);
      if (used > 0 && start <= used) continue;
      texts += std::string(start - used, ' ') + labels.texts[i];
    }
    std::string line = fmt::format("{:>{}} {}", "0", kChartAxisColumns - 2, options_.ascii ? "+" : "┼");
    for (const char* glyph : axis) line += glyph;
    chart_.text += line + (options_.ascii ? ">" : "") + "\n";
    chart_.text += std::string(kChartAxisColumns, ' ') + texts + "\n";
  }

  // Letters below the axis; two marks in one column are a "+". The peak wins over none.
  void WriteMarks() {
    std::vector<std::string> line(columns_, " ");
    for (std::size_t i = 0; i < data_.mark_times_ns.size(); ++i) {
      std::string& place = line[ColumnOf(data_.mark_times_ns[i])];
      place = place == " " ? std::string(1, chart_.mark_letters[i]) : "+";
    }
    if (line[peak_column_] == " " && Highest(data_.live_bytes) > 0) {
      line[peak_column_] = options_.paint.Alarm(options_.ascii ? "#" : "▲");
    }
    while (!line.empty() && line.back() == " ") line.pop_back();
    if (line.empty()) return;
    chart_.text += std::string(kChartAxisColumns, ' ');
    for (const std::string& glyph : line) chart_.text += glyph;
    chart_.text += "\n";
  }

  void WriteRate() {
    const std::uint64_t most = Highest(data_.allocations);
    if (most == 0 || options_.ascii) return;
    std::string line = fmt::format("{:>{}}  ", "allocs/s", kChartAxisColumns - 2);
    for (const std::uint64_t count : data_.allocations) {
      const double share = static_cast<double>(count) / static_cast<double>(most);
      const auto eighth = static_cast<std::size_t>(share * 8);
      line += kEighths[count > 0 ? std::max<std::size_t>(eighth, 1) : 0];
    }
    line.resize(line.find_last_not_of(' ') + 1);
    chart_.text += options_.paint.Dim(line) + "\n";
  }

  const ChartData& data_;
  const ChartOptions& options_;
  const std::size_t columns_;
  const std::size_t rows_;
  std::vector<std::vector<Cell>> cells_;  // [0] is the lowest row
  std::uint64_t label_bytes_ = 1;         // between two labels of the left axis
  std::size_t peak_column_ = 0;
  std::vector<bool> is_marked_;
  Chart chart_;
};

}  // namespace

Chart DrawChart(const ChartData& data, const ChartOptions& options) {
  if (data.live_bytes.empty()) return {};
  return ChartDrawer(data, options).Draw();
}

}  // namespace memtrace::report
