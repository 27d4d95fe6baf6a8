// SPDX-License-Identifier: MIT
// PageTree: first all stacks, then the decision what is too small, then entries at what is left.
#include "analyzer/html/page_tree.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "analyzer/html/page_data.h"
#include "analyzer/report/start_code.h"

namespace memtrace::html {
namespace {

using exporting::Stack;
using report::Amounts;

constexpr std::uint32_t kNowhere = ~0U;

// The largest share of any total that `part` makes up.
double LargestShare(const Amounts& part, const Amounts& whole) {
  const auto share = [](std::uint64_t a, std::uint64_t b) {
    return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
  };
  return std::max({share(part.peak.bytes, whole.peak.bytes), share(part.live.bytes, whole.live.bytes),
                   share(part.not_freed.bytes, whole.not_freed.bytes),
                   share(part.total.bytes, whole.total.bytes), share(part.total.blocks, whole.total.blocks),
                   share(part.temporary.blocks, whole.temporary.blocks)});
}

// For each box: the largest share it has in one of the two recordings.
class Shares {
 public:
  explicit Shares(std::size_t nodes) : shares_(nodes) {}

  template <typename Leaves>
  void Take(const exporting::CallTree& tree, const Leaves& leaves, const Amounts& whole) {
    std::vector<Amounts> sums(shares_.size());
    for (const auto& leaf : leaves) sums[leaf.node].Add(leaf.stack->amounts);
    for (std::size_t i = sums.size() - 1; i > 0; --i) sums[tree.nodes()[i].parent].Add(sums[i]);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      shares_[i] = std::max(shares_[i], LargestShare(sums[i], whole));
    }
  }

  // So that about `count` boxes reach it; kFoldedShare at most, but where those would be more than twice
  // that.
  double ShareToKeep(std::size_t count) const {
    std::vector<double> ordered = shares_;
    const auto at = [&](std::size_t rank) {
      const auto place = ordered.begin() + static_cast<std::ptrdiff_t>(std::min(rank, ordered.size() - 1));
      std::nth_element(ordered.begin(), place, ordered.end(), std::greater<>());
      return *place;
    };
    // Of equal shares all are kept or none: the next larger one keeps fewer.
    const double few = std::nextafter(at(count), 1.0);
    return std::max(std::min(few, kFoldedShare), std::nextafter(at(2 * count), 1.0));
  }

  // Boxes with at least `share`; the root is always one.
  std::vector<bool> AtLeast(double share) const {
    std::vector<bool> kept(shares_.size());
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = i == 0 || shares_[i] >= share;
    return kept;
  }

 private:
  std::vector<double> shares_;
};

// Of each charged frame, whether it reaches `share` of anything in one of the recordings.
template <typename Leaves>
void NoteLargeFrames(const Leaves& leaves, const Amounts& whole, double share, std::vector<bool>& is_small) {
  std::unordered_map<std::uint32_t, Amounts> sums;
  for (const auto& leaf : leaves) sums[leaf.charged].Add(leaf.stack->amounts);
  for (const auto& [frame, sum] : sums) {
    if (LargestShare(sum, whole) >= share) is_small[frame] = false;
  }
}

}  // namespace

PageTree::PageTree(const exporting::Stacks& stacks, const exporting::Stacks* base, std::size_t max_nodes)
    : tree_(exporting::TreeDirection::kTopDown) {
  const Leaves leaves = LeavesOf(stacks);
  const Leaves base_leaves = base != nullptr ? LeavesOf(*base) : Leaves{};
  const std::size_t node_count = tree_.nodes().size();
  std::vector<bool> kept(node_count, true);
  is_small_.assign(tree_.frames().size() + 1, false);
  if (node_count > max_nodes) {
    Shares shares(node_count);
    shares.Take(tree_, leaves, stacks.totals());
    if (base != nullptr) shares.Take(tree_, base_leaves, base->totals());
    const double share = folded_share_ = shares.ShareToKeep(max_nodes / 2);
    kept = shares.AtLeast(share);
    is_small_.assign(is_small_.size(), true);
    NoteLargeFrames(leaves, stacks.totals(), share, is_small_);
    if (base != nullptr) NoteLargeFrames(base_leaves, base->totals(), share, is_small_);
  }
  use_.assign(tree_.frames().size() + 1, 0);
  PlaceNodes(kept);
  AddEntries(leaves, false);
  AddEntries(base_leaves, true);
}

PageTree::Leaves PageTree::LeavesOf(const exporting::Stacks& stacks) {
  Leaves leaves;
  for (const Stack& stack : stacks.all()) {
    Leaf leaf{&stack, 0, kFoldedFrame};
    if (!stack.frames.empty()) {
      report::Stack shown = stack.frames;
      shown.resize(report::EndOfShownStack(shown, stack.charged_frame));
      leaf.node = tree_.NodeOf(shown);
      leaf.charged = tree_.NumberOf(stack.frames[stack.charged_frame]) + 1;
    }
    leaves.push_back(leaf);
  }
  return leaves;
}

void PageTree::PlaceNodes(const std::vector<bool>& is_kept) {
  place_.assign(is_kept.size(), 0);
  nodes_.emplace_back();
  for (std::uint32_t i = 1; i < is_kept.size(); ++i) {
    if (!is_kept[i]) continue;
    place_[i] = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({place_[tree_.nodes()[i].parent], Use(tree_.nodes()[i].frame + 1)});
  }
  std::vector<std::uint32_t> rest_of(nodes_.size(),
                                     kNowhere);  // by node of the page: the box of its small ones
  for (std::uint32_t i = 1; i < is_kept.size(); ++i) {
    if (is_kept[i]) continue;
    ++folded_nodes_;
    const std::uint32_t parent = tree_.nodes()[i].parent;
    if (!is_kept[parent]) {
      place_[i] = place_[parent];
      continue;
    }
    std::uint32_t& rest = rest_of[place_[parent]];
    if (rest == kNowhere) {
      rest = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({place_[parent], kFoldedFrame});
    }
    place_[i] = rest;
  }
}

void PageTree::AddEntries(const Leaves& leaves, bool is_base) {
  for (const Leaf& leaf : leaves) {
    const std::uint32_t charged = is_small_[leaf.charged] ? kFoldedFrame : Use(leaf.charged);
    (is_base ? charged_of_base_node_ : charged_of_node_)[leaf.stack->node] = charged;
    for (const aggregate::SiteAmounts& site : leaf.stack->sites) {
      // Threads of two recordings have nothing to do with each other.
      const model::ThreadId thread = is_base ? 0 : site.thread;
      const EntryKey key{place_[leaf.node], thread, charged};
      const auto [known, is_new] =
          entry_numbers_.try_emplace(key, static_cast<std::uint32_t>(entries_.size()));
      if (is_new) entries_.push_back({place_[leaf.node], thread, charged, {}, {}});
      PageEntry& entry = entries_[known->second];
      (is_base ? entry.base : entry.amounts).Add(site);
      if (!is_base)
        entry_of_site_[static_cast<std::uint64_t>(leaf.stack->node) << 32 | site.thread] = known->second;
    }
  }
}

std::uint32_t PageTree::Use(std::uint32_t frame) {
  if (frame == kFoldedFrame) return kFoldedFrame;
  if (use_[frame] == 0) {
    used_frames_.push_back(tree_.frames()[frame - 1]);
    use_[frame] = static_cast<std::uint32_t>(used_frames_.size());
  }
  return use_[frame];
}

std::uint32_t PageTree::EntryOf(model::NodeId node, model::ThreadId thread) const {
  const auto known = entry_of_site_.find(static_cast<std::uint64_t>(node) << 32 | thread);
  return known == entry_of_site_.end() ? kNowhere : known->second;
}

std::uint32_t PageTree::ChargedOf(model::NodeId node, bool is_base) const {
  const auto& charged = is_base ? charged_of_base_node_ : charged_of_node_;
  const auto known = charged.find(node);
  return known == charged.end() ? kFoldedFrame : known->second;
}

}  // namespace memtrace::html
