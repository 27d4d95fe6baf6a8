// SPDX-License-Identifier: MIT
// One timeline, four ways of writing it.
#include "analyzer/report/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/command_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/process_memory.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/report/timeline_chart.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

using aggregate::Domain;
using aggregate::TimelineSlice;

constexpr std::size_t kMarksShown = 52;  // as many as there are letters

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string Seconds(std::uint64_t ns) {
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

// A CSV field: quoted, with quotes doubled.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string MemoryWord(Domain domain) {
  return domain == Domain::kHeap ? "heap" : DomainText(domain);
}

std::vector<std::uint64_t> ProcessBySlice(const model::Trace& trace, const aggregate::Timeline& line) {
  std::vector<std::uint64_t> bytes(line.slices.size(), format::kUnknown);
  std::uint64_t last = format::kUnknown;
  std::size_t next = 0;
  const auto& checkpoints = trace.checkpoints;
  for (; next < checkpoints.size() && checkpoints[next].time_ns < line.from_ns; ++next) {
    if (checkpoints[next].resident != format::kUnknown) last = checkpoints[next].resident;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::uint64_t highest = last;
    bool has_reading = false;
    for (; next < checkpoints.size() && checkpoints[next].time_ns < line.StartOf(i + 1); ++next) {
      const std::uint64_t resident = checkpoints[next].resident;
      if (resident == format::kUnknown) continue;
      highest = has_reading ? std::max(highest, resident) : resident;
      has_reading = true;
      last = resident;
    }
    bytes[i] = highest;
  }
  return bytes;
}

// Slice that a column of a picture shows.
std::size_t SliceOf(std::size_t column, std::size_t columns, std::size_t slices) {
  return column * slices / columns;
}

}  // namespace

PlotSeries HighestCurve(const aggregate::Timeline& line, std::string name) {
  PlotSeries series;
  series.name = std::move(name);
  for (std::size_t i = 0; i < line.slices.size(); ++i) {
    series.points.push_back({line.StartOf(i), line.slices[i].highest_bytes});
  }
  series.points.push_back({line.StartOf(line.slices.size()), line.slices.back().live.bytes});
  return series;
}

TimelineReport::TimelineReport(const model::Trace& trace, const aggregate::Timeline& line)
    : trace_(trace), line_(line), process_bytes_(ProcessBySlice(trace, line)) {}

std::string TimelineReport::Heading(const RenderOptions& render) const {
  const std::string word = MemoryWord(line_.domain);
  std::string title =
      fmt::format("{}: {} over {}", CommandText(trace_.info), word, FormatTime(line_.to_ns - line_.from_ns));
  if (line_.from_ns > 0 || line_.to_ns < trace_.info.duration_ns) {
    title += fmt::format(" of {}", FormatTime(trace_.info.duration_ns));
  }
  if (render.columns > 40) title = EllipsizeMiddle(title, render.columns);
  const ProcessMemory process = ProcessMemoryOf(trace_);
  std::string text = render.paint.Bold(title) + "\n";
  text += fmt::format("peak {} at {}, {} at the end; {} with {}; process memory at most {}\n",
                      render.paint.Alarm(Size(line_.peak_bytes)), FormatTime(line_.peak_time_ns),
                      Size(line_.slices.back().live.bytes),
                      Counted(line_.allocated.blocks, "allocation", "allocations"),
                      Size(line_.allocated.bytes), KnownSize(process.resident_peak_bytes));
  return text + "\n";
}

std::string TimelineReport::MarksText(const RenderOptions& render, const std::vector<char>& letters) const {
  if (line_.marks.empty()) return {};
  Table table({{"", Align::kLeft},
               {"Mark", Align::kLeft, true},
               {"time"},
               {MemoryWord(line_.domain)},
               {"process memory"}});
  for (std::size_t i = 0; i < std::min(line_.marks.size(), kMarksShown); ++i) {
    const model::Mark& mark = trace_.marks.at(line_.marks[i].mark);
    table.Add({std::string(1, letters[i]), Printable(mark.name), FormatTime(mark.time_ns),
               Size(line_.marks[i].live.bytes), KnownSize(ResidentAtMark(trace_, mark))});
  }
  std::string text = "\n" + table.Text(render.columns, 1);
  if (line_.marks.size() > kMarksShown) {
    text += fmt::format(" and {} others (+); --json has all\n", line_.marks.size() - kMarksShown);
  }
  return text;
}

std::string TimelineReport::Text(const RenderOptions& render, const TimelineTextOptions& options,
                                 std::size_t columns) const {
  ChartData data;
  data.from_ns = line_.from_ns;
  data.to_ns = std::max(EndNs(), line_.from_ns + 1);
  data.peak_time_ns = line_.peak_time_ns;
  const std::size_t slices = line_.slices.size();
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t first = SliceOf(column, columns, slices);
    const std::size_t behind = std::max(first + 1, SliceOf(column + 1, columns, slices));
    std::uint64_t highest = 0;
    std::uint64_t allocations = 0;
    for (std::size_t i = first; i < behind; ++i) {
      highest = std::max(highest, line_.slices[i].highest_bytes);
      allocations += line_.slices[i].allocated.blocks;
    }
    data.live_bytes.push_back(highest);
    data.allocations.push_back(allocations);
    data.process_bytes.push_back(process_bytes_[first]);
  }
  for (const aggregate::MarkAmounts& mark : line_.marks) {
    data.mark_times_ns.push_back(std::clamp(trace_.marks.at(mark.mark).time_ns, data.from_ns, data.to_ns));
  }
  const Chart chart = DrawChart(data, {options.rows, options.ascii, render.paint});
  const char* area = options.ascii ? ":" : "█";
  const char* process = options.ascii ? "." : "─";
  const char* peak = options.ascii ? "#" : "▲";
  std::string legend =
      fmt::format("{}{} live {}, the most in each column   {} its peak", std::string(kChartAxisColumns, ' '),
                  render.paint.Place(area), MemoryWord(line_.domain), render.paint.Alarm(peak));
  if (chart.shows_process) {
    legend += fmt::format("   {} process memory", render.paint.Warning(process));
  } else if (ProcessMemoryOf(trace_).resident_peak_bytes != format::kUnknown) {
    legend += "   (process memory lies above)";
  }
  const std::string selected = options.selected.empty() ? "" : "only " + options.selected + "\n";
  return selected + Heading(render) + chart.text + "\n" + legend + "\n" +
         MarksText(render, chart.mark_letters);
}

std::string TimelineReport::Svg() const {
  Plot plot;
  plot.title = CommandText(trace_.info);
  plot.subtitle = fmt::format(
      "{}: peak {} at {}, {} at the end; {} with {}", MemoryWord(line_.domain), Size(line_.peak_bytes),
      FormatTime(line_.peak_time_ns), Size(line_.slices.back().live.bytes),
      Counted(line_.allocated.blocks, "allocation", "allocations"), Size(line_.allocated.bytes));
  plot.from_ns = line_.from_ns;
  plot.to_ns = std::max(EndNs(), line_.from_ns + 1);
  PlotSeries live = HighestCurve(line_, "live " + MemoryWord(line_.domain));
  live.is_area = true;
  plot.series.push_back(std::move(live));
  PlotSeries process{.name = "process memory", .points = {}};
  for (std::size_t i = 0; i < process_bytes_.size(); ++i) {
    if (process_bytes_[i] != format::kUnknown)
      process.points.push_back({line_.StartOf(i), process_bytes_[i]});
  }
  if (!process.points.empty()) {
    process.points.push_back({plot.to_ns, process.points.back().value});
    plot.series.push_back(std::move(process));
  }
  for (const aggregate::MarkAmounts& mark : line_.marks) {
    plot.marks.push_back({trace_.marks.at(mark.mark).time_ns, trace_.marks.at(mark.mark).name});
  }
  const double seconds = static_cast<double>(line_.slice_ns) * 1e-9;
  plot.strip_title = "allocations a second";
  for (std::size_t i = 0; i < line_.slices.size(); ++i) {
    plot.strip.push_back(
        {line_.StartOf(i),
         static_cast<std::uint64_t>(static_cast<double>(line_.slices[i].allocated.blocks) / seconds)});
  }
  return SvgText(plot);
}

std::string TimelineReport::Csv() const {
  std::string text =
      "start_s,end_s,highest_bytes,highest_s,live_bytes,live_blocks,allocations,allocated_bytes,frees,"
      "process_bytes,marks\n";
  std::size_t next_mark = 0;
  for (std::size_t i = 0; i < line_.slices.size(); ++i) {
    const TimelineSlice& slice = line_.slices[i];
    const std::uint64_t end_ns = line_.StartOf(i + 1);
    std::string marks;
    for (; next_mark < line_.marks.size(); ++next_mark) {
      const model::Mark& mark = trace_.marks.at(line_.marks[next_mark].mark);
      if (mark.time_ns >= end_ns && i + 1 < line_.slices.size()) break;
      marks += (marks.empty() ? "" : "; ") + mark.name;
    }
    const std::string process =
        process_bytes_[i] == format::kUnknown ? "" : std::to_string(process_bytes_[i]);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", Seconds(line_.StartOf(i)), Seconds(end_ns),
                        slice.highest_bytes, Seconds(slice.highest_time_ns), slice.live.bytes,
                        slice.live.blocks, slice.allocated.blocks, slice.allocated.bytes, slice.frees,
                        process, marks.empty() ? "" : Quoted(marks));
  }
  return text;
}

Json TimelineReport::ToJson(Json selector) const {
  Json json = Envelope("timeline", trace_);
  json["selector"] = std::move(selector);
  json["from_ns"] = line_.from_ns;
  json["to_ns"] = line_.to_ns;
  json["slice_ns"] = line_.slice_ns;
  json["peak_bytes"] = line_.peak_bytes;
  json["peak_time_ns"] = line_.peak_time_ns;
  json["allocated"] = report::ToJson(line_.allocated);
  json["frees"] = line_.frees;
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < line_.slices.size(); ++i) {
    const TimelineSlice& slice = line_.slices[i];
    json["rows"].push_back({{"start_ns", line_.StartOf(i)},
                            {"highest_bytes", slice.highest_bytes},
                            {"highest_time_ns", slice.highest_time_ns},
                            {"live", report::ToJson(slice.live)},
                            {"allocated", report::ToJson(slice.allocated)},
                            {"frees", slice.frees},
                            {"process_bytes", KnownOrNull(process_bytes_[i])}});
  }
  json["marks"] = Json::array();
  for (const aggregate::MarkAmounts& amounts : line_.marks) {
    const model::Mark& mark = trace_.marks.at(amounts.mark);
    json["marks"].push_back({{"name", mark.name},
                             {"time_ns", mark.time_ns},
                             {"thread", mark.thread},
                             {"live", report::ToJson(amounts.live)},
                             {"peak_until_then_bytes", amounts.peak_bytes},
                             {"process_bytes", KnownOrNull(ResidentAtMark(trace_, mark))}});
  }
  return json;
}

}  // namespace memtrace::report
