// SPDX-License-Identifier: MIT
// `memtrace dump`: options in, a DumpReport out.
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/report/dump.h"

namespace memtrace::cli {
namespace {

struct DumpArguments {
  ReaderOptions reader;
  report::DumpOptions wanted = {false, false, false, false, 20, 0};
  std::string from;
};

constexpr const char* kDumpExamples = R"(Examples:
  memtrace dump app.mtr                              the first of everything: chunks, nodes, log, events
  memtrace dump --events --records 1000 app.mtr      a thousand events, over all threads by time
  memtrace dump --events --from 1.5s app.mtr         those from 1.5 s on
  memtrace dump --chunks --json app.mtr              where the parts of the file lie)";

int RunDump(const DumpArguments& arguments) {
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    report::DumpOptions options = arguments.wanted;
    if (!options.chunks && !options.nodes && !options.log && !options.events) {
      options.chunks = options.nodes = options.log = options.events = true;
    }
    if (!arguments.from.empty()) {
      Result<aggregate::Moment> from = aggregate::ParseMoment(arguments.from, open.trace());
      if (!from) return from.error();
      if (from->kind == aggregate::Moment::Kind::kPeak) {
        return Error{ErrorCode::kUsage, "--from: give a time or a mark"};
      }
      options.from_ns =
          from->kind == aggregate::Moment::Kind::kEnd ? open.trace().info.duration_ns : from->time_ns;
    }
    Result<std::vector<reader::ListedChunk>> chunks = reader::ListChunks(open.trace().info.path);
    if (!chunks) return chunks.error();
    const report::DumpReport dump = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return report::DumpReport(reader, std::move(*chunks), options, progress);
    });
    return Output{arguments.reader.json ? report::ToText(dump.ToJson()) : dump.Text(), 0, {}};
  });
}

}  // namespace

void AddDumpCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("dump", "A trace record by record, to debug it");
  const auto arguments = std::make_shared<DumpArguments>();
  AddReaderOptions(command, arguments->reader);
  command.add_option("-n,--records", arguments->wanted.records, "Records of each kind to show")
      ->type_name("N")
      ->check(DigitsOnly())
      ->capture_default_str();
  command.add_flag("--chunks", arguments->wanted.chunks, "Where the parts of the file lie");
  command.add_flag("--nodes", arguments->wanted.nodes, "The tree of call sites");
  command.add_flag("--log", arguments->wanted.log, "Modules, threads, marks, checkpoints, notes");
  command.add_flag("--events", arguments->wanted.events, "Events over all threads, by time");
  command.add_option("--from", arguments->from, "Events from then on: a time (1.5s) or a mark")
      ->type_name("WHEN");
  command.footer(kDumpExamples);
  command.callback([arguments, &exit_code] { exit_code = RunDump(*arguments); });
}

}  // namespace memtrace::cli
