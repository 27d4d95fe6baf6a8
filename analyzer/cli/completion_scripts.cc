// SPDX-License-Identifier: MIT
// One writer a shell. Names of options and words of values are plain; descriptions are quoted.
#include <fmt/format.h>

#include "analyzer/cli/completion.h"

namespace memtrace::cli {
namespace {

constexpr const char* kNote = "# Made by `memtrace completion {}` from its own options: do not edit.\n";

std::vector<std::string> AllNames(const std::vector<CompletionOption>& options) {
  std::vector<std::string> names;
  for (const CompletionOption& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

// ---- bash
// ----------------------------------------------------------------------------------------------------

constexpr const char* kBashHead = R"(
# _memtrace_reply COMPGEN-OPTIONS...: what of it begins with the current word.
_memtrace_reply() {
  local IFS=$'\n'
  COMPREPLY=($(compgen "$@" -- "$current"))
}

# Traces, and folders on the way to them.
_memtrace_traces() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\n'
  COMPREPLY=($(compgen -f -X '!*.mtr' -- "$current") $(compgen -d -- "$current"))
}

_memtrace_files() {
  compopt -o filenames 2>/dev/null
  _memtrace_reply "$1"
}

_memtrace() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  local i
  COMPREPLY=()
)";

std::string BashAction(Wanted wanted, const std::vector<std::string>& words) {
  switch (wanted) {
    case Wanted::kWords:
      return fmt::format("_memtrace_reply -W $'{}'", fmt::join(words, "\\n"));
    case Wanted::kTrace:
      return "_memtrace_traces";
    case Wanted::kFile:
      return "_memtrace_files -f";
    case Wanted::kFolder:
      return "_memtrace_files -d";
    case Wanted::kProgram:
      return "_memtrace_reply -c";
    case Wanted::kNothing:
    case Wanted::kAnything:
      break;
  }
  return ":";
}

std::string BashCommand(const CompletionCommand& command) {
  std::string text = fmt::format("    {})\n", command.name);
  if (command.positional == Wanted::kProgram) {
    text +=
        "      for ((i = 2; i < COMP_CWORD; i++)); do\n"
        "        [[ ${COMP_WORDS[i]} == -- ]] || continue\n"
        "        if ((i + 1 == COMP_CWORD)); then _memtrace_reply -c; else _memtrace_files -f; fi\n"
        "        return\n"
        "      done\n";
  }
  text += "      case $previous in\n";
  for (const CompletionOption& option : command.options) {
    if (option.value == Wanted::kNothing) continue;
    text += fmt::format("        {}) {}; return ;;\n", fmt::join(option.names, "|"),
                        BashAction(option.value, option.words));
  }
  text += "      esac\n";
  text +=
      fmt::format("      if [[ $current == -* ]]; then _memtrace_reply -W $'{}'; else {}; fi\n",
                  fmt::join(AllNames(command.options), "\\n"), BashAction(command.positional, command.words));
  return text + "      ;;\n";
}

std::string BashScript(const CompletionTree& tree) {
  std::vector<std::string> first = AllNames(tree.options);
  for (const CompletionCommand& command : tree.commands) first.push_back(command.name);
  std::string text = fmt::format(fmt::runtime(kNote), "bash") + kBashHead;
  text += fmt::format("  if ((COMP_CWORD == 1)); then _memtrace_reply -W $'{}'; return; fi\n",
                      fmt::join(first, "\\n"));
  text += "  case $command in\n";
  for (const CompletionCommand& command : tree.commands) text += BashCommand(command);
  return text + "  esac\n}\n\ncomplete -F _memtrace memtrace\n";
}

// ---- zsh
// -----------------------------------------------------------------------------------------------------

// Inside of single quotes, within _arguments' own syntax.
std::string ZshQuoted(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else {
      quoted += c;
    }
  }
  return quoted;
}

std::string ZshAction(Wanted wanted, const std::vector<std::string>& words) {
  switch (wanted) {
    case Wanted::kWords:
      return fmt::format("({})", fmt::join(words, " "));
    case Wanted::kTrace:
      return "_files -g \"*.mtr\"";
    case Wanted::kFile:
      return "_files";
    case Wanted::kFolder:
      return "_files -/";
    case Wanted::kProgram:
      return "_command_names -e";
    case Wanted::kNothing:
    case Wanted::kAnything:
      break;
  }
  return " ";
}

std::string ZshOption(const CompletionOption& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += fmt::format(" \\\n        '*{}[{}]", name, ZshQuoted(option.description));
    if (option.value != Wanted::kNothing) text += ":value:" + ZshAction(option.value, option.words);
    text += "'";
  }
  return text;
}

// The list of commands is not called `commands`: that is zsh's own, of all programs.
std::string ZshScript(const CompletionTree& tree) {
  std::string text = "#compdef memtrace\n" + fmt::format(fmt::runtime(kNote), "zsh") +
                     "\n_memtrace() {\n  local -a verbs\n  verbs=(\n";
  for (const CompletionCommand& command : tree.commands) {
    text += fmt::format("    '{}:{}'\n", command.name, ZshQuoted(command.description));
  }
  text += "  )\n  if ((CURRENT == 2)); then\n    if [[ ${words[2]} == -* ]]; then\n";
  text += fmt::format("      compadd -- {}\n", fmt::join(AllNames(tree.options), " "));
  text += "    else\n      _describe command verbs\n    fi\n    return\n  fi\n  local command=${words[2]}\n";
  text += "  words=(\"memtrace $command\" \"${(@)words[3,-1]}\")\n  ((CURRENT--))\n  case $command in\n";
  for (const CompletionCommand& command : tree.commands) {
    text += fmt::format("    {})\n      _arguments{}", command.name,
                        command.positional == Wanted::kProgram ? " -S" : "");
    for (const CompletionOption& option : command.options) text += ZshOption(option);
    if (command.positional == Wanted::kProgram) {
      text += " \\\n        '*::program: _normal'";
    } else if (command.positional != Wanted::kNothing) {
      text += fmt::format(" \\\n        '*:value:{}'", ZshAction(command.positional, command.words));
    }
    text += "\n      ;;\n";
  }
  return text +
         "  esac\n}\n\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _memtrace \"$@\"\nelse\n"
         "  compdef _memtrace memtrace\nfi\n";
}

// ---- fish
// ----------------------------------------------------------------------------------------------------

std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// `value_options`: those of the command that take a value, for the way to the program that it runs.
std::string FishValue(Wanted wanted, const std::vector<std::string>& words,
                      const std::vector<std::string>& value_options = {}) {
  switch (wanted) {
    case Wanted::kWords:
      return fmt::format(" -x -a '{}'", fmt::join(words, " "));
    case Wanted::kTrace:
      return " -x -a '(__fish_complete_suffix .mtr)'";
    case Wanted::kFile:
      return " -r -F";
    case Wanted::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case Wanted::kProgram:
      return fmt::format(" -x -a '(__fish_complete_subcommand --fcs-skip=2 {})'",
                         fmt::join(value_options, " "));
    case Wanted::kAnything:
      return " -x";
    case Wanted::kNothing:
      break;
  }
  return "";
}

std::string FishNames(const CompletionOption& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return text;
}

std::string FishScript(const CompletionTree& tree) {
  std::string text = fmt::format(fmt::runtime(kNote), "fish") + "\ncomplete -c memtrace -f\n";
  for (const CompletionOption& option : tree.options) {
    text += fmt::format("complete -c memtrace -n __fish_use_subcommand{} -d {}\n", FishNames(option),
                        FishQuoted(option.description));
  }
  for (const CompletionCommand& command : tree.commands) {
    text += fmt::format("complete -c memtrace -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        FishQuoted(command.description));
    const std::string in_command =
        fmt::format("complete -c memtrace -n '__fish_seen_subcommand_from {}'", command.name);
    for (const CompletionOption& option : command.options) {
      text += fmt::format("{}{}{} -d {}\n", in_command, FishNames(option),
                          FishValue(option.value, option.words), FishQuoted(option.description));
    }
    if (command.positional != Wanted::kNothing) {
      std::vector<CompletionOption> with_values = command.options;
      std::erase_if(with_values, [](const auto& option) { return option.value == Wanted::kNothing; });
      text += in_command + FishValue(command.positional, command.words, AllNames(with_values)) + "\n";
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> CompletionScript(const CompletionTree& tree, const std::string& shell) {
  if (shell == "bash") return BashScript(tree);
  if (shell == "zsh") return ZshScript(tree);
  if (shell == "fish") return FishScript(tree);
  return std::nullopt;
}

}  // namespace memtrace::cli
