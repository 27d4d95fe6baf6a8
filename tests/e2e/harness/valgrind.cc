// SPDX-License-Identifier: MIT
// Runs memcheck without its clean-up calls, so that what libc keeps at exit stays counted, and reads its
// summary.
#include "tests/e2e/harness/valgrind.h"

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace memtrace::e2e {
namespace {

std::uint64_t Number(std::string digits) {
  digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
  return std::stoull(digits);
}

Command UnderValgrind(const Command& command) {
  Command wrapped = command;
  wrapped.argv = {"/usr/bin/valgrind", "--run-libc-freeres=no", "--run-cxx-freeres=no", "--leak-check=no"};
  wrapped.argv.insert(wrapped.argv.end(), command.argv.begin(), command.argv.end());
  return wrapped;
}

// The environment that a program finds under valgrind.
std::map<std::string, std::string> EnvironmentUnderValgrind(const Command& command) {
  Command print = command;
  print.argv = {"/usr/bin/valgrind", "-q", "/usr/bin/env", "-0"};
  print.input.clear();
  std::map<std::string, std::string> found;
  std::istringstream entries(Run(print).out);
  for (std::string entry; std::getline(entries, entry, '\0');) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) found[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return found;
}

}  // namespace

std::string ToString(const HeapCounts& counts) {
  std::ostringstream text;
  text << "total heap usage: " << counts.allocs << " allocs, " << counts.frees << " frees, "
       << counts.bytes_allocated << " bytes allocated; in use at exit: " << counts.in_use_bytes
       << " bytes in " << counts.in_use_blocks << " blocks";
  return text.str();
}

std::optional<HeapCounts> CountWithValgrind(const Command& command) {
  const Outcome outcome = Run(UnderValgrind(command));
  static const std::regex usage(
      "total heap usage: ([0-9,]+) allocs, ([0-9,]+) frees, ([0-9,]+) bytes allocated");
  static const std::regex in_use("in use at exit: ([0-9,]+) bytes in ([0-9,]+) blocks");
  std::smatch total, rest;
  if (!std::regex_search(outcome.err, total, usage) || !std::regex_search(outcome.err, rest, in_use))
    return {};
  return HeapCounts{Number(total[1]), Number(total[2]), Number(total[3]), Number(rest[1]), Number(rest[2])};
}

Command AsUnderValgrind(const Command& command, const std::string& library) {
  Command mirrored = command;
  mirrored.environment = EnvironmentUnderValgrind(command);
  std::string& preload = mirrored.environment["LD_PRELOAD"];
  if (preload.size() < library.size()) throw std::runtime_error("path too long to pad: " + library);
  preload = std::string(preload.size() - library.size(), '/') + library;
  return mirrored;
}

}  // namespace memtrace::e2e
