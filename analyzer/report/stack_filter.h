// SPDX-License-Identifier: MIT
// Which stacks a report is about, and how much of them it sees: pprof's focus, ignore, hide and show-from,
// tracemalloc's filters on places.
//
//     innermost                                                     outermost
//     operator new  Arena::grow  Index::add  Indexer::consume  worker_main
//                   ^^^^^^^^^^^ --hide Arena: taken out, Index::add is charged
//                                            ^^^^^^^^^^^^^^^^ --show-from Indexer: the rest is cut off
//                                ^^^^^^^^^^ --include 'src/index.cc': looks at the frame that is charged
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <tsl/robin_map.h>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/stack_source.h"
#include "analyzer/symbolize/attribution.h"
#include "analyzer/util/result.h"

namespace memtrace::report {

// As a person writes them.
struct StackSelectors {
  // Regular expressions (ECMAScript), looked for in each frame's function, file and module.
  std::vector<std::string> focus = {};   // only stacks with such a frame; several: one of each
  std::vector<std::string> ignore = {};  // no stacks with such a frame
  std::vector<std::string> hide = {};    // such frames are taken out of their stacks
  std::string show_from = {};  // only stacks with such a frame, without the callers of the outermost
  // GLOB or GLOB:LINE, of the charged frame's source file (or the module of a frame without one).
  std::vector<std::string> include = {};  // only stacks that one of these matches
  std::vector<std::string> exclude = {};  // no stacks that one of these matches
  bool all_frames = false;                // include and exclude look at all frames of a stack

  bool is_any() const {
    return !focus.empty() || !ignore.empty() || !hide.empty() || !show_from.empty() || !include.empty() ||
           !exclude.empty();
  }
};

// Says what a frame's names are like. Remembers its answers, as the same few thousand frames come back in a
// million stacks.
class FrameMatcher {
 public:
  explicit FrameMatcher(std::function<bool(const symbolize::Frame&)> matches)
      : matches_(std::move(matches)) {}
  // Of function (in full, or as reports show it), file, module path or module; each distinct name is asked
  // for once.
  static FrameMatcher OfNames(std::function<bool(const std::string&)> matches);

  bool Matches(const symbolize::Frame* frame);
  bool AnyFrame(const Stack& stack);

 private:
  std::function<bool(const symbolize::Frame&)> matches_;
  tsl::robin_map<const symbolize::Frame*, bool> known_;
};

// A stack as a report is to see it. `attribution` is of no meaning for the empty stack.
struct SelectedStack {
  Stack frames;
  symbolize::Attribution attribution;
};

// Its answers are about frames of one StackSource: do not outlive that.
class StackFilter {
 public:
  // kUsage error for what is no regular expression.
  static Result<StackFilter> Create(const StackSelectors& selectors);

  StackFilter() = default;

  // Nothing if the stack is not wanted, or all of its frames are hidden. `skip`: see AttributionOptions.
  std::optional<SelectedStack> Select(Stack stack, bool skip = true);

 private:
  bool KeepsNames(const Stack& stack);
  bool Rewrite(Stack& stack);
  bool KeepsPlace(const SelectedStack& stack);
  bool AnyPlace(std::vector<FrameMatcher>& places, const SelectedStack& stack) const;

  std::vector<FrameMatcher> focus_;
  std::vector<FrameMatcher> ignore_;
  std::vector<FrameMatcher> hide_;
  std::vector<FrameMatcher> show_from_;  // none or one
  std::vector<FrameMatcher> include_;
  std::vector<FrameMatcher> exclude_;
  bool all_frames_ = false;
};

// For Query::nodes: which of the profile's stacks the filter keeps, by node; never empty.
std::vector<bool> KeptNodes(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
                            bool skip);

}  // namespace memtrace::report
