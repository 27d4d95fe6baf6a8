// SPDX-License-Identifier: MIT
// Joins the symbolizer and the source cache.
#include "analyzer/report/symbolized_stacks.h"

namespace memtrace::report {

Stack SymbolizedStacks::StackOf(model::NodeId node) {
  if (node == 0) return {};
  return symbolizer_.StackPointersOf(node);
}

std::string SymbolizedStacks::SourceLine(const symbolize::Frame& frame) {
  if (!frame.has_line()) return {};
  return (frame.is_python ? sources_.PythonLine(frame.file, frame.line)
                          : sources_.Line(frame.file, frame.line))
      .value_or("");
}

}  // namespace memtrace::report
