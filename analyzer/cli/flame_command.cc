// SPDX-License-Identifier: MIT
// `memtrace flame`: one flame graph, as a page or as a picture.
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/page_command.h"

namespace memtrace::cli {
namespace {

constexpr const char* kFlameExamples = R"(Examples:
  memtrace flame                              memtrace.app.PID.flame.html beside the trace: zoom, search
  memtrace flame -o peak.svg app.mtr          a picture, for documents
  memtrace flame --inverted --metric total    from each place up to its callers, by bytes ever allocated
  memtrace flame --from loaded --metric not-freed     what was allocated after a mark and never freed)";

}  // namespace

void AddFlameCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("flame", "A flame graph, as a page or an SVG picture");
  const auto arguments = std::make_shared<PageArguments>();
  arguments->command = "flame";
  arguments->suffix = ".flame.html";
  arguments->flame_only = true;
  AddPageOptions(command, *arguments);
  command.footer(kFlameExamples);
  command.callback([arguments, &exit_code] { exit_code = WritePageOf(*arguments); });
}

}  // namespace memtrace::cli
