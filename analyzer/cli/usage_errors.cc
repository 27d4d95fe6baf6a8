// SPDX-License-Identifier: MIT
// CLI11 tells what is wrong; this adds which command it was for and the name that is nearest.
#include "analyzer/cli/usage_errors.h"

#include <vector>

#include <fmt/format.h>

#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// The command that was given, or the program itself.
const CLI::App& Given(const CLI::App& app) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  return given.empty() ? app : *given.front();
}

}  // namespace

std::optional<std::string> UnknownCommand(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::vector<std::string> names = CommandNames(app);
  if (arguments.empty()) return fmt::format("no command given: {}; see memtrace --help", ListOf(names));
  const std::string& word = arguments[0];
  if (word.starts_with('-')) return std::nullopt;
  for (const std::string& name : names) {
    if (name == word) return std::nullopt;
  }
  return fmt::format("unknown command \"{}\": {}{}", word, ListOf(names), DidYouMean(word, names));
}

std::string ParseComplaint(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = Given(app);
  const std::string name = &command == &app ? "" : command.get_name() + ": ";
  const std::string help =
      fmt::format(" (memtrace {}--help)", &command == &app ? "" : command.get_name() + " ");
  const std::vector<std::string> extras = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
    const std::string word = extras.front().substr(0, extras.front().find('='));
    if (!word.starts_with('-')) return fmt::format("{}unexpected argument \"{}\"{}", name, word, help);
    const std::string guess = DidYouMean(word, OptionNames(command));
    return fmt::format("{}unknown option {}{}", name, word, guess.empty() ? help : guess);
  }
  std::string text = error.what();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return name + text + help;
}

}  // namespace memtrace::cli
