// SPDX-License-Identifier: MIT
// `memtrace diff`: options in, a DiffReport out.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/diff.h"

namespace memtrace::cli {
namespace {

struct DiffArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::vector<std::string> traces;
  std::vector<std::string> at;
  std::string by = "line";
  std::string metric = "live";
  std::size_t limit = 10;
  bool normalize = false;
  bool plain = false;
};

constexpr const char* kDiffExamples = R"(Examples:
  memtrace diff before.mtr after.mtr             what holds more or less at the peak than it did before
  memtrace diff --metric count a.mtr b.mtr       allocations made; also total, not-freed, temporary
  memtrace diff app.mtr --at loaded --at done    two moments of one recording: marks, times, peak, end
  memtrace diff --at end a.mtr b.mtr             the same moment of both
  memtrace diff --normalize a.mtr b.mtr          runs of different length: changes of shares
  memtrace diff --plain a.mtr b.mtr | grep src/  the lines of tracemalloc's compare_to

Lines are matched by their function and the line within it, so that an edited file still lines up.)";

Result<report::DiffOptions> ToOptions(const DiffArguments& arguments) {
  Result<report::Metric> metric = report::ParseMetric(arguments.metric);
  if (!metric) return metric.error();
  Result<report::GroupBy> by = report::ParseGroupBy(arguments.by);
  if (!by) return by.error();
  if (!arguments.at.empty() && *metric != report::Metric::kLive) {
    return Error{
        ErrorCode::kUsage,
        fmt::format("--at chooses the moment of --metric live; --metric {} has none", arguments.metric)};
  }
  if (arguments.traces.size() == 1 && arguments.at.size() != 2) {
    return Error{ErrorCode::kUsage,
                 "one trace is compared at two moments: give --at twice, or a second trace to compare with"};
  }
  if (arguments.traces.size() > 2 || arguments.at.size() > 2) {
    return Error{ErrorCode::kUsage, "two things are compared: more than two traces are for memtrace compare"};
  }
  report::DiffOptions options;
  options.rows = {*by, *metric, !arguments.selectors.no_skip, false};
  options.limit = arguments.limit;
  options.stacks = arguments.selectors.stacks;
  options.normalize = arguments.normalize;
  return options;
}

// The selectors of one side: they differ in their moment.
Result<Selectors> SelectorsAt(const DiffArguments& arguments, std::size_t side) {
  SelectorOptions options = arguments.selectors;
  if (!arguments.at.empty()) options.at = arguments.at[std::min(side, arguments.at.size() - 1)];
  return Selectors::Parse(options);
}

std::vector<std::string> Joined(std::vector<std::string> lines, const std::vector<std::string>& more) {
  for (const std::string& line : more) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

int RunDiff(const DiffArguments& arguments) {
  Result<report::DiffOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  Result<Selectors> before_selectors = SelectorsAt(arguments, 0);
  if (!before_selectors) return FailWith(before_selectors.error());
  Result<Selectors> after_selectors = SelectorsAt(arguments, 1);
  if (!after_selectors) return FailWith(after_selectors.error());
  return RunTracesCommand(
      arguments.reader, arguments.traces, [&](std::vector<OpenTrace>& traces) -> Result<Output> {
        OpenTrace& before = traces.front();
        OpenTrace& after = traces.back();
        const bool by_size = options->rows.by == report::GroupBy::kSize;
        Result<aggregate::Profile> before_profile = before_selectors->Profile(before, by_size);
        if (!before_profile) return before_profile.error();
        Result<aggregate::Profile> after_profile = after_selectors->Profile(after, by_size);
        if (!after_profile) return after_profile.error();
        report::SymbolizedStacks before_stacks = before_selectors->Stacks(before);
        report::SymbolizedStacks own_stacks = after_selectors->Stacks(after);  // idle where it is one trace
        report::SymbolizedStacks& after_stacks = &before == &after ? before_stacks : own_stacks;
        Result<report::DiffReport> diff =
            report::DiffReport::Build({before.trace(), *before_profile, before_stacks},
                                      {after.trace(), *after_profile, after_stacks}, *options);
        if (!diff) return diff.error();
        std::string text = arguments.reader.json ? report::ToText(diff->ToJson())
                           : arguments.plain     ? diff->PlainText()
                                                 : diff->Text(after.render());
        return Output{std::move(text), 0, Joined(before_stacks.problems(), after_stacks.problems())};
      });
}

}  // namespace

void AddDiffCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("diff", "What became more or less, between two traces or moments");
  const auto arguments = std::make_shared<DiffArguments>();
  command.add_option("TRACE", arguments->traces, "The trace to compare with and the new one, or one trace")
      ->required()
      ->type_name("BEFORE [AFTER]");
  AddOutputOptions(command, arguments->reader);
  AddLimitOption(command, arguments->limit, "Rows to show");
  command.add_option("--by", arguments->by, "line, file, function, module, traceback, thread or size")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--metric", arguments->metric, "live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command
      .add_option("--at", arguments->at,
                  "Moment of both; twice: that of the first and that of the second [peak]")
      ->type_name("WHEN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);  // a trace's name behind it stays one
  command.add_flag("--normalize", arguments->normalize,
                   "Scale the second to the first's total: changes of shares");
  command.add_flag("--plain", arguments->plain, "One line a row, as tracemalloc's compare_to prints it");
  AddSelectorOptions(command, arguments->selectors, false);
  command.footer(kDiffExamples);
  command.callback([arguments, &exit_code] { exit_code = RunDiff(*arguments); });
}

}  // namespace memtrace::cli
