// SPDX-License-Identifier: MIT
// Programs that exist only in tests: stacks by node, source lines by place.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/report/stack_source.h"

namespace memtrace::testing {

inline symbolize::Frame LineFrame(std::string function, std::string file, std::uint32_t line,
                                  std::string module_path = "/usr/bin/indexer") {
  symbolize::Frame frame;
  frame.function = std::move(function);
  frame.file = std::move(file);
  frame.line = line;
  frame.module = module_path.substr(module_path.rfind('/') + 1);
  frame.module_path = std::move(module_path);
  return frame;
}

// A frame of a library without debug information.
inline symbolize::Frame LibraryFrame(std::string function, std::string module_path) {
  return LineFrame(std::move(function), "", 0, std::move(module_path));
}

inline report::Stack PointersTo(const std::vector<symbolize::Frame>& frames) {
  report::Stack stack;
  for (const symbolize::Frame& frame : frames) stack.push_back(&frame);
  return stack;
}

class MadeUpStacks : public report::StackSource {
 public:
  // Innermost first.
  MadeUpStacks& Stack(model::NodeId node, std::vector<symbolize::Frame> frames) {
    stacks_[node] = std::move(frames);
    return *this;
  }
  MadeUpStacks& Source(const std::string& file, std::uint32_t line, std::string text) {
    lines_[{file, line}] = std::move(text);
    return *this;
  }

  // What debug information says of a function.
  MadeUpStacks& LastLine(const std::string& function, std::uint32_t line) {
    last_lines_[function] = line;
    return *this;
  }

  report::Stack StackOf(model::NodeId node) override { return PointersTo(stacks_[node]); }
  std::string SourceLine(const symbolize::Frame& frame) override { return lines_[{frame.file, frame.line}]; }
  std::uint32_t SourceLineCount(const std::string& file) override {
    std::uint32_t last = 0;
    for (const auto& [place, text] : lines_) {
      if (place.first == file && !text.empty()) last = std::max(last, place.second);
    }
    return last;
  }
  std::uint32_t LastLineOf(const symbolize::Frame& frame) override { return last_lines_[frame.function]; }

 private:
  std::map<model::NodeId, std::vector<symbolize::Frame>> stacks_;
  std::map<std::string, std::uint32_t> last_lines_;
  std::map<std::pair<std::string, std::uint32_t>, std::string> lines_;
};

}  // namespace memtrace::testing
