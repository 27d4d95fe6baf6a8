// SPDX-License-Identifier: MIT
// `memtrace timeline`: options in, a TimelineReport out.
#include <algorithm>
#include <memory>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/process_timeline.h"
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
  bool process = false;
};

constexpr std::size_t kColumnsWithoutTerminal = 72;
constexpr std::size_t kFewestColumns = 16;

constexpr const char* kTimelineExamples = R"(Examples:
  memtrace timeline                            live memory over time, with marks, as wide as the terminal
  memtrace timeline --x 100 --y 30 app.mtr     a larger picture
  memtrace timeline --from 1.5s --to 2s        a part of it; also between marks: --from loaded --to done
  memtrace timeline --size 1MiB: --thread worker-1 only large blocks of one thread
  memtrace timeline --focus libpq              only what libpq asked for, or was asked for inside it
  memtrace timeline --process                  process memory, split by cause: live, kept, mapped, files …
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

// The range in nanoseconds. A peak is that of the heap.
Result<Output> ProcessTimeline(OpenTrace& open, const TimelineArguments& arguments, aggregate::Query query) {
  if (open.trace().memory.empty()) {
    return Error{ErrorCode::kUnreadable,
                 "this trace has no readings of process memory: it was recorded by an "
                 "earlier memtrace, or /proc was not there"};
  }
  open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    aggregate::ResolvePeaks(reader, query, progress);
  });
  const std::uint64_t duration_ns = open.trace().info.duration_ns;
  const auto time_of = [&](const std::optional<aggregate::Moment>& moment, std::uint64_t open_end) {
    return !moment                                          ? open_end
           : moment->kind == aggregate::Moment::Kind::kTime ? moment->time_ns
                                                            : duration_ns;
  };
  const std::uint64_t from_ns = time_of(query.from, 0);
  const std::uint64_t to_ns = time_of(query.to, duration_ns);
  const bool is_picture = !arguments.svg && !arguments.csv && !arguments.reader.json;
  const std::size_t columns = ColumnsFor(arguments, open.render());
  constexpr std::size_t kMostInPictures = 500;
  const std::size_t most = is_picture || arguments.svg ? kMostInPictures : arguments.slices;
  aggregate::ProcessMemoryWatch watch(open.trace(),
                                      report::ReadingsWithin(open.trace(), from_ns, to_ns, most), false);
  open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, {}, progress, &watch);
  });
  if (watch.splits().empty()) {
    return Error{ErrorCode::kUsage, "there is no reading of process memory in that time"};
  }
  const report::ProcessTimelineReport report(open.trace(), watch.splits(), from_ns, to_ns);
  if (arguments.svg) return Output{report.Svg(), 0, {}};
  if (arguments.csv) return Output{report.Csv(), 0, {}};
  if (arguments.reader.json)
    return Output{report::ToText(report.ToJson(SelectorOf(arguments, query))), 0, {}};
  return Output{report.Text(open.render(), columns, arguments.rows, arguments.ascii), 0, {}};
}

int RunTimeline(const TimelineArguments& arguments) {
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    const Result<aggregate::Query> query = selectors->QueryOfStacks(open, stacks);
    if (!query) return query.error();
    if (arguments.process) return ProcessTimeline(open, arguments, *query);
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
  command.add_flag(
      "--process", arguments->process,
      "Process memory by cause, stacked, instead of live memory: all of it, whatever is selected");
  const auto formats = command.get_option("--json");
  CLI::Option* svg = command.add_flag("--svg", arguments->svg, "An SVG picture that needs nothing else");
  command.add_flag("--csv", arguments->csv, "One line a slice")->excludes(svg)->excludes(formats);
  svg->excludes(formats);
  command.add_option("--slices", arguments->slices, "Slices of time for --svg, --csv and --json")
      ->type_name("N")
      ->check(NumberFrom(1, 1000000))
      ->capture_default_str();
  command.footer(kTimelineExamples);
  command.callback([arguments, &exit_code] { exit_code = RunTimeline(*arguments); });
}

}  // namespace memtrace::cli
