// SPDX-License-Identifier: MIT
// Folded stacks: "main;load;PQexec 40000", outermost frame first; the number is that of --metric.
#include <map>
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"

namespace memtrace::exporting {
namespace {

// ";" parts frames, and the last blank of a line the number.
std::string FoldedName(const symbolize::Frame& frame) {
  std::string name = NameOf(frame);
  for (char& c : name) {
    if (c == ';') c = ':';
  }
  return name;
}

}  // namespace

void WriteFolded(const Input& input, Sink& sink) {
  std::map<std::string, std::uint64_t> lines;  // stacks that differ by line numbers alone become one
  for (const Stack& stack : input.stacks.all()) {
    const std::uint64_t value = report::RankOf(input.metric, report::AmountOf(input.metric, stack.amounts));
    if (value == 0) continue;
    std::string line;
    for (std::size_t i = stack.frames.size(); i-- > 0;) {
      line += FoldedName(*stack.frames[i]);
      if (i > 0) line += ';';
    }
    lines[line.empty() ? "(no stack)" : line] += value;
  }
  for (const auto& [line, value] : lines) sink.Write(fmt::format("{} {}\n", line, value));
}

}  // namespace memtrace::exporting
