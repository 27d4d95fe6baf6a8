// SPDX-License-Identifier: MIT
// A profile's stacks folded into a tree of calls.
//
//     stacks, outermost first       top-down                      inverted (from the charged frame outward)
//     main > load > PQexec   40     main 141 ─┬─ load 40 ─ PQexec      add    101 ─┬─ main      1
//     main > add              1               └─ add   1              │            └─ worker  100
//     worker > add          100     worker 100 ── add 100              PQexec  40 ─── load 40 ─ main 40
//
// A node's amount is that of all stacks that go through it; its own, of those that end there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/metric.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

struct CallTreeOptions {
  Metric metric = Metric::kLive;
  bool skip = true;       // stacks begin at the charged frame, and have no std:: and the like within
  bool inverted = false;  // callers below the charged frame
  bool by_line = false;   // calls from different lines of a function are different nodes
};

struct CallNode {
  const symbolize::Frame* frame = nullptr;  // null: the root, and stacks without frames
  std::uint32_t parent = 0;
  aggregate::Amount amount;  // of the metric
  aggregate::Amount own;
  std::vector<std::uint32_t> children;  // largest first
};

// Nodes lie in one vector, parents before children; [0] is the root, of everything that was selected. The
// frames are the source's.
class CallTree {
 public:
  CallTree(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
           const CallTreeOptions& options);

  const CallNode& root() const { return nodes_.front(); }
  const CallNode& node(std::uint32_t index) const { return nodes_[index]; }
  std::size_t size() const { return nodes_.size(); }

 private:
  void Sort(Metric metric);

  std::vector<CallNode> nodes_;
};

}  // namespace memtrace::report
