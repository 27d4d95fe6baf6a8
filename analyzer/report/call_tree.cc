// SPDX-License-Identifier: MIT
// Folding: each stack walks down from the root, one step a frame, and makes the nodes that are not there yet.
#include "analyzer/report/call_tree.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/start_code.h"
#include "analyzer/symbolize/attribution.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;
using aggregate::SiteAmounts;
using symbolize::Frame;

// Numbers for what makes frames the same step.
class Steps {
 public:
  explicit Steps(bool by_line) : by_line_(by_line) {}

  std::uint32_t Of(const Frame* frame) {
    const auto [place, is_new] = known_.try_emplace(frame, 0);
    if (is_new) {
      const std::string function = FunctionIdentity(*frame);
      const std::string key =
          by_line_ ? fmt::format("{}\n{}\n{}", function, frame->file, frame->line) : function;
      place.value() = numbers_.try_emplace(key, static_cast<std::uint32_t>(numbers_.size())).first->second;
    }
    return place->second;
  }

 private:
  const bool by_line_;
  tsl::robin_map<const Frame*, std::uint32_t> known_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// The frames that a person should see, outermost last.
Stack Shown(const SelectedStack& stack, bool skip) {
  const bool has_python = symbolize::InnermostPython(stack.frames) < stack.frames.size();
  Stack shown;
  const std::size_t from = stack.attribution.frame;
  for (std::size_t i = from; i < EndOfShownStack(stack.frames, from); ++i) {
    if (!skip || i == from || !symbolize::IsSkipped(*stack.frames[i], has_python))
      shown.push_back(stack.frames[i]);
  }
  return shown;
}

}  // namespace

CallTree::CallTree(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
                   const CallTreeOptions& options)
    : nodes_(1) {
  std::vector<std::pair<model::NodeId, Amount>> sites;
  for (const SiteAmounts& site : profile.sites) {
    Amounts amounts;
    amounts.Add(site);
    const Amount& amount = AmountOf(options.metric, amounts);
    if (amount != Amount{}) sites.emplace_back(site.node, amount);
  }
  // In the order of nodes, so that the tree does not depend on the order of events.
  std::sort(sites.begin(), sites.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

  Steps steps(options.by_line);
  tsl::robin_map<std::uint64_t, std::uint32_t> children;  // (parent, step) -> node
  for (const auto& [node, amount] : sites) {
    const auto selected = filter.Select(source.StackOf(node), options.skip);
    if (!selected) continue;
    Stack stack = Shown(*selected, options.skip);
    if (!options.inverted) std::reverse(stack.begin(), stack.end());
    std::uint32_t at = 0;
    nodes_[0].amount += amount;
    for (const Frame* frame : stack) {
      const std::uint64_t key = std::uint64_t{at} << 32 | steps.Of(frame);
      const auto [place, is_new] = children.try_emplace(key, static_cast<std::uint32_t>(nodes_.size()));
      if (is_new) {
        nodes_[at].children.push_back(place->second);
        nodes_.push_back({frame, at, {}, {}, {}});
      }
      at = place->second;
      nodes_[at].amount += amount;
    }
    nodes_[at].own += amount;
  }
  Sort(options.metric);
}

void CallTree::Sort(Metric metric) {
  const auto key = [&](std::uint32_t index) {
    const Amount& amount = nodes_[index].amount;
    return std::tuple(RankOf(metric, amount), RanksByBlocks(metric) ? amount.bytes : amount.blocks);
  };
  for (CallNode& node : nodes_) {
    std::stable_sort(node.children.begin(), node.children.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return key(a) > key(b); });
  }
}

}  // namespace memtrace::report
