// SPDX-License-Identifier: MIT
// `memtrace summary`: options in, a SummaryReport out.
#include <algorithm>
#include <memory>
#include <optional>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/reader/live_memory.h"
#include "analyzer/report/summary.h"

namespace memtrace::cli {
namespace {

constexpr const char* kSummaryExamples = R"(Examples:
  memtrace summary                  the newest recording of this folder, also one that still runs
  memtrace summary --json app.mtr   the same figures for scripts
  memtrace summary --at loaded      what process memory was at the mark "loaded", and the lines that held it
  memtrace summary --at 90s         the same, a minute and a half after the start

Process memory is that of the reading next to --at, whose time is said.)";

struct SummaryArguments {
  ReaderOptions reader;
  std::string at;  // empty: none
};

int RunSummary(const SummaryArguments& arguments) {
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    const Result<aggregate::Moment> moment =
        aggregate::ParseMoment(arguments.at.empty() ? "peak" : arguments.at, open.trace());
    if (!moment) return moment.error();
    open.Pass([](reader::TraceReader& reader, const auto&) { reader::AddLiveMemory(reader); });
    const std::vector<std::size_t> usual = aggregate::HighestAndLastReading(open.trace());
    std::optional<report::ChosenSplit> chosen;
    std::optional<std::size_t> chosen_reading;
    std::vector<std::size_t> readings = usual;
    if (!arguments.at.empty()) {
      chosen = {moment->label, open.TimeOf(*moment), std::nullopt};
      chosen_reading = aggregate::ReadingFor(open.trace(), chosen->time_ns);
      if (chosen_reading && std::find(usual.begin(), usual.end(), *chosen_reading) == usual.end())
        readings.push_back(*chosen_reading);
    }
    aggregate::ProcessMemoryWatch watch(open.trace(), readings, true);
    const aggregate::Profile profile = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildProfile(reader, {.moment = *moment}, progress, &watch);
    });
    std::vector<aggregate::ProcessSplit> splits;
    for (const std::size_t reading : usual) splits.push_back(watch.SplitOf(reading));
    if (chosen_reading) chosen->split = watch.SplitOf(*chosen_reading);
    report::SymbolizedStacks stacks(open.trace(), open.Symbols());
    std::vector<aggregate::PythonHeap> python;
    if (aggregate::HasPythonBlocks(open.trace())) {
      const std::vector<std::uint64_t> times_ns = {profile.peak_time_ns, open.trace().info.duration_ns};
      python = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
        return aggregate::PythonHeapAt(reader, times_ns, progress);
      });
    }
    const report::SummaryReport summary(open.trace(), profile, stacks, splits, std::move(python),
                                        std::move(chosen));
    std::string text =
        arguments.reader.json ? report::ToText(summary.ToJson(open.render())) : summary.Text(open.render());
    return Output{std::move(text), 0, stacks.problems()};
  });
}

}  // namespace

void AddSummaryCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("summary", "One screen: heap, process memory, marks, the largest lines");
  const auto arguments = std::make_shared<SummaryArguments>();
  AddReaderOptions(command, arguments->reader);
  command
      .add_option(
          "--at", arguments->at,
          "Process memory and the largest lines then: peak, end, a time (1.5s, 200ms) or a mark's name")
      ->type_name("WHEN");
  command.footer(kSummaryExamples);
  command.callback([arguments, &exit_code] { exit_code = RunSummary(*arguments); });
}

}  // namespace memtrace::cli
