// SPDX-License-Identifier: MIT
// `memtrace top`: options in, a TopReport out.
#include "analyzer/cli/top_command.h"

#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/top.h"

namespace memtrace::cli {
namespace {

struct TopArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::string by = "line";
  std::string metric = "live";
  std::size_t limit = 10;
  bool cumulative = false;
  bool plain = false;
};

constexpr const char* kTopExamples = R"(Examples:
  memtrace top                                  the ten lines that held the most at the peak
  memtrace top -n 20 --by function app.mtr      twenty functions
  memtrace top --metric temporary               where blocks live for no time at all
  memtrace top --at 'Result iteration end'      what was live at a mark; or at a time: --at 1.5s
  memtrace top --focus Index:: --ignore libpq   stacks through Index, but not through libpq
  memtrace top --from loaded --to done          what was allocated between two marks and is still there
  memtrace top --by size --lifetime 60s:        how large the blocks are that live for a minute or longer
  memtrace top --cum --by function              each function with all that it calls
  memtrace top --plain | grep src/              tracemalloc's lines)";

Result<report::TopOptions> ToOptions(const TopArguments& arguments) {
  Result<report::Metric> metric = report::ParseMetric(arguments.metric);
  if (!metric) return metric.error();
  Result<report::GroupBy> by = report::ParseGroupBy(arguments.by);
  if (!by) return by.error();
  if (!arguments.selectors.at.empty() && *metric != report::Metric::kLive) {
    return Error{
        ErrorCode::kUsage,
        fmt::format("--at chooses the moment of --metric live; --metric {} has none", arguments.metric)};
  }
  using report::GroupBy;
  if (arguments.cumulative &&
      (*by == GroupBy::kTraceback || *by == GroupBy::kThread || *by == GroupBy::kSize)) {
    return Error{ErrorCode::kUsage,
                 fmt::format("--cum credits lines, files, functions or modules; --by {} has no callers",
                             arguments.by)};
  }
  report::TopOptions options;
  options.rows = {*by, *metric, !arguments.selectors.no_skip, arguments.cumulative};
  options.limit = arguments.limit;
  options.stacks = arguments.selectors.stacks;
  return options;
}

int RunTop(const TopArguments& arguments) {
  Result<report::TopOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    const bool by_size = options->rows.by == report::GroupBy::kSize;
    Result<aggregate::Profile> profile = selectors->Profile(open, by_size);
    if (!profile) return profile.error();
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    Result<report::TopReport> top = report::TopReport::Build(open.trace(), *profile, stacks, *options);
    if (!top) return top.error();
    std::string text = arguments.reader.json ? report::ToText(top->ToJson())
                       : arguments.plain     ? top->PlainText()
                                             : top->Text(open.render());
    return Output{std::move(text), 0, stacks.problems()};
  });
}

}  // namespace

void AddTopCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("top", "The places that hold the most memory");
  const auto arguments = std::make_shared<TopArguments>();
  AddReaderOptions(command, arguments->reader);
  AddLimitOption(command, arguments->limit, "Rows to show");
  command.add_option("--by", arguments->by, "line, file, function, module, traceback, thread or size")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--metric", arguments->metric, "live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_flag("--cum,--cumulative", arguments->cumulative,
                   "Credit each function, line, ... with all that it calls; once a stack, as pprof does");
  command.add_flag("--plain", arguments->plain, "One line a row, as Python's tracemalloc prints it");
  AddSelectorOptions(command, arguments->selectors);
  command.footer(kTopExamples);
  command.callback([arguments, &exit_code] { exit_code = RunTop(*arguments); });
}

int ReportTop(const std::string& trace, int fd) {
  TopArguments arguments;
  arguments.reader.trace = trace;
  arguments.reader.output_fd = fd;
  return RunTop(arguments);
}

}  // namespace memtrace::cli
