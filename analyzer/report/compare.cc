// SPDX-License-Identifier: MIT
// One set of cells, three ways of writing a table.
#include "analyzer/report/compare.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analyzer/report/command_text.h"
#include "analyzer/report/process_memory.h"
#include "analyzer/report/process_split.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/timeline.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

const std::vector<std::string>& Titles() {
  static const std::vector<std::string> titles = {"run",
                                                  "time",
                                                  "process memory",
                                                  "peak heap",
                                                  "not freed",
                                                  "allocated in total",
                                                  "allocations",
                                                  "main source at the peak"};
  return titles;
}

std::vector<std::string> CellsOf(const RunFigures& run) {
  return {Printable(run.name),
          FormatTime(run.trace->info.duration_ns),
          KnownSize(run.process_peak_bytes),
          Size(run.peak.bytes),
          Size(run.not_freed.bytes),
          Size(run.total.bytes),
          FormatGrouped(run.total.blocks),
          run.main_source};
}

// "posting.cpp:88", "PQgetResult in libpq.so.5, from result.cc:19".
std::string SourceText(const Row& row, const RenderOptions& render) {
  std::string text = PlaceText(row.frame, render);
  if (!row.frame.has_line() && !row.callers.empty()) {
    text += ", from " + PlaceText(row.callers.front().frame, render);
  }
  return text;
}

// In a cell of a Markdown table a bar would end the cell.
std::string MarkdownCell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '<' || c == '*' || c == '_' || c == '`') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string CsvCell(const std::string& text) {
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? std::string("\"\"") : std::string(1, c);
  return cell + "\"";
}

std::string CsvNumber(std::uint64_t value) {
  return value == format::kUnknown ? "" : std::to_string(value);
}

// Length of what all texts begin with.
std::size_t CommonStart(const std::vector<std::string>& texts) {
  std::size_t length = texts.front().size();
  for (const std::string& text : texts) {
    const auto end =
        std::mismatch(text.begin(), text.end(), texts.front().begin(), texts.front().end()).first;
    length = std::min(length, static_cast<std::size_t>(end - text.begin()));
  }
  return length;
}

Plot PlotOf(std::string title, const std::vector<RunFigures>& runs) {
  Plot plot;
  plot.title = std::move(title);
  plot.subtitle = runs.size() == 1 ? CommandText(runs.front().trace->info)
                                   : fmt::format("{} runs, each from its own start", runs.size());
  return plot;
}

bool IsSeparator(char c) {
  return c == '/' || c == '-' || c == '_' || c == '.' || c == ' ';
}

}  // namespace

Result<RunFigures> FiguresOf(std::string name, const model::Trace& trace, const aggregate::Profile& profile,
                             StackSource& source, const SourceChoice& choice, const RenderOptions& render) {
  Result<StackFilter> filter = StackFilter::Create(choice.stacks);
  if (!filter) return filter.error();
  RunFigures run;
  run.name = std::move(name);
  run.trace = &trace;
  run.process_peak_bytes = ProcessMemoryOf(trace).resident_peak_bytes;
  run.peak = profile.peak;
  run.not_freed = profile.not_freed;
  run.total = profile.total;
  run.temporary = profile.temporary;
  const RowSet rows =
      BuildRows(profile, source, *filter, {GroupBy::kLine, Metric::kPeak, choice.skip, false});
  if (!rows.rows.empty()) {
    run.main_source = SourceText(rows.rows.front(), render);
    run.main_source_bytes = rows.rows.front().amounts.peak.bytes;
  }
  return run;
}

std::string CompareReport::Text(const RenderOptions& render) const {
  Table table({{Titles()[0], Align::kLeft},
               {Titles()[1]},
               {Titles()[2]},
               {Titles()[3]},
               {Titles()[4]},
               {Titles()[5]},
               {Titles()[6]},
               {Titles()[7], Align::kLeft, true}});
  for (const RunFigures& run : runs_) table.Add(CellsOf(run));
  return table.Text(render.columns);
}

std::string CompareReport::Markdown() const {
  std::string text = fmt::format("| {} |\n|", fmt::join(Titles(), " | "));
  for (std::size_t i = 0; i < Titles().size(); ++i) {
    text += i == 0 || i + 1 == Titles().size() ? "---|" : "---:|";
  }
  text += "\n";
  for (const RunFigures& run : runs_) {
    text += "|";
    for (const std::string& cell : CellsOf(run)) text += " " + MarkdownCell(cell) + " |";
    text += "\n";
  }
  return text;
}

namespace {

struct CauseTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;  // a run each: its name, then a cell a title
};

// Causes that no run has are left out. A chosen moment is another one in each run: the readings' times are
// told.
CauseTable CausesOf(const std::vector<RunFigures>& runs, bool with_times) {
  CauseTable table;
  std::vector<const ProcessCause*> shown;
  for (const ProcessCause& cause : ProcessCauses()) {
    const bool is_unexplained = std::string_view(cause.key) == "unexplained";
    const bool has_some = std::any_of(runs.begin(), runs.end(), [&](const RunFigures& run) {
      return run.process && cause.bytes(run.process->parts) > 0;
    });
    if (!has_some && !is_unexplained) continue;
    shown.push_back(&cause);
    table.titles.emplace_back(cause.title);
  }
  table.titles.emplace_back("all");
  if (with_times) table.titles.emplace_back("read at");
  for (const RunFigures& run : runs) {
    std::vector<std::string> cells = {Printable(run.name)};
    for (const ProcessCause* cause : shown) {
      cells.push_back(run.process ? Size(cause->bytes(run.process->parts)) : "");
    }
    cells.push_back(run.process ? Size(run.process->parts.total()) : "unknown");
    if (with_times)
      cells.push_back(run.process ? ReadingTimeText(run.process->time_ns, run.process->moment_ns) : "");
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

std::string CompareReport::CausesText(const RenderOptions& render) const {
  const CauseTable causes = CausesOf(runs_, !process_moment_.empty());
  // Runs stand side by side: there are more causes than fit beside each other.
  const std::string head = process_moment_.empty() ? "at the highest reading" : Printable(process_moment_);
  std::vector<Table::Column> columns = {{head, Align::kLeft}};
  for (const auto& run : causes.rows) columns.push_back({run.front()});
  Table table(std::move(columns));
  for (std::size_t i = 0; i < causes.titles.size(); ++i) {
    std::vector<std::string> cells = {causes.titles[i]};
    for (const auto& run : causes.rows) cells.push_back(run[i + 1]);
    table.Add(std::move(cells));
  }
  return table.Text(render.columns);
}

std::string CompareReport::CausesMarkdown() const {
  const CauseTable causes = CausesOf(runs_, !process_moment_.empty());
  const std::string head =
      process_moment_.empty() ? "run" : MarkdownCell("run, " + Printable(process_moment_));
  std::string text = fmt::format("| {} | {} |\n|---|", head, fmt::join(causes.titles, " | "));
  for (std::size_t i = 0; i < causes.titles.size(); ++i) text += "---:|";
  text += "\n";
  for (const auto& run : causes.rows) {
    text += "|";
    for (const std::string& cell : run) text += " " + MarkdownCell(cell) + " |";
    text += "\n";
  }
  return text;
}

std::string CompareReport::Csv(bool with_causes) const {
  std::string text =
      "run,trace,seconds,process_peak_bytes,peak_bytes,peak_blocks,not_freed_bytes,not_freed_blocks,"
      "total_bytes,allocations,temporary,main_source,main_source_bytes";
  if (with_causes) {
    text += ",process_read_at_seconds,process_bytes";
    for (const ProcessCause& cause : ProcessCauses()) text += fmt::format(",{}_bytes", cause.key);
  }
  text += "\n";
  for (const RunFigures& run : runs_) {
    text += fmt::format(
        "{},{},{:.9f},{},{},{},{},{},{},{},{},{},{}", CsvCell(run.name), CsvCell(run.trace->info.path),
        static_cast<double>(run.trace->info.duration_ns) * 1e-9, CsvNumber(run.process_peak_bytes),
        run.peak.bytes, run.peak.blocks, run.not_freed.bytes, run.not_freed.blocks, run.total.bytes,
        run.total.blocks, run.temporary.blocks, CsvCell(run.main_source), run.main_source_bytes);
    if (with_causes && run.process) {
      text += fmt::format(",{:.9f},{}", static_cast<double>(run.process->time_ns) * 1e-9,
                          run.process->parts.total());
      for (const ProcessCause& cause : ProcessCauses())
        text += fmt::format(",{}", cause.bytes(run.process->parts));
    } else if (with_causes) {
      text += std::string(ProcessCauses().size() + 2, ',');
    }
    text += "\n";
  }
  return text;
}

Json CompareReport::ToJson() const {
  Json json = Envelope("compare", *runs_.front().trace);
  json["selector"] = selector_;
  json["rows"] = Json::array();
  for (const RunFigures& run : runs_) {
    Json row = {{"name", run.name}};
    row["trace"] = Envelope("compare", *run.trace)["trace"];
    row["process_peak_bytes"] = KnownOrNull(run.process_peak_bytes);
    row["process_causes"] = nullptr;
    row["process_causes_time_ns"] = nullptr;
    if (run.process) {
      row["process_causes"] = Json::object();
      for (const ProcessCause& cause : ProcessCauses()) {
        row["process_causes"][cause.key] = cause.bytes(run.process->parts);
      }
      row["process_causes_time_ns"] = run.process->time_ns;
    }
    row["peak"] = report::ToJson(run.peak);
    row["not_freed"] = report::ToJson(run.not_freed);
    row["total"] = report::ToJson(run.total);
    row["temporary"] = report::ToJson(run.temporary);
    row["main_source"] = run.main_source.empty() ? Json(nullptr) : Json(run.main_source);
    row["main_source_bytes"] = run.main_source_bytes;
    json["rows"].push_back(std::move(row));
  }
  return json;
}

std::string CompareHeapSvg(const std::vector<RunFigures>& runs,
                           const std::vector<aggregate::Timeline>& lines) {
  Plot plot = PlotOf("Live heap over time", runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    plot.series.push_back(
        HighestCurve(lines[i], fmt::format("{}: at most {}", runs[i].name, Size(runs[i].peak.bytes))));
    plot.to_ns = std::max(plot.to_ns, lines[i].to_ns);
  }
  return SvgText(plot);
}

std::string CompareProcessSvg(const std::vector<RunFigures>& runs) {
  Plot plot = PlotOf("Process memory over time", runs);
  for (const RunFigures& run : runs) {
    PlotSeries series;
    series.name = fmt::format("{}: at most {}", run.name, KnownSize(run.process_peak_bytes));
    for (const model::Checkpoint& checkpoint : run.trace->checkpoints) {
      if (checkpoint.resident != format::kUnknown)
        series.points.push_back({checkpoint.time_ns, checkpoint.resident});
    }
    if (!series.points.empty()) plot.to_ns = std::max(plot.to_ns, series.points.back().time_ns);
    plot.series.push_back(std::move(series));
  }
  return SvgText(plot);
}

std::vector<std::string> ShortNames(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    names.push_back(path.ends_with(".mtr") ? path.substr(0, path.size() - 4) : path);
  }
  if (names.size() == 1) return {names.front().substr(names.front().rfind('/') + 1)};
  // Whole words only: "sqlite-batched" and "sqlite-b" share "sqlite-".
  std::size_t start = CommonStart(names);
  while (start > 0 && !IsSeparator(names.front()[start - 1])) --start;
  std::vector<std::string> reversed;
  for (const std::string& name : names) {
    const std::string rest = name.substr(start);
    reversed.emplace_back(rest.rbegin(), rest.rend());
  }
  std::size_t end = CommonStart(reversed);
  while (end > 0 && !IsSeparator(reversed.front()[end - 1])) --end;
  const bool is_one_empty = std::any_of(reversed.begin(), reversed.end(),
                                        [end](const std::string& name) { return name.size() == end; });
  if (is_one_empty) end = 0;
  std::vector<std::string> shortened;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string rest = names[i].substr(start);
    shortened.push_back(rest.empty() ? names[i].substr(names[i].rfind('/') + 1)
                                     : rest.substr(0, rest.size() - end));
  }
  return shortened;
}

}  // namespace memtrace::report
