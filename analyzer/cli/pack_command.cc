// SPDX-License-Identifier: MIT
// `memtrace pack`: a copy of a trace that brings its names along and takes less room.
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/reader/pack_file.h"
#include "analyzer/report/pack.h"
#include "analyzer/symbolize/collect_symbols.h"

namespace memtrace::cli {
namespace {

struct PackArguments {
  ReaderOptions reader;
  std::string packed;
  bool force = false;
  bool in_place = false;
  bool sources = false;
};

constexpr const char* kPackExamples = R"(Examples:
  memtrace pack app.mtr                   writes app.packed.mtr: smaller, and readable on any machine
  memtrace pack -o for-alice.mtr app.mtr  under another name
  memtrace pack --in-place app.mtr        instead of app.mtr
  memtrace pack --sources app.mtr         with the text of the source lines that reports show

Everything a report says stays the same, to the byte. A program's own names and lines go along, its code does not;
the text of source lines only with --sources.)";

Result<std::string> OutputPath(const PackArguments& arguments, const std::string& trace) {
  if (arguments.in_place && !arguments.packed.empty())
    return Error{ErrorCode::kUsage, "--in-place and -o FILE exclude each other"};
  if (arguments.in_place) return trace;
  std::string path = arguments.packed;
  if (path.empty()) path = std::filesystem::path(trace).replace_extension(".packed.mtr").string();
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !arguments.force)
    return Error{ErrorCode::kUsage, fmt::format("{} exists; --force replaces it", path)};
  return path;
}

int RunPack(const PackArguments& arguments) {
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    const std::string& input = open.trace().info.path;
    Result<std::string> output = OutputPath(arguments, input);
    if (!output) return output.error();
    symbolize::Symbolizer symbolizer(open.trace(), open.Symbols());
    symbolize::SourceCache sources(&open.trace().symbols, arguments.reader.symbols.sysroot);
    const symbolize::CollectedSymbols collected =
        symbolize::CollectSymbols(open.trace(), symbolizer, arguments.sources ? &sources : nullptr);
    Result<reader::PackedSizes> sizes =
        reader::PackFile(input, *output, collected.symbols, open.NewProgress("packing"));
    if (!sizes) return sizes.error();
    const report::PackReport report(open.trace(), *output, *sizes, collected);
    std::string text = arguments.reader.json ? report::ToText(report.ToJson()) : report.Text(open.render());
    return Output{std::move(text), 0, symbolizer.problems()};
  });
}

}  // namespace

void AddPackCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("pack", "A smaller copy that brings its names along, for another machine");
  const auto arguments = std::make_shared<PackArguments>();
  AddReaderOptions(command, arguments->reader);
  command.remove_option(command.get_option("--output"));
  command.add_option("-o,--output", arguments->packed, "Write the packed trace to FILE [TRACE.packed.mtr]")
      ->type_name("FILE");
  command.add_flag("--in-place", arguments->in_place, "Replace the trace itself");
  command.add_flag("--force", arguments->force, "Replace FILE if it exists");
  command.add_flag("--sources", arguments->sources, "Pack the text of the source lines, too");
  command.footer(kPackExamples);
  command.callback([arguments, &exit_code] { exit_code = RunPack(*arguments); });
}

}  // namespace memtrace::cli
