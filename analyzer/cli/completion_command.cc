// SPDX-License-Identifier: MIT
// `memtrace completion`: the script for a shell on stdout.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/completion.h"
#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

constexpr const char* kCompletionExamples = R"(Examples:
  source <(memtrace completion bash)                                         in ~/.bashrc
  memtrace completion zsh > "${fpath[1]}/_memtrace"                          once
  memtrace completion fish > ~/.config/fish/completions/memtrace.fish        once)";

int RunCompletion(const CLI::App& app, const std::string& shell) {
  const std::optional<std::string> script = CompletionScript(CompletionTreeOf(app), shell);
  if (!script) {
    return FailWith({ErrorCode::kUsage, fmt::format("completion for \"{}\" is not known: {}{}", shell,
                                                    ListOf(ShellNames()), DidYouMean(shell, ShellNames()))});
  }
  const bool is_written = std::fwrite(script->data(), 1, script->size(), stdout) == script->size();
  if (std::fflush(stdout) == 0 && is_written) return kExitOk;
  return FailWith({ErrorCode::kUnreadable, "cannot write the script"});
}

}  // namespace

void AddCompletionCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("completion", "Completion of commands and options for a shell");
  const auto shell = std::make_shared<std::string>();
  command.add_option("SHELL", *shell, "bash, zsh or fish")->required();
  command.footer(kCompletionExamples);
  command.callback([&app, shell, &exit_code] { exit_code = RunCompletion(app, *shell); });
}

}  // namespace memtrace::cli
