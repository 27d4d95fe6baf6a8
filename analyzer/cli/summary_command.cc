// SPDX-License-Identifier: MIT
// `memtrace summary`: options in, a SummaryReport out.
#include <memory>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/reader/live_memory.h"
#include "analyzer/report/summary.h"

namespace memtrace::cli {
namespace {

constexpr const char* kSummaryExamples = R"(Examples:
  memtrace summary                  the newest recording of this folder, also one that still runs
  memtrace summary --json app.mtr   the same figures for scripts)";

int RunSummary(const ReaderOptions& options) {
  return RunReaderCommand(options, [&](OpenTrace& open) -> Result<Output> {
    open.Pass([](reader::TraceReader& reader, const auto&) { reader::AddLiveMemory(reader); });
    aggregate::ProcessMemoryWatch watch(open.trace(), aggregate::HighestAndLastReading(open.trace()), true);
    const aggregate::Profile profile = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      const aggregate::Query query{.moment = *aggregate::ParseMoment("peak", open.trace())};
      return aggregate::BuildProfile(reader, query, progress, &watch);
    });
    report::SymbolizedStacks stacks(open.trace(), open.Symbols());
    std::vector<aggregate::PythonHeap> python;
    if (aggregate::HasPythonBlocks(open.trace())) {
      const std::vector<std::uint64_t> times_ns = {profile.peak_time_ns, open.trace().info.duration_ns};
      python = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
        return aggregate::PythonHeapAt(reader, times_ns, progress);
      });
    }
    const report::SummaryReport summary(open.trace(), profile, stacks, watch.splits(), std::move(python));
    std::string text =
        options.json ? report::ToText(summary.ToJson(open.render())) : summary.Text(open.render());
    return Output{std::move(text), 0, stacks.problems()};
  });
}

}  // namespace

void AddSummaryCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("summary", "One screen: heap, process memory, marks, the largest lines");
  const auto options = std::make_shared<ReaderOptions>();
  AddReaderOptions(command, *options);
  command.footer(kSummaryExamples);
  command.callback([options, &exit_code] { exit_code = RunSummary(*options); });
}

}  // namespace memtrace::cli
