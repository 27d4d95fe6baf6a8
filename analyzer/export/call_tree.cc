// SPDX-License-Identifier: MIT
#include "analyzer/export/call_tree.h"

namespace memtrace::exporting {

std::uint32_t CallTree::ChildOf(std::uint32_t parent, std::uint32_t frame) {
  const std::uint64_t key = static_cast<std::uint64_t>(parent) << 32 | frame;
  const auto [place, is_new] = child_.try_emplace(key, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) nodes_.push_back({frame, parent, {}, {}});
  return place->second;
}

std::uint32_t CallTree::NodeOf(const std::vector<const symbolize::Frame*>& stack) {
  std::uint32_t node = 0;
  for (std::size_t i = 0; i < stack.size(); ++i) {
    const std::size_t at = direction_ == TreeDirection::kTopDown ? stack.size() - 1 - i : i;
    node = ChildOf(node, frames_.NumberOf(stack[at]));
  }
  return node;
}

void CallTree::SumUp() {
  for (Node& node : nodes_) node.total = node.self;
  for (std::size_t i = nodes_.size() - 1; i > 0; --i) nodes_[nodes_[i].parent].total.Add(nodes_[i].total);
}

std::vector<std::vector<std::uint32_t>> CallTree::Children() const {
  std::vector<std::vector<std::uint32_t>> children(nodes_.size());
  for (std::uint32_t i = 1; i < nodes_.size(); ++i) children[nodes_[i].parent].push_back(i);
  return children;
}

}  // namespace memtrace::exporting
