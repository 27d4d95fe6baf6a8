// SPDX-License-Identifier: MIT
// Where reports get names from: a node's frames and the text of a source line. An interface, so that reports
// can be tested on made-up programs.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::report {

class StackSource {
 public:
  virtual ~StackSource() = default;

  // Innermost frame first. Empty only for the empty stack, node 0.
  virtual std::vector<symbolize::Frame> StackOf(model::NodeId node) = 0;

  // The text of the frame's source line; empty where it is not to be had.
  virtual std::string SourceLine(const symbolize::Frame& frame) = 0;
};

}  // namespace memtrace::report
