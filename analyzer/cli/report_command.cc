// SPDX-License-Identifier: MIT
// `memtrace report`: everything about a trace in one page that opens anywhere.
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/page_command.h"

namespace memtrace::cli {
namespace {

constexpr const char* kReportExamples = R"(Examples:
  memtrace report                         memtrace.app.PID.html beside the trace
  memtrace report -o app.html app.mtr     one file: open it in any browser, send it to anyone
  memtrace report old.mtr new.mtr         new, compared with old
  memtrace report --source=lines          with the text of the source lines
  memtrace report --focus Index::         only stacks through Index

The page loads nothing from anywhere. It holds the program's command line, names of functions and paths of source
files; text of the source only with --source, and then only of files that debug information names.)";

}  // namespace

void AddReportCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("report", "One offline page: time, flame graph, places, leaks");
  const auto arguments = std::make_shared<PageArguments>();
  arguments->command = "report";
  arguments->suffix = ".html";
  AddPageOptions(command, *arguments);
  command.add_option("NEWER", arguments->newer, "A second trace: it is shown, compared with the first");
  command.add_option("--base", arguments->base, "Compare with this trace")->type_name("TRACE");
  command
      .add_option("--source", arguments->source,
                  "Source text in the page: none, lines (those that the stacks go through) or files (all of "
                  "those files)")
      ->type_name("WHAT")
      ->capture_default_str();
  command.footer(kReportExamples);
  command.callback([arguments, &exit_code] { exit_code = WritePageOf(*arguments); });
}

}  // namespace memtrace::cli
