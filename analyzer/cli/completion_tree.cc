// SPDX-License-Identifier: MIT
// Reads CLI11's tree. What values an option takes stands in no field there: it follows from the option's name
// and its type as the help shows it.
#include <algorithm>
#include <map>

#include "analyzer/cli/completion.h"
#include "analyzer/report/metric.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/selector_text.h"

namespace memtrace::cli {
namespace {

// Values that are words of a fixed list, by option.
const std::map<std::string, std::vector<std::string>>& KnownWords() {
  static const std::map<std::string, std::vector<std::string>> words = {
      {"--by", report::GroupByNames()},
      {"--metric", report::MetricNames()},
      {"--domain", report::DomainNames()},
      {"--color", {"auto", "always", "never"}},
      {"--at", {"peak", "end"}},
      {"--from", {"peak"}},
      {"--to", {"peak", "end"}},
      {"--thread", {"main"}},
      {"SHELL", ShellNames()},
  };
  return words;
}

Wanted WantedByType(const std::string& type) {
  const auto has = [&type](const char* word) { return type.find(word) != std::string::npos; };
  if (has("TRACE") || has("BEFORE")) return Wanted::kTrace;
  if (has("FOLDER") || has("DIR")) return Wanted::kFolder;
  if (has("FILE")) return Wanted::kFile;
  return Wanted::kAnything;
}

std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

CompletionOption OptionOf(const CLI::Option& option) {
  CompletionOption result;
  result.names = NamesOf(option);
  result.description = option.get_description();
  if (option.get_items_expected_max() == 0) return result;
  result.value = WantedByType(option.get_type_name());
  for (const std::string& name : result.names) {
    const auto known = KnownWords().find(name);
    if (known == KnownWords().end()) continue;
    result.value = Wanted::kWords;
    result.words = known->second;
  }
  return result;
}

void SetPositional(const CLI::Option& option, CompletionCommand* command) {
  const std::string name = option.get_name(true);
  if (const auto known = KnownWords().find(name); known != KnownWords().end()) {
    command->positional = Wanted::kWords;
    command->words = known->second;
  } else {
    command->positional = WantedByType(name + option.get_type_name());
  }
}

CompletionCommand CommandOf(const CLI::App& app) {
  CompletionCommand command;
  command.name = app.get_name();
  command.description = app.get_description();
  if (app.get_prefix_command()) command.positional = Wanted::kProgram;  // and whatever it takes
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && NamesOf(*option).empty()) {
      if (command.positional == Wanted::kNothing) SetPositional(*option, &command);
    } else {
      command.options.push_back(OptionOf(*option));
    }
  }
  return command;
}

}  // namespace

CompletionTree CompletionTreeOf(const CLI::App& app) {
  CompletionTree tree;
  tree.options = CommandOf(app).options;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    tree.commands.push_back(CommandOf(*command));
  }
  return tree;
}

const std::vector<std::string>& ShellNames() {
  static const std::vector<std::string> names = {"bash", "zsh", "fish"};
  return names;
}

}  // namespace memtrace::cli
