// SPDX-License-Identifier: MIT
// Stacks and FrameTable.
#include "analyzer/export/stacks.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/symbolize/function_name.h"
#include "analyzer/util/path_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::exporting {

using aggregate::SiteAmounts;
using symbolize::Frame;

Stacks::Stacks(const aggregate::Profile& profile, report::StackSource& source, report::StackFilter& filter,
               bool skip)
    : sites_(profile.sites) {
  std::sort(sites_.begin(), sites_.end(), [](const SiteAmounts& a, const SiteAmounts& b) {
    return std::tie(a.node, a.thread) < std::tie(b.node, b.thread);
  });
  bool dropped_any = false;
  for (std::size_t begin = 0, end = 0; begin < sites_.size(); begin = end) {
    while (end < sites_.size() && sites_[end].node == sites_[begin].node) ++end;
    Stack stack;
    stack.node = sites_[begin].node;
    std::optional<report::SelectedStack> selected = filter.Select(source.StackOf(stack.node), skip);
    if (!selected) {
      dropped_any = true;
      continue;
    }
    stack.frames = std::move(selected->frames);
    stack.charged_frame = selected->attribution.frame;
    stack.sites = std::span(sites_).subspan(begin, end - begin);
    for (const SiteAmounts& site : stack.sites) stack.amounts.Add(site);
    totals_.Add(stack.amounts);
    stacks_.push_back(std::move(stack));
  }
  if (!dropped_any) return;
  kept_nodes_.resize(stacks_.empty() ? 1 : stacks_.back().node + 1);
  for (const Stack& stack : stacks_) kept_nodes_[stack.node] = true;
}

std::uint32_t FrameTable::NumberOf(const Frame* frame) {
  const auto [known, is_new] = by_pointer_.try_emplace(frame, 0);
  if (!is_new) return known->second;
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}", frame->function, frame->file, frame->line,
                                       frame->module_path, frame->is_inlined ? 1 : 0);
  const auto [same, is_first] = by_text_.try_emplace(text, static_cast<std::uint32_t>(frames_.size()));
  if (is_first) frames_.push_back(frame);
  return known->second = same->second;
}

std::string NameOf(const Frame& frame) {
  if (frame.is_truncated || frame.function.empty()) return report::FunctionText(frame);
  return Printable(symbolize::DisplayName(frame));
}

std::string FileOf(const Frame& frame) {
  return frame.has_line() ? Printable(NormalizedPath(frame.file)) : std::string();
}

}  // namespace memtrace::exporting
