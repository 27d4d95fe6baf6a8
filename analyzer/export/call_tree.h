// SPDX-License-Identifier: MIT
// Stacks joined at their common frames.
//
//     main ─┬─ load ── PQexec         top-down: roots are outermost frames (flame graphs, .heapprofile)
//           └─ Index::add
//     PQexec ── load ── main          bottom-up: roots are innermost frames (massif, inverted flame graphs)
//
// Node 0 is the root of all; parents come before their children.
#pragma once

#include <cstdint>
#include <vector>

#include <tsl/robin_map.h>

#include "analyzer/export/stacks.h"

namespace memtrace::exporting {

enum class TreeDirection { kTopDown, kBottomUp };

class CallTree {
 public:
  struct Node {
    std::uint32_t frame = 0;   // number in the frame table; meaningless for node 0
    std::uint32_t parent = 0;  // 0 for node 0, too
    report::Amounts self;      // of stacks that end here
    report::Amounts total;     // with all children; after SumUp()
  };

  explicit CallTree(TreeDirection direction) : direction_(direction), nodes_(1) {}

  // The node at which a stack, innermost frame first, ends; made where there is none.
  std::uint32_t NodeOf(const std::vector<const symbolize::Frame*>& stack);
  void Add(const Stack& stack) { nodes_[NodeOf(stack.frames)].self.Add(stack.amounts); }
  void SumUp();
  // A frame's number in the frame table, whether or not it is in the tree.
  std::uint32_t NumberOf(const symbolize::Frame* frame) { return frames_.NumberOf(frame); }

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<const symbolize::Frame*>& frames() const { return frames_.frames(); }
  const symbolize::Frame& FrameOf(std::uint32_t node) const { return *frames()[nodes_[node].frame]; }
  // By node: its children, in the order they were made.
  std::vector<std::vector<std::uint32_t>> Children() const;

 private:
  std::uint32_t ChildOf(std::uint32_t parent, std::uint32_t frame);

  TreeDirection direction_;
  FrameTable frames_;
  std::vector<Node> nodes_;
  // The map takes the hash's low bits, in which keys of one frame are all alike.
  struct KeyHash {
    std::size_t operator()(std::uint64_t key) const {
      key *= 0x9e3779b97f4a7c15ULL;
      return key ^ key >> 32;
    }
  };
  tsl::robin_map<std::uint64_t, std::uint32_t, KeyHash> child_;  // by parent << 32 | frame
};

}  // namespace memtrace::exporting
