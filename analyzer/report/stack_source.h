// SPDX-License-Identifier: MIT
// Where reports get names from: a node's frames and the text of a source line. An interface, so that reports
// can be tested on made-up programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::report {

// Innermost frame first. The frames belong to the StackSource.
using Stack = std::vector<const symbolize::Frame*>;

class StackSource {
 public:
  virtual ~StackSource() = default;

  // Empty only for the empty stack, node 0. The frames stay valid as long as the source.
  virtual Stack StackOf(model::NodeId node) = 0;

  // The text of the frame's source line; empty where it is not to be had.
  virtual std::string SourceLine(const symbolize::Frame& frame) = 0;

  // Lines of a source file; 0 if it is not to be had.
  virtual std::uint32_t SourceLineCount(const std::string& file) = 0;

  // The last line of the frame's function that has code, by debug information; 0 where that is not to be had.
  virtual std::uint32_t LastLineOf(const symbolize::Frame&) { return 0; }
};

}  // namespace memtrace::report
