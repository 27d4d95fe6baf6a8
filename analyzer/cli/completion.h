// SPDX-License-Identifier: MIT
// Shell completion, made from the tree of commands and options that the command line is parsed with: what a
// shell offers is what there is.
//
//     CLI::App ──► CompletionTree ──► bash, zsh or fish script
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace memtrace::cli {

// What may stand at a place of the command line.
enum class Wanted { kNothing, kAnything, kWords, kTrace, kFile, kFolder, kProgram };

struct CompletionOption {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  Wanted value = Wanted::kNothing;  // kNothing: a flag
  std::vector<std::string> words;   // with kWords
};

struct CompletionCommand {
  std::string name;
  std::string description;
  std::vector<CompletionOption> options;
  Wanted positional = Wanted::kNothing;
  std::vector<std::string> words;  // with kWords
};

struct CompletionTree {
  std::vector<CompletionOption> options;  // without a command
  std::vector<CompletionCommand> commands;
};

CompletionTree CompletionTreeOf(const CLI::App& app);

const std::vector<std::string>& ShellNames();  // "bash", "zsh", "fish"

// Nothing for a shell that is none of these.
std::optional<std::string> CompletionScript(const CompletionTree& tree, const std::string& shell);

}  // namespace memtrace::cli
