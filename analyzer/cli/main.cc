// SPDX-License-Identifier: MIT
// The memtrace command: finds the command in argv and hands over to it.
#include <algorithm>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/messages.h"
#include "analyzer/cli/usage_errors.h"

namespace {

constexpr const char* kPurpose =
    "memtrace records every allocation of a program, with its stack, and reports who holds the memory.";

constexpr const char* kExamples = R"(Examples:
  memtrace run -- ./app --its options   record a program
  memtrace summary                      one screen about the newest recording of this folder
  memtrace top -n 5                     the five lines that held the most memory at the peak
  memtrace leaks --error-exitcode 1     what was not freed, for scripts
  memtrace COMMAND --help               options and examples of a command

Exit codes: 0 fine, 1 a finding, 2 wrong usage, 3 unreadable, 4 damaged trace (but reported); see also: run --help)";

// Cuts "run OPTIONS -- PROGRAM ..." at the dashes; other command lines stay whole.
std::vector<std::string> CutAtDashes(std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "run") return {};
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return {};
  std::vector<std::string> after(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return after;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace memtrace::cli;
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const std::vector<std::string> after_dashes = CutAtDashes(arguments);
  CLI::App app(kPurpose, "memtrace");
  int exit_code = kExitOk;
  app.set_version_flag("--version", "memtrace " MEMTRACE_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  AddRunCommand(app, after_dashes, exit_code);
  AddSummaryCommand(app, exit_code);
  AddTopCommand(app, exit_code);
  AddLeaksCommand(app, exit_code);
  AddDiffCommand(app, exit_code);
  AddCompareCommand(app, exit_code);
  AddTimelineCommand(app, exit_code);
  AddCheckCommand(app, exit_code);
  AddReportCommand(app, exit_code);
  AddFlameCommand(app, exit_code);
  AddExportCommand(app, exit_code);
  AddLinesCommand(app, exit_code);
  AddTreeCommand(app, exit_code);
  AddStatsCommand(app, exit_code);
  AddInfoCommand(app, exit_code);
  AddPackCommand(app, exit_code);
  AddDumpCommand(app, exit_code);
  AddCompletionCommand(app, exit_code);

  if (const auto complaint = UnknownCommand(app, arguments)) {
    Fail(*complaint);
    return kExitUsage;
  }
  const int usage_exit_code = arguments.front() == "run" ? int{kRunFailed} : int{kExitUsage};
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    Fail(ParseComplaint(app, error));
    return usage_exit_code;
  }
  return exit_code;
}
