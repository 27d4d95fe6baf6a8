// SPDX-License-Identifier: MIT
// Layout. A caller that only passes on what one callee has stands above it without numbers or a step to the
// right, so that forty frames deep is still readable:
//
//      1532 KiB  100.0%   3003  all
//      1341 KiB   87.5%   2001  ├─ worker_main  src/worker.cpp:12
//      1024 KiB   66.8%      1  │  ├─ Index::grow  src/index.cpp:30
//                               │  │  Arena::reserve  include/arena.h:41
//       313 KiB   20.4%   2000  │  └─ Index::add  src/posting.cpp:88
#include "analyzer/report/tree.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/path_format.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;

constexpr std::size_t kNumbers = 28;  // columns before the tree

std::string PlaceOf(const symbolize::Frame& frame, const RenderOptions& render) {
  if (!frame.has_line()) return frame.function.empty() ? "" : ModuleText(frame);
  return fmt::format("{}:{}", Printable(ShortPath(frame.file, render.working_directory)), frame.line);
}

}  // namespace

Result<TreeReport> TreeReport::Build(const model::Trace& trace, const aggregate::Profile& profile,
                                     StackSource& source, TreeOptions options) {
  Result<StackFilter> filter = StackFilter::Create(options.stacks);
  if (!filter) return filter.error();
  CallTree tree(profile, source, *filter, options.tree);
  return TreeReport(trace, profile, std::move(tree), std::move(options));
}

Amount TreeReport::Total() const {
  return AmountOf(options_.tree.metric, TotalsOf(profile_));
}

double TreeReport::Share(const Amount& amount) const {
  const auto all = static_cast<double>(RankOf(options_.tree.metric, Total()));
  return all == 0 ? 0 : static_cast<double>(RankOf(options_.tree.metric, amount)) / all;
}

bool TreeReport::IsLarge(const CallNode& node) const {
  const Metric metric = options_.tree.metric;
  return 100.0 * static_cast<double>(RankOf(metric, node.amount)) >=
         options_.min_percent * static_cast<double>(RankOf(metric, tree_.root().amount));
}

// Preorder without recursion: stacks may be deeper than ours.
std::vector<TreeReport::Entry> TreeReport::Entries() const {
  std::vector<Entry> entries;
  std::vector<Entry> pending = {Entry{}};
  while (!pending.empty()) {
    const Entry entry = pending.back();
    pending.pop_back();
    entries.push_back(entry);
    if (entry.left_out == 0) AddBranches(entry, pending);
  }
  return entries;
}

void TreeReport::AddBranches(const Entry& entry, std::vector<Entry>& pending) const {
  const CallNode& node = tree_.node(entry.node);
  const bool is_too_deep = options_.depth != 0 && entry.level >= options_.depth;
  Entry left_out{entry.node, entry.level + 1, 0, is_too_deep, {}};
  std::vector<Entry> branches;
  for (const std::uint32_t child : node.children) {
    if (!is_too_deep && IsLarge(tree_.node(child))) {
      branches.push_back({child, entry.level + 1, 0, false, {}});
    } else {
      ++left_out.left_out;
      left_out.left_out_amount += tree_.node(child).amount;
    }
  }
  if (left_out.left_out > 0) branches.push_back(left_out);
  pending.insert(pending.end(), branches.rbegin(), branches.rend());
}

std::string TreeReport::NodeText(const Entry& entry, const RenderOptions& render) const {
  const CallNode& node = tree_.node(entry.node);
  if (entry.left_out > 0) {
    const char* what = !options_.tree.inverted ? "call" : entry.node == 0 ? "place" : "caller";
    return render.paint.Dim(fmt::format("… {} {}{}{}", entry.left_out, entry.is_too_deep ? "deeper " : "",
                                        what, entry.left_out == 1 ? "" : "s"));
  }
  if (node.frame == nullptr) return "all";
  std::string text = render.paint.Bold(FunctionText(*node.frame));
  const std::string place = PlaceOf(*node.frame, render);
  if (!place.empty()) text += "  " + render.paint.Place(place);
  if (node.own != Amount{} && node.own != node.amount) {
    const bool blocks = RanksByBlocks(options_.tree.metric);
    const std::string own =
        blocks ? std::to_string(node.own.blocks) : FormatSize(static_cast<double>(node.own.bytes));
    text += render.paint.Dim(fmt::format("  (own {})", own));
  }
  return text;
}

std::string TreeReport::Text(const RenderOptions& render) const {
  const Metric metric = options_.tree.metric;
  std::string text =
      render.paint.Bold(fmt::format("{} {}", options_.tree.inverted ? "Places and their callers" : "Calls",
                                    HeadingText(metric, profile_, trace_.info)));
  text += "\n";
  const std::string selected = BlocksSelectedText(profile_.query, trace_);
  if (!selected.empty()) text += render.paint.Dim("of " + selected + " only") + "\n";

  const std::vector<Entry> entries = Entries();
  std::vector<std::size_t> indent(tree_.size());  // of a node's branches
  std::vector<std::string> guides = {""};         // what stands left of a branch, by its indent
  std::vector<std::size_t> siblings_left(tree_.size());
  for (const Entry& entry : entries) {
    if (entry.level > 0) ++siblings_left[entry.left_out > 0 ? entry.node : tree_.node(entry.node).parent];
  }
  std::vector<std::size_t> branches = siblings_left;
  for (const Entry& entry : entries) {
    const CallNode& node = tree_.node(entry.node);
    const Amount amount = entry.left_out > 0 ? entry.left_out_amount : node.amount;
    std::string lead;
    bool passes_on = false;
    if (entry.level > 0) {
      const std::uint32_t above = entry.left_out > 0 ? entry.node : node.parent;
      const std::size_t level = indent[above];
      passes_on =
          entry.left_out == 0 && above != 0 && branches[above] == 1 && tree_.node(above).amount == amount;
      const bool is_last = --siblings_left[above] == 0;
      lead = guides[level];
      if (!passes_on) lead += is_last ? "└─ " : "├─ ";
      if (entry.left_out == 0) {
        indent[entry.node] = passes_on ? level : level + 1;
        guides.resize(indent[entry.node] + 1);
        if (!passes_on) guides[indent[entry.node]] = guides[level] + (is_last ? "   " : "│  ");
      }
    }
    std::string numbers(kNumbers, ' ');
    if (!passes_on) {
      const std::string size = FormatSize(static_cast<double>(amount.bytes));
      const std::string share = FormatShare(Share(amount), 1);
      numbers = RanksByBlocks(metric) ? fmt::format("{:>10} {:>7} {:>8}", amount.blocks, share, size)
                                      : fmt::format("{:>9} {:>7} {:>9}", size, share, amount.blocks);
      numbers.resize(kNumbers - 1, ' ');
      numbers = render.paint.ByShare(Share(amount), numbers) + " ";
    }
    text += numbers + lead + NodeText(entry, render) + "\n";
  }
  return text;
}

Json TreeReport::ToJson() const {
  const Metric metric = options_.tree.metric;
  Json json = Envelope("tree", trace_);
  json["selector"] = {{"metric", MetricName(metric)},        {"inverted", options_.tree.inverted},
                      {"by_line", options_.tree.by_line},    {"depth", options_.depth},
                      {"min_percent", options_.min_percent}, {"skip", options_.tree.skip}};
  json["selector"].update(SelectorJson(profile_, options_.stacks));
  json["total"] = report::ToJson(Total());
  json["matching"] = report::ToJson(tree_.root().amount);
  json["rows"] = Json::array();
  std::vector<std::size_t> row_of(tree_.size());
  for (const Entry& entry : Entries()) {
    const CallNode& node = tree_.node(entry.node);
    if (entry.left_out > 0) {
      Json& row = json["rows"][row_of[entry.node]];
      row["left_out"] = report::ToJson(entry.left_out_amount);
      row["left_out"]["branches"] = entry.left_out;
      continue;
    }
    row_of[entry.node] = json["rows"].size();
    Json row = {{"level", entry.level},
                {"parent", entry.level == 0 ? Json(nullptr) : Json(row_of[node.parent])},
                {"share", Share(node.amount)}};
    row.update(report::ToJson(node.amount));
    row["own"] = report::ToJson(node.own);
    if (node.frame != nullptr) row.update(report::ToJson(*node.frame));
    json["rows"].push_back(std::move(row));
  }
  return json;
}

}  // namespace memtrace::report
