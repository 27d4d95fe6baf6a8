// SPDX-License-Identifier: MIT
// Quoting by the shell's rules, for what came out of a trace.
#include "analyzer/report/command_text.h"

#include <string_view>

#include "analyzer/util/terminal_text.h"

namespace memtrace::report {

std::string ShellQuoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return Printable(quoted + "'");
}

std::string CommandText(const model::TraceInfo& info) {
  std::string text;
  for (const std::string& argument : info.command_line)
    text += (text.empty() ? "" : " ") + ShellQuoted(argument);
  return text.empty() ? Printable(info.comm) : text;
}

}  // namespace memtrace::report
