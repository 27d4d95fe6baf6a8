// SPDX-License-Identifier: MIT
// `memtrace timeline`: options in, a TimelineReport out.
#include <algorithm>
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/report/timeline.h"
#include "analyzer/report/timeline_chart.h"

namespace memtrace::cli {
namespace {

struct TimelineArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
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
  memtrace timeline --size 1MiB: --thread worker-1 only large blocks of one thread
  memtrace timeline --focus libpq              only what libpq asked for, or was asked for inside it
  memtrace timeline --svg -o app.svg           a picture for a report or a wiki
  memtrace timeline --csv --slices 5000        for a spreadsheet; each slice has its exact maximum)";

// The range is the time shown: it does not choose blocks.
std::string SelectedText(aggregate::Query query, const model::Trace& trace) {
  query.from.reset();
  query.to.reset();
  return report::BlocksSelectedText(query, trace);
}

report::Json SelectorOf(const TimelineArguments& arguments, const aggregate::Query& query) {
  aggregate::Profile asked;
  asked.query = query;
  report::Json json = report::SelectorJson(asked, arguments.selectors.stacks);
  json.erase("at");
  json.erase("at_ns");
  json["slices"] = arguments.slices;
  return json;
}

std::size_t ColumnsFor(const TimelineArguments& arguments, const report::RenderOptions& render) {
  if (arguments.columns > 0) return arguments.columns;
  if (render.columns == 0) return kColumnsWithoutTerminal;
  return std::max(render.columns, report::kChartAxisColumns + kFewestColumns) - report::kChartAxisColumns;
}

int RunTimeline(const TimelineArguments& arguments) {
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    const Result<aggregate::Query> query = selectors->QueryOfStacks(open, stacks);
    if (!query) return query.error();
    const bool is_picture = !arguments.svg && !arguments.csv && !arguments.reader.json;
    const std::size_t columns = ColumnsFor(arguments, open.render());
    const aggregate::TimelineRequest request{*query, is_picture ? columns : arguments.slices};
    const aggregate::Timeline line = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildTimeline(reader, request, progress);
    });
    const report::TimelineReport report(open.trace(), line);
    Output output;
    output.problems = stacks.problems();
    if (arguments.svg) {
      output.text = report.Svg();
    } else if (arguments.csv) {
      output.text = report.Csv();
    } else if (arguments.reader.json) {
      output.text = report::ToText(report.ToJson(SelectorOf(arguments, *query)));
    } else {
      const report::TimelineTextOptions options{arguments.rows, arguments.ascii,
                                                SelectedText(*query, open.trace())};
      output.text = report.Text(open.render(), options, columns);
    }
    return output;
  });
}

}  // namespace

void AddTimelineCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("timeline", "Memory over time, as a picture or as numbers");
  const auto arguments = std::make_shared<TimelineArguments>();
  AddReaderOptions(command, arguments->reader);
  command
      .add_option("--from", arguments->selectors.from,
                  "Begin of the time shown: a time (1.5s), a mark, peak or end")
      ->type_name("WHEN");
  command.add_option("--to", arguments->selectors.to, "End of the time shown")->type_name("WHEN");
  AddBlockSelectors(command, arguments->selectors);
  AddStackSelectors(command, arguments->selectors);
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
