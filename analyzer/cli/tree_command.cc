// SPDX-License-Identifier: MIT
// `memtrace tree`: options in, a TreeReport out.
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/tree.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

struct TreeArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::string metric = "live";
  std::string by = "function";
  bool inverted = false;
  std::size_t depth = 0;
  double min_percent = 1.0;
};

constexpr const char* kTreeExamples = R"(Examples:
  memtrace tree                              from main down to what held the memory at the peak
  memtrace tree --inverted --metric total    the places that allocate the most, and who calls them
  memtrace tree --show-from Index:: --depth 4   only what is below Index, four levels of it
  memtrace tree --min-percent 0.1 --at end   also branches of a thousandth

A caller that only passes on what it calls has no numbers. "own" is allocated by the function itself; std:: and
allocation wrappers count as their callers (--no-skip shows them).)";

Result<report::TreeOptions> ToOptions(const TreeArguments& arguments) {
  Result<report::Metric> metric = report::ParseMetric(arguments.metric);
  if (!metric) return metric.error();
  if (!arguments.selectors.at.empty() && *metric != report::Metric::kLive) {
    return Error{
        ErrorCode::kUsage,
        fmt::format("--at chooses the moment of --metric live; --metric {} has none", arguments.metric)};
  }
  const std::vector<std::string> by_names = {"function", "line"};
  if (arguments.by != by_names[0] && arguments.by != by_names[1]) {
    return Error{ErrorCode::kUsage, fmt::format("--by \"{}\" is not known: {}{}", arguments.by,
                                                ListOf(by_names), DidYouMean(arguments.by, by_names))};
  }
  report::TreeOptions options;
  options.tree = {*metric, !arguments.selectors.no_skip, arguments.inverted, arguments.by == by_names[1]};
  options.depth = arguments.depth;
  options.min_percent = arguments.min_percent;
  options.stacks = arguments.selectors.stacks;
  return options;
}

int RunTree(const TreeArguments& arguments) {
  Result<report::TreeOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    Result<aggregate::Profile> profile = selectors->Profile(open);
    if (!profile) return profile.error();
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    Result<report::TreeReport> tree = report::TreeReport::Build(open.trace(), *profile, stacks, *options);
    if (!tree) return tree.error();
    std::string text = arguments.reader.json ? report::ToText(tree->ToJson()) : tree->Text(open.render());
    return Output{std::move(text), 0, stacks.problems()};
  });
}

}  // namespace

void AddTreeCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("tree", "Who called whom for the memory, as a tree");
  const auto arguments = std::make_shared<TreeArguments>();
  AddReaderOptions(command, arguments->reader);
  command.add_option("--metric", arguments->metric, "live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_flag("--inverted", arguments->inverted, "Callers below what they call");
  command.add_option("--by", arguments->by, "function, or line: calls from different lines stay apart")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--depth", arguments->depth, "Levels of calls to show; 0: all")
      ->type_name("N")
      ->check(DigitsOnly())
      ->capture_default_str();
  command
      .add_option("--min-percent", arguments->min_percent,
                  "Branches with less of what is selected are only counted")
      ->type_name("P")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  AddSelectorOptions(command, arguments->selectors);
  command.footer(kTreeExamples);
  command.callback([arguments, &exit_code] { exit_code = RunTree(*arguments); });
}

}  // namespace memtrace::cli
