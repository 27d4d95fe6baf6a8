// SPDX-License-Identifier: MIT
// `memtrace top`: options in, a TopReport out.
#include "analyzer/cli/top_command.h"

#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/report/top.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

struct TopArguments {
  ReaderOptions reader;
  std::string by = "line";
  std::string metric = "live";
  std::string at;  // empty: peak
  std::string domain = "heap";
  std::size_t limit = 10;
  std::vector<std::string> focus;
  std::vector<std::string> ignore;
  bool no_skip = false;
  bool no_inlines = false;
  bool plain = false;
};

constexpr const char* kExamples = R"(Examples:
  memtrace top                                  the ten lines that held the most at the peak
  memtrace top -n 20 --by function app.mtr      twenty functions
  memtrace top --metric temporary               where blocks live for no time at all
  memtrace top --at 'Result iteration end'      what was live at a mark; or at a time: --at 1.5s
  memtrace top --focus Index:: --ignore libpq   stacks through Index, but not through libpq
  memtrace top --plain | grep src/              tracemalloc's lines)";

Result<aggregate::Domain> ParseDomain(const std::string& text) {
  const std::vector<std::string> names = {"heap", "mapped"};
  if (text == names[0]) return aggregate::Domain::kHeap;
  if (text == names[1]) return aggregate::Domain::kMapped;
  return Error{ErrorCode::kUsage, fmt::format("--domain \"{}\" is not known: {}{}", text, ListOf(names),
                                              DidYouMean(text, names))};
}

Result<report::TopOptions> ToOptions(const TopArguments& arguments) {
  Result<report::Metric> metric = report::ParseMetric(arguments.metric);
  if (!metric) return metric.error();
  Result<report::GroupBy> by = report::ParseGroupBy(arguments.by);
  if (!by) return by.error();
  if (!arguments.at.empty() && *metric != report::Metric::kLive) {
    return Error{
        ErrorCode::kUsage,
        fmt::format("--at chooses the moment of --metric live; --metric {} has none", arguments.metric)};
  }
  // Told before minutes are spent on reading the trace.
  if (Result<report::StackFilter> filter = report::StackFilter::Create(arguments.focus, arguments.ignore);
      !filter) {
    return filter.error();
  }
  report::TopOptions options;
  options.rows = {*by, *metric, !arguments.no_skip};
  options.limit = arguments.limit;
  options.focus = arguments.focus;
  options.ignore = arguments.ignore;
  return options;
}

int RunTop(const TopArguments& arguments) {
  Result<aggregate::Domain> domain = ParseDomain(arguments.domain);
  if (!domain) return FailWith(domain.error());
  Result<report::TopOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    Result<aggregate::Profile> profile = open.Profile(arguments.at.empty() ? "peak" : arguments.at, *domain);
    if (!profile) return profile.error();
    report::SymbolizedStacks stacks(open.trace(), open.Symbols(!arguments.no_inlines));
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
  command.add_option("--by", arguments->by, "line, file, function, module, traceback or thread")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--metric", arguments->metric, "live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command
      .add_option("--at", arguments->at,
                  "Moment for --metric live: peak, end, a time (1.5s) or a mark [peak]")
      ->type_name("WHEN");
  command
      .add_option("--focus", arguments->focus,
                  "Only stacks with a frame whose function, file or module matches")
      ->type_name("REGEX")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--ignore", arguments->ignore, "No stacks with such a frame")
      ->type_name("REGEX")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--domain", arguments->domain, "heap, or mapped: the program's own mmap and brk calls")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_flag("--no-skip", arguments->no_skip,
                   "Charge operator new, std:: and malloc wrappers themselves");
  command.add_flag("--no-inlines", arguments->no_inlines, "Do not unfold inlined calls; faster");
  command.add_flag("--plain", arguments->plain, "One line a row, as Python's tracemalloc prints it");
  command.footer(kExamples);
  command.callback([arguments, &exit_code] { exit_code = RunTop(*arguments); });
}

int ReportTop(const std::string& trace, int fd) {
  TopArguments arguments;
  arguments.reader.trace = trace;
  arguments.reader.output_fd = fd;
  return RunTop(arguments);
}

}  // namespace memtrace::cli
