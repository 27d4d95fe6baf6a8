// SPDX-License-Identifier: MIT
// `memtrace leaks`: options in, a LeaksReport out.
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/own_suppressions.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/leaks.h"
#include "analyzer/util/size_format.h"

namespace memtrace::cli {
namespace {

struct LeaksArguments {
  ReaderOptions reader;
  std::size_t limit = 10;
  std::string min_bytes = "0";
  SuppressionOptions suppressions;
  int error_exit_code = 0;
  SelectorOptions selectors;
};

constexpr const char* kLeaksExamples = R"(Examples:
  memtrace leaks                            what the newest recording did not free
  memtrace leaks --min-bytes 64KiB app.mtr  places with less are only counted
  memtrace leaks --error-exitcode 1         exit code 1 if anything is left: for scripts
  memtrace leaks --suppressions lsan.supp   LeakSanitizer's syntax: leak:PATTERN
  memtrace leaks --from warm                only what was allocated after the mark "warm"

Each place is judged by its live bytes over time, in 20 slices. Still growing: what it never goes below again
rises in both of the last quarters. Flat since: it has stopped to rise, as a cache that is full does. The rules
of the program's own __lsan_default_suppressions() are used, too.)";

Result<report::LeaksOptions> ToOptions(const LeaksArguments& arguments) {
  report::LeaksOptions options;
  options.limit = arguments.limit;
  options.skip = !arguments.selectors.no_skip;
  options.stacks = arguments.selectors.stacks;
  Result<std::uint64_t> min_bytes = ParseSize(arguments.min_bytes);
  if (!min_bytes) return Error{ErrorCode::kUsage, "--min-bytes " + min_bytes.error().message};
  options.min_bytes = *min_bytes;
  Result<report::Suppressions> suppressions = LoadSuppressions(arguments.suppressions);
  if (!suppressions) return suppressions.error();
  options.suppressions = std::move(*suppressions);
  return options;
}

int RunLeaks(const LeaksArguments& arguments) {
  Result<report::LeaksOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  SelectorOptions at_end = arguments.selectors;
  at_end.at = "end";
  Result<Selectors> selectors = Selectors::Parse(at_end);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    Result<aggregate::Profile> profile = selectors->Profile(open);
    if (!profile) return profile.error();
    const aggregate::CurvesByNode curves =
        profile->not_freed.blocks == 0 ? aggregate::CurvesByNode()
                                       : open.Pass([&](reader::TraceReader& reader, const auto& progress) {
                                           return aggregate::BuildCurves(reader, *profile, progress);
                                         });
    report::SymbolizedStacks stacks = selectors->Stacks(open);
    Output output;
    AddOwnSuppressions(arguments.suppressions, stacks, options->suppressions, output.problems);
    Result<report::LeaksReport> leaks =
        report::LeaksReport::Build(open.trace(), *profile, curves, stacks, *options);
    if (!leaks) return leaks.error();
    output.text = arguments.reader.json ? report::ToText(leaks->ToJson()) : leaks->Text(open.render());
    output.problems.insert(output.problems.end(), stacks.problems().begin(), stacks.problems().end());
    output.exit_code = leaks->has_findings() ? arguments.error_exit_code : kExitOk;
    return output;
  });
}

}  // namespace

void AddLeaksCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("leaks", "What was not freed, with the stacks that allocated it");
  const auto arguments = std::make_shared<LeaksArguments>();
  AddReaderOptions(command, arguments->reader);
  AddLimitOption(command, arguments->limit, "Places to show");
  command
      .add_option("--min-bytes", arguments->min_bytes,
                  "Report places with at least this much: 4096, 64KiB, ...")
      ->type_name("SIZE")
      ->capture_default_str();
  command.add_option("--error-exitcode", arguments->error_exit_code, "Exit code if anything is reported")
      ->type_name("N")
      ->check(CLI::Range(0, 255));
  AddSuppressionOptions(command, arguments->suppressions);
  AddSelectorOptions(command, arguments->selectors, false);
  command.footer(kLeaksExamples);
  command.callback([arguments, &exit_code] { exit_code = RunLeaks(*arguments); });
}

}  // namespace memtrace::cli
