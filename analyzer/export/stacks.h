// SPDX-License-Identifier: MIT
// The stacks of a profile, each with its frames and what it holds: the common ground of all exports.
//
//     profile.sites, by node        Stack                         FrameTable
//     node 7  thread 0  96 MiB ─┐                                 frame  "Index::add" posting.cpp:88  → 0
//     node 7  thread 1   4 MiB ─┴─► node 7: frames leaf first     frame  "main" main.cpp:20           → 1
//     node 9  thread 0   1 MiB ───► node 9: …                     equal frames of different code: one number
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/metric.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::exporting {

using FrameSpan = std::span<const symbolize::Frame* const>;

struct Stack {
  model::NodeId node = 0;
  report::Stack frames;                           // innermost first; empty for the empty stack
  std::size_t charged_frame = 0;                  // index into them; see symbolize::Attribution
  std::span<const aggregate::SiteAmounts> sites;  // one a thread
  report::Amounts amounts;                        // their sum
};

// Refers to the source it was built from.
class Stacks {
 public:
  // Stacks that the filter keeps and that have any amount, by node id.
  // `skip`: see symbolize::AttributionOptions.
  Stacks(const aggregate::Profile& profile, report::StackSource& source, report::StackFilter& filter,
         bool skip = true);

  const std::vector<Stack>& all() const { return stacks_; }
  const report::Amounts& totals() const { return totals_; }
  // By node: whether its stack is among them. Empty if the filter dropped none.
  const std::vector<bool>& kept_nodes() const { return kept_nodes_; }

 private:
  std::vector<aggregate::SiteAmounts> sites_;
  std::vector<Stack> stacks_;
  std::vector<bool> kept_nodes_;
  report::Amounts totals_;
};

// Numbers frames from 0 on: frames that read the same (function, file, line, module, inlined or not) are one.
class FrameTable {
 public:
  std::uint32_t NumberOf(const symbolize::Frame* frame);
  const std::vector<const symbolize::Frame*>& frames() const { return frames_; }

 private:
  std::unordered_map<const symbolize::Frame*, std::uint32_t> by_pointer_;
  std::unordered_map<std::string, std::uint32_t> by_text_;
  std::vector<const symbolize::Frame*> frames_;
};

// The whole name without parameters, "?? in libpq.so.5.15" where there is none; fit for any text format.
std::string NameOf(const symbolize::Frame& frame);

// The source file with "." and ".." resolved; empty: none.
std::string FileOf(const symbolize::Frame& frame);

}  // namespace memtrace::exporting
