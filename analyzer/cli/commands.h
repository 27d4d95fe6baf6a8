// SPDX-License-Identifier: MIT
// The commands: one file each. A command adds its options to the tree and leaves its exit code when it has
// run.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace memtrace::cli {

// `after_dashes`: what follows the first "--" of the command line, which CLI11 must not read as options of
// ours.
void AddRunCommand(CLI::App& app, const std::vector<std::string>& after_dashes, int& exit_code);
void AddSummaryCommand(CLI::App& app, int& exit_code);
void AddTopCommand(CLI::App& app, int& exit_code);
void AddLeaksCommand(CLI::App& app, int& exit_code);
void AddCompareCommand(CLI::App& app, int& exit_code);
void AddCheckCommand(CLI::App& app, int& exit_code);
void AddDiffCommand(CLI::App& app, int& exit_code);
void AddTimelineCommand(CLI::App& app, int& exit_code);
void AddReportCommand(CLI::App& app, int& exit_code);
void AddFlameCommand(CLI::App& app, int& exit_code);
void AddExportCommand(CLI::App& app, int& exit_code);
void AddLinesCommand(CLI::App& app, int& exit_code);
void AddTreeCommand(CLI::App& app, int& exit_code);
void AddStatsCommand(CLI::App& app, int& exit_code);
void AddInfoCommand(CLI::App& app, int& exit_code);
void AddPackCommand(CLI::App& app, int& exit_code);
void AddDumpCommand(CLI::App& app, int& exit_code);
// After all others, of which it tells.
void AddCompletionCommand(CLI::App& app, int& exit_code);

}  // namespace memtrace::cli
