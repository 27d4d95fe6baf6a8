// SPDX-License-Identifier: MIT
// `memtrace info`: options in, an InfoReport out.
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/report/info.h"

namespace memtrace::cli {
namespace {

constexpr const char* kInfoExamples = R"(Examples:
  memtrace info app.mtr          what is in the file, how large, how well compressed
  memtrace info --json app.mtr   all modules, threads, notes and damaged places)";

int RunInfo(const ReaderOptions& options) {
  return RunReaderCommand(options, [&](OpenTrace& open) -> Result<Output> {
    const report::EventCounts events = open.Pass([](reader::TraceReader& reader, const auto& progress) {
      return report::CountEvents(reader, progress);
    });
    const report::InfoReport info(open.trace(), events);
    return Output{options.json ? report::ToText(info.ToJson()) : info.Text(open.render()), 0, {}};
  });
}

}  // namespace

void AddInfoCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("info", "The trace file itself: contents, sizes, damage");
  const auto options = std::make_shared<ReaderOptions>();
  AddReaderOptions(command, *options);
  command.footer(kInfoExamples);
  command.callback([options, &exit_code] { exit_code = RunInfo(*options); });
}

}  // namespace memtrace::cli
