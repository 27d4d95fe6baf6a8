// SPDX-License-Identifier: MIT
// The call tree of a page, folded where it is too large, and the entries at its leaves.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/export/call_tree.h"
#include "analyzer/export/stacks.h"

namespace memtrace::html {

inline constexpr std::uint32_t kFoldedFrame = 0;  // stands for boxes too small to show; frames count from 1

struct PageNode {
  std::uint32_t parent = 0;
  std::uint32_t frame = kFoldedFrame;
};

struct PageEntry {
  std::uint32_t node = 0;
  model::ThreadId thread = 0;
  std::uint32_t charged = kFoldedFrame;  // frame
  report::Amounts amounts;
  report::Amounts base;  // of the recording compared with
};

class PageTree {
 public:
  // `base` may be null. The stacks must outlive the tree.
  PageTree(const exporting::Stacks& stacks, const exporting::Stacks* base, std::size_t max_nodes);

  const std::vector<PageNode>& nodes() const { return nodes_; }
  const std::vector<PageEntry>& entries() const { return entries_; }
  // By frame number less one: those that nodes and entries refer to.
  const std::vector<const symbolize::Frame*>& frames() const { return used_frames_; }
  std::size_t folded_nodes() const { return folded_nodes_; }
  // Boxes below this share of everything are folded; 0: none are.
  double folded_share() const { return folded_share_; }

  // The frame that a stack is charged to, as entries have it; kFoldedFrame for nodes of no stack.
  std::uint32_t ChargedOf(model::NodeId node, bool is_base) const;

  // The entry of a stack's blocks on a thread; there is one for each site of `stacks`.
  std::uint32_t EntryOf(model::NodeId node, model::ThreadId thread) const;

 private:
  struct Leaf {
    const exporting::Stack* stack = nullptr;
    std::uint32_t node = 0;     // of tree_
    std::uint32_t charged = 0;  // frame
  };
  using Leaves = std::vector<Leaf>;

  Leaves LeavesOf(const exporting::Stacks& stacks);
  void PlaceNodes(const std::vector<bool>& is_kept);
  void AddEntries(const Leaves& leaves, bool is_base);
  std::uint32_t Use(std::uint32_t frame);

  exporting::CallTree tree_;
  std::vector<PageNode> nodes_;
  std::vector<std::uint32_t> place_;  // by node of tree_: the node of the page
  std::vector<bool> is_small_;        // by frame: charged with too little to be named, where boxes are folded
  std::vector<PageEntry> entries_;
  struct EntryKey {
    std::uint32_t node = 0;
    model::ThreadId thread = 0;
    std::uint32_t charged = 0;
    bool operator==(const EntryKey&) const = default;
  };
  struct EntryKeyHash {
    std::size_t operator()(const EntryKey& key) const {
      std::uint64_t mixed =
          (static_cast<std::uint64_t>(key.node) << 32 | key.charged) * 0x9e3779b97f4a7c15ULL;
      mixed ^= key.thread * 0xc2b2ae3d27d4eb4fULL;
      return mixed ^ mixed >> 32;
    }
  };
  std::unordered_map<EntryKey, std::uint32_t, EntryKeyHash> entry_numbers_;
  std::unordered_map<std::uint64_t, std::uint32_t> entry_of_site_;  // by node << 32 | thread
  std::unordered_map<model::NodeId, std::uint32_t> charged_of_node_;
  std::unordered_map<model::NodeId, std::uint32_t> charged_of_base_node_;
  std::vector<std::uint32_t> use_;  // by frame of tree_ and one: its number here; 0: not used yet
  std::vector<const symbolize::Frame*> used_frames_;
  std::size_t folded_nodes_ = 0;
  double folded_share_ = 0;
};

}  // namespace memtrace::html
