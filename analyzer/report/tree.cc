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
#include "analyzer/report/python_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/path_format.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;

constexpr std::size_t kNumbers = 28;  // columns before the tree

// A node of a function stands for calls from several of its lines: it is shown where the function is
// declared.
std::string PlaceOf(const symbolize::Frame& frame, bool by_line, const RenderOptions& render) {
  if (!frame.has_line()) return frame.function.empty() ? "" : ModuleText(frame);
  const std::string file = Printable(ShortPath(frame.file, render.working_directory));
  const std::uint32_t line = by_line ? frame.line : frame.function_line;
  return line == 0 ? file : fmt::format("{}:{}", file, line);
}

std::string Repeated(const std::string& line, std::size_t times) {
  if (times == 0) return {};
  return times == 1 ? line + "\n" : fmt::format("{} ({} times)\n", line, times);
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
  const std::string place = PlaceOf(*node.frame, options_.tree.by_line, render);
  if (!place.empty()) text += "  " + render.paint.Place(place);
  if (node.own != Amount{} && node.own != node.amount) {
    const bool blocks = RanksByBlocks(options_.tree.metric);
    const std::string own =
        blocks ? std::to_string(node.own.blocks) : FormatSize(static_cast<double>(node.own.bytes));
    text += render.paint.Dim(fmt::format("  (own {})", own));
  }
  return text;
}

// The lines that lead to each entry, and whether it steps to the right. Takes the entries in their order.
class TreeReport::Guides {
 public:
  Guides(const CallTree& tree, const std::vector<Entry>& entries)
      : tree_(tree), indent_(tree.size()), branches_(tree.size()) {
    for (const Entry& entry : entries) {
      if (entry.level > 0) ++branches_[Above(entry)];
    }
    left_ = branches_;
  }

  struct Place {
    std::string lead;
    bool is_passed_on = false;  // all that the caller has: without numbers, below it
  };
  Place Next(const Entry& entry) {
    if (entry.level == 0) return {};
    const std::uint32_t above = Above(entry);
    const std::size_t level = indent_[above];
    const bool is_last = --left_[above] == 0;
    if (entry.left_out > 0) return {guides_[level] + (is_last ? kLast : kBranch), false};
    const bool is_passed_on =
        above != 0 && branches_[above] == 1 && tree_.node(above).amount == tree_.node(entry.node).amount;
    if (is_passed_on) {
      indent_[entry.node] = level;
      return {guides_[level], true};
    }
    indent_[entry.node] = std::min(level + 1, kDeepestIndent);
    guides_.resize(indent_[entry.node] + 1);
    if (level < kDeepestIndent) guides_[level + 1] = guides_[level] + (is_last ? "   " : "│  ");
    return {guides_[level] + (is_last ? kLast : kBranch), false};
  }

 private:
  static constexpr const char* kBranch = "├─ ";
  static constexpr const char* kLast = "└─ ";
  static constexpr std::size_t kDeepestIndent = 100;  // deeper branches stand below each other

  std::uint32_t Above(const Entry& entry) const {
    return entry.left_out > 0 ? entry.node : tree_.node(entry.node).parent;
  }

  const CallTree& tree_;
  std::vector<std::size_t> indent_;         // of a node's branches
  std::vector<std::size_t> branches_;       // that a node shows
  std::vector<std::size_t> left_;           // of them still to come
  std::vector<std::string> guides_ = {""};  // what stands left of a branch, by its indent
};

std::string TreeReport::NumbersText(const Amount& amount, const RenderOptions& render) const {
  const std::string size = FormatSize(static_cast<double>(amount.bytes));
  const std::string share = FormatShare(Share(amount), 1);
  std::string numbers = RanksByBlocks(options_.tree.metric)
                            ? fmt::format("{:>10} {:>7} {:>8}", amount.blocks, share, size)
                            : fmt::format("{:>9} {:>7} {:>9}", size, share, amount.blocks);
  numbers.resize(kNumbers - 1, ' ');
  return render.paint.ByShare(Share(amount), numbers) + " ";
}

std::string TreeReport::Text(const RenderOptions& render) const {
  std::string text =
      render.paint.Bold(fmt::format("{} {}\n", options_.tree.inverted ? "Places and their callers" : "Calls",
                                    HeadingText(options_.tree.metric, profile_, trace_.info)));
  const std::string selected = BlocksSelectedText(profile_.query, trace_);
  if (!selected.empty()) text += render.paint.Dim("of " + selected + " only") + "\n";

  const std::vector<Entry> entries = Entries();
  Guides guides(tree_, entries);
  std::string last_line;
  std::size_t times = 0;
  for (const Entry& entry : entries) {
    const Amount& amount = entry.left_out > 0 ? entry.left_out_amount : tree_.node(entry.node).amount;
    const Guides::Place place = guides.Next(entry);
    const std::string numbers = place.is_passed_on ? std::string(kNumbers, ' ') : NumbersText(amount, render);
    std::string line = numbers + place.lead + NodeText(entry, render);
    if (place.is_passed_on && line == last_line) {  // recursion
      ++times;
      continue;
    }
    text += Repeated(last_line, times);
    last_line = std::move(line);
    times = 1;
  }
  text += Repeated(last_line, times);
  return entries.empty() ? text : text + render.paint.Dim(FreeListRemark(trace_));
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
