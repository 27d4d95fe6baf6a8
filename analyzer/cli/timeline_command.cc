// SPDX-License-Identifier: MIT
// `memtrace timeline`: options in, a TimelineReport out.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/report/timeline.h"
#include "analyzer/report/timeline_chart.h"

namespace memtrace::cli {
namespace {

struct TimelineArguments {
  ReaderOptions reader;
  std::string domain = "heap";
  std::string from;
  std::string to;
  std::size_t columns = 0;  // of the picture; 0: as the terminal has room for
  std::size_t rows = 16;
  std::size_t slices = 1000;
  bool ascii = false;
  bool svg = false;
  bool csv = false;
};

constexpr std::size_t kColumnsWithoutTerminal = 72;
constexpr std::size_t kFewestColumns = 16;

constexpr const char* kExamples = R"(Examples:
  memtrace timeline                            live memory over time, with marks, as wide as the terminal
  memtrace timeline --x 100 --y 30 app.mtr     a larger picture
  memtrace timeline --from 1.5s --to 2s        a part of it; also between marks: --from loaded --to done
  memtrace timeline --svg -o app.svg           a picture for a report or a wiki
  memtrace timeline --csv --slices 5000        for a spreadsheet; each slice has its exact maximum)";

Result<aggregate::Query> ToQuery(const TimelineArguments& arguments, const model::Trace& trace) {
  aggregate::Query query;
  if (arguments.domain == "mapped") {
    query.domain = aggregate::Domain::kMapped;
  } else if (arguments.domain != "heap") {
    return Error{ErrorCode::kUsage,
                 fmt::format("--domain \"{}\" is not known: heap or mapped", arguments.domain)};
  }
  for (const auto& [text, end] :
       {std::pair(&arguments.from, &query.from), std::pair(&arguments.to, &query.to)}) {
    if (text->empty()) continue;
    Result<aggregate::Moment> moment = aggregate::ParseMoment(*text, trace);
    if (!moment) return moment.error();
    *end = *moment;
  }
  return query;
}

std::size_t ColumnsFor(const TimelineArguments& arguments, const report::RenderOptions& render) {
  if (arguments.columns > 0) return arguments.columns;
  if (render.columns == 0) return kColumnsWithoutTerminal;
  return std::max(render.columns, report::kChartAxisColumns + kFewestColumns) - report::kChartAxisColumns;
}

int RunTimeline(const TimelineArguments& arguments) {
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    Result<aggregate::Query> query = ToQuery(arguments, open.trace());
    if (!query) return query.error();
    const bool is_picture = !arguments.svg && !arguments.csv && !arguments.reader.json;
    const std::size_t columns = ColumnsFor(arguments, open.render());
    const aggregate::TimelineRequest request{*query, is_picture ? columns : arguments.slices};
    const aggregate::Timeline line = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildTimeline(reader, request, progress);
    });
    const report::TimelineReport report(open.trace(), line);
    if (arguments.svg) return Output{report.Svg(), 0, {}};
    if (arguments.csv) return Output{report.Csv(), 0, {}};
    if (arguments.reader.json) {
      return Output{
          report::ToText(report.ToJson({{"domain", arguments.domain}, {"slices", arguments.slices}})), 0, {}};
    }
    return Output{report.Text(open.render(), {arguments.rows, arguments.ascii}, columns), 0, {}};
  });
}

}  // namespace

void AddTimelineCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("timeline", "Memory over time, as a picture or as numbers");
  const auto arguments = std::make_shared<TimelineArguments>();
  AddReaderOptions(command, arguments->reader);
  command
      .add_option("--from", arguments->from, "Begin of the time shown: a time (1.5s), a mark, peak or end")
      ->type_name("WHEN");
  command.add_option("--to", arguments->to, "End of the time shown")->type_name("WHEN");
  command.add_option("--domain", arguments->domain, "heap, or mapped: the program's own mmap and brk calls")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--x", arguments->columns, "Columns of the picture [as the terminal has, else 72]")
      ->type_name("N")
      ->check(NumberFrom(1, 10000));
  command.add_option("--y", arguments->rows, "Rows of the picture")
      ->type_name("N")
      ->check(NumberFrom(1, 1000))
      ->capture_default_str();
  command.add_flag("--ascii", arguments->ascii, "Draw as ms_print does, with : @ # and .");
  const auto formats = command.get_option("--json");
  CLI::Option* svg = command.add_flag("--svg", arguments->svg, "An SVG picture that needs nothing else");
  command.add_flag("--csv", arguments->csv, "One line a slice")->excludes(svg)->excludes(formats);
  svg->excludes(formats);
  command.add_option("--slices", arguments->slices, "Slices of time for --svg, --csv and --json")
      ->type_name("N")
      ->check(NumberFrom(1, 1000000))
      ->capture_default_str();
  command.footer(kExamples);
  command.callback([arguments, &exit_code] { exit_code = RunTimeline(*arguments); });
}

}  // namespace memtrace::cli
