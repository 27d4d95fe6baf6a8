// SPDX-License-Identifier: MIT
// `memtrace stats`: options in, a StatsReport out.
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/stats.h"

namespace memtrace::cli {
namespace {

struct StatsArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::size_t limit = 10;
};

constexpr const char* kStatsExamples = R"(Examples:
  memtrace stats                          sizes, lifetimes, malloc or new, threads, wrong frees
  memtrace stats --focus Parser           of what goes through Parser
  memtrace stats --from loaded --to done  of what was allocated between two marks
  memtrace stats --thread 'worker*'       of what these threads allocated)";

int RunStats(const StatsArguments& arguments) {
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    Result<aggregate::Query> asked = selectors->QueryOf(open.trace());
    if (!asked) return asked.error();
    if (!aggregate::HasBlocks(asked->domain)) {
      return Error{ErrorCode::kUsage,
                   "stats is about blocks of the heap; for mappings: memtrace top --domain mapped"};
    }
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    Result<report::StackFilter> filter = report::StackFilter::Create(selectors->stacks());
    if (!filter) return filter.error();
    std::function<bool(model::NodeId)> keeps;
    if (selectors->stacks().is_any()) {
      keeps = [&](model::NodeId node) {
        return filter->Select(stacks.StackOf(node), selectors->skip()).has_value();
      };
    }
    aggregate::Query query;
    const aggregate::Statistics counts = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      query = *asked;
      aggregate::ResolvePeaks(reader, query, progress);
      return aggregate::BuildStatistics(reader, query, keeps, progress);
    });
    const report::StatsOptions options{arguments.limit, selectors->skip(), selectors->stacks()};
    const report::StatsReport stats(open.trace(), query, counts, stacks, options);
    std::string text = arguments.reader.json ? report::ToText(stats.ToJson()) : stats.Text(open.render());
    return Output{std::move(text), 0, stacks.problems()};
  });
}

}  // namespace

void AddStatsCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("stats", "What the blocks are like: sizes, lifetimes, threads, wrong frees");
  const auto arguments = std::make_shared<StatsArguments>();
  AddReaderOptions(command, arguments->reader);
  AddLimitOption(command, arguments->limit, "Threads and places of wrong frees to show");
  AddSelectorOptions(command, arguments->selectors, false);
  command.footer(kStatsExamples);
  command.callback([arguments, &exit_code] { exit_code = RunStats(*arguments); });
}

}  // namespace memtrace::cli
