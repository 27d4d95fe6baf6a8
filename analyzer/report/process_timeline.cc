// SPDX-License-Identifier: MIT
#include "analyzer/report/process_timeline.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "analyzer/report/axis.h"
#include "analyzer/report/command_text.h"
#include "analyzer/report/plot_svg.h"
#include "analyzer/report/process_split.h"
#include "analyzer/report/timeline_chart.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

using aggregate::ProcessParts;
using aggregate::ProcessSplit;

constexpr std::size_t kRowsPerLabel = 4;
constexpr std::size_t kColumnsPerLabel = 12;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string Painted(const Paint& paint, char letter, const std::string& text) {
  switch (letter) {
    case 'L':
    case 'h':
      return paint.Place(text);
    case 'k':
      return paint.Warning(text);
    case 'm':
    case 'p':
      return paint.Better(text);
    case '?':
      return paint.Alarm(text);
    default:
      return paint.Dim(text);
  }
}

// Bytes below the top of a cause, when the causes of a table are stacked with the last one at the bottom.
std::vector<std::uint64_t> Tops(const ProcessParts& parts) {
  const std::vector<ProcessCause>& causes = ProcessCauses();
  std::vector<std::uint64_t> tops(causes.size());
  std::uint64_t sum = 0;
  for (std::size_t i = causes.size(); i-- > 0;) tops[i] = sum += causes[i].bytes(parts);
  return tops;
}

// Letters of a column, from the lowest row up; blank above.
std::string ColumnOf(const ProcessParts& parts, std::size_t rows, std::uint64_t row_bytes) {
  const std::vector<std::uint64_t> tops = Tops(parts);
  std::string column;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t middle = row * row_bytes + row_bytes / 2;
    char letter = ' ';
    for (std::size_t i = tops.size(); i-- > 0 && letter == ' ';) {
      if (middle < tops[i]) letter = ProcessCauses()[i].letter;
    }
    column += letter;
  }
  return column;
}

}  // namespace

std::vector<std::size_t> ReadingsWithin(const model::Trace& trace, std::uint64_t from_ns, std::uint64_t to_ns,
                                        std::size_t most) {
  std::vector<std::size_t> within;
  for (std::size_t i = 0; i < trace.memory.size(); ++i) {
    const std::uint64_t time_ns = trace.memory[i].time_ns;
    if (time_ns > to_ns) break;
    if (time_ns < from_ns) within.clear();  // only the last one before counts
    within.push_back(i);
  }
  const auto resident = [&](std::size_t i) {
    return trace.memory[i].resident == format::kUnknown ? 0 : trace.memory[i].resident;
  };
  const std::size_t step =
      std::max<std::size_t>((within.size() + most - 1) / std::max<std::size_t>(most, 1), 1);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < within.size(); i += step) {
    const auto first = within.begin() + static_cast<std::ptrdiff_t>(i);
    const auto behind = within.begin() + static_cast<std::ptrdiff_t>(std::min(i + step, within.size()));
    chosen.push_back(*std::max_element(
        first, behind, [&](std::size_t a, std::size_t b) { return resident(a) < resident(b); }));
  }
  return chosen;
}

ProcessTimelineReport::ProcessTimelineReport(const model::Trace& trace, std::span<const ProcessSplit> splits,
                                             std::uint64_t from_ns, std::uint64_t to_ns)
    : trace_(trace), splits_(splits), from_ns_(from_ns), to_ns_(std::max(to_ns, from_ns + 1)) {}

const ProcessSplit& ProcessTimelineReport::Highest() const {
  return *std::max_element(splits_.begin(), splits_.end(), [](const ProcessSplit& a, const ProcessSplit& b) {
    return a.parts.total() < b.parts.total();
  });
}

std::string ProcessTimelineReport::Heading(const RenderOptions& render) const {
  std::string title = fmt::format("{}: process memory by cause over {}", CommandText(trace_.info),
                                  FormatTime(to_ns_ - from_ns_));
  if (render.columns > 40) title = EllipsizeMiddle(title, render.columns);
  const ProcessSplit& highest = Highest();
  return fmt::format("{}\nat most {} at {}, {} at the end; {} readings\n\n", render.paint.Bold(title),
                     render.paint.Alarm(Size(highest.parts.total())), FormatTime(highest.time_ns),
                     Size(splits_.back().parts.total()), splits_.size());
}

std::string ProcessTimelineReport::Text(const RenderOptions& render, std::size_t columns, std::size_t rows,
                                        bool ascii) const {
  const std::uint64_t most = std::max<std::uint64_t>(Highest().parts.total(), 1);
  const std::uint64_t labels = (rows + kRowsPerLabel - 1) / kRowsPerLabel;
  const std::uint64_t label_bytes = RoundSizeAbove((most + labels - 1) / labels);
  const std::size_t all_rows = labels * kRowsPerLabel;
  std::vector<std::string> grid;
  std::size_t next = 0;
  const ProcessParts* shown = nullptr;
  for (std::size_t column = 0; column < columns; ++column) {
    const double share = static_cast<double>(column + 1) / static_cast<double>(columns);
    const auto end_ns = from_ns_ + static_cast<std::uint64_t>(share * static_cast<double>(to_ns_ - from_ns_));
    bool is_first = true;  // of a column's readings the highest; a column without one goes on as before
    for (; next < splits_.size() && splits_[next].time_ns <= end_ns; ++next) {
      if (is_first || splits_[next].parts.total() > shown->total()) shown = &splits_[next].parts;
      is_first = false;
    }
    grid.push_back(shown == nullptr ? std::string(all_rows, ' ')
                                    : ColumnOf(*shown, all_rows, label_bytes / kRowsPerLabel));
    // What comes next starts from the latest.
    if (next > 0) shown = is_first ? shown : &splits_[next - 1].parts;
  }
  std::string text = Heading(render);
  for (std::size_t row = all_rows; row-- > 0;) {
    const bool has_label = (row + 1) % kRowsPerLabel == 0;
    const std::string label = has_label ? AxisSize((row + 1) / kRowsPerLabel * label_bytes, label_bytes) : "";
    const char* axis = ascii ? (has_label ? "+" : "|") : has_label ? "┤" : "│";
    std::string cells;
    for (std::size_t column = 0; column < columns;) {
      const char letter = grid[column][row];
      std::size_t end = column;
      while (end < columns && grid[end][row] == letter) ++end;
      const std::string run(end - column, letter);
      if (letter != ' ' || end < columns) cells += letter == ' ' ? run : Painted(render.paint, letter, run);
      column = end;
    }
    text += fmt::format("{:>{}} {}{}\n", label, kChartAxisColumns - 2, axis, cells);
  }
  text += std::string(kChartAxisColumns - 1, ' ') + (ascii ? "+" : "┼");
  const TimeLabels times = TimeLabelsFor(from_ns_, to_ns_, columns / kColumnsPerLabel);
  std::string line(columns, '-');
  std::string names;
  for (std::size_t i = 0; i < times.texts.size(); ++i) {
    const double share =
        static_cast<double>(times.times_ns[i] - from_ns_) / static_cast<double>(to_ns_ - from_ns_);
    const std::size_t column =
        std::min(static_cast<std::size_t>(share * static_cast<double>(columns)), columns - 1);
    line[column] = '+';
    const std::size_t start = column - std::min(column, times.texts[i].size() / 2);
    if (start < names.size() + (names.empty() ? 0 : 1)) continue;
    names += std::string(start - names.size(), ' ') + times.texts[i];
  }
  for (const char c : line) text += ascii ? std::string(1, c) : c == '+' ? "┬" : "─";
  text += "\n" + std::string(kChartAxisColumns, ' ') + names + "\n\n";
  std::string legend;
  for (const ProcessCause& cause : ProcessCauses()) {
    const auto has_some = [&](const ProcessSplit& split) { return cause.bytes(split.parts) > 0; };
    if (std::none_of(splits_.begin(), splits_.end(), has_some)) continue;
    legend += fmt::format("{}{} {}", legend.empty() ? "" : "   ", cause.letter, cause.title);
  }
  return text + Wrapped(legend, render.columns, kChartAxisColumns);
}

std::string ProcessTimelineReport::Svg() const {
  Plot plot;
  plot.title = CommandText(trace_.info);
  plot.subtitle =
      fmt::format("process memory by cause: at most {} at {}, {} at the end", Size(Highest().parts.total()),
                  FormatTime(Highest().time_ns), Size(splits_.back().parts.total()));
  plot.from_ns = from_ns_;
  plot.to_ns = to_ns_;
  const std::vector<ProcessCause>& causes = ProcessCauses();
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const auto has_some = [&](const ProcessSplit& split) { return causes[i].bytes(split.parts) > 0; };
    if (std::none_of(splits_.begin(), splits_.end(), has_some)) continue;
    PlotSeries series;
    series.name = causes[i].title;
    series.colour = causes[i].color;
    for (const ProcessSplit& split : splits_) {
      series.points.push_back({std::max(split.time_ns, from_ns_), Tops(split.parts)[i]});
    }
    series.points.push_back({to_ns_, series.points.back().value});
    plot.series.push_back(std::move(series));
  }
  for (const model::Mark& mark : trace_.marks) plot.marks.push_back({mark.time_ns, mark.name});
  return SvgText(plot);
}

std::string ProcessTimelineReport::Csv() const {
  std::string text = "time_s,resident_bytes";
  for (const ProcessCause& cause : ProcessCauses()) text += fmt::format(",{}_bytes", cause.key);
  text += "\n";
  for (const ProcessSplit& split : splits_) {
    text += fmt::format("{}.{:09},{}", split.time_ns / 1'000'000'000, split.time_ns % 1'000'000'000,
                        split.parts.total());
    for (const ProcessCause& cause : ProcessCauses()) text += fmt::format(",{}", cause.bytes(split.parts));
    text += "\n";
  }
  return text;
}

Json ProcessTimelineReport::ToJson(Json selector) const {
  Json json = Envelope("timeline", trace_);
  json["selector"] = std::move(selector);
  json["causes"] = Json::array();
  for (const ProcessCause& cause : ProcessCauses())
    json["causes"].push_back({{"key", cause.key}, {"title", cause.title}});
  json["readings"] = Json::array();
  for (const ProcessSplit& split : splits_) {
    Json reading = {{"time_ns", split.time_ns}, {"resident_bytes", split.parts.total()}};
    reading["causes"] = Json::object();
    for (const ProcessCause& cause : ProcessCauses()) reading["causes"][cause.key] = cause.bytes(split.parts);
    if (Json jemalloc = JemallocJson(trace_.memory.at(split.reading)); !jemalloc.is_null()) {
      reading["jemalloc"] = std::move(jemalloc);
    }
    json["readings"].push_back(std::move(reading));
  }
  return json;
}

}  // namespace memtrace::report
