// SPDX-License-Identifier: MIT
// Grouping: every node's stack is looked up once, charged to one frame, and added to the row of that frame's
// key.
#include "analyzer/report/rows.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "analyzer/report/start_code.h"
#include "analyzer/util/suggest.h"

namespace memtrace::report {
namespace {

using aggregate::SiteAmounts;
using symbolize::Frame;

constexpr char kSeparator = '\n';  // cannot be in a path that a report would show unchanged

std::string FunctionKey(const Frame& frame) {
  return frame.function + kSeparator + frame.module_path;
}

std::string LineKey(const Frame& frame) {
  return frame.has_line() ? fmt::format("{}{}{}", frame.file, kSeparator, frame.line) : FunctionKey(frame);
}

// One node with all its threads, under way into a row.
struct Charge {
  const std::vector<Frame>& stack;
  symbolize::Attribution attribution;
  std::span<const SiteAmounts> sites;
};

class Grouper {
 public:
  explicit Grouper(const RowOptions& options) : options_(options) {}

  void Add(const Charge& charge) {
    if (options_.by == GroupBy::kThread) {
      for (const SiteAmounts& site : charge.sites) AddTo(std::to_string(site.thread), charge, {&site, 1});
    } else {
      AddTo(KeyOf(charge), charge, charge.sites);
    }
  }

  std::vector<Row> TakeRows();

 private:
  struct Group {
    Row row;
    std::uint64_t largest = 0;
    std::unordered_map<std::string, Caller> callers;
  };

  std::string KeyOf(const Charge& charge);
  void AddTo(const std::string& key, const Charge& charge, std::span<const SiteAmounts> sites);
  void AddCaller(Group& group, const Charge& charge, const aggregate::Amount& amount) const;

  RowOptions options_;
  std::unordered_map<std::string, Group> groups_;
  std::unordered_map<std::string, std::uint32_t> frame_ids_;  // for kTraceback: short keys of long stacks
};

std::string Grouper::KeyOf(const Charge& charge) {
  if (charge.stack.empty()) return {};
  const Frame& frame = charge.stack[charge.attribution.frame];
  switch (options_.by) {
    case GroupBy::kFile:
      return frame.has_line() ? frame.file : kSeparator + frame.module_path;
    case GroupBy::kFunction:
      return FunctionKey(frame);
    case GroupBy::kModule:
      return frame.module_path.empty() ? frame.module : frame.module_path;
    case GroupBy::kTraceback: {
      std::string key;
      for (const Frame& step : charge.stack) {
        const std::string name = FunctionKey(step) + kSeparator + LineKey(step);
        const auto id = static_cast<std::uint32_t>(frame_ids_.size());
        key += fmt::format("{:x} ", frame_ids_.emplace(name, id).first->second);
      }
      return key;
    }
    case GroupBy::kThread:
    case GroupBy::kLine:
      break;
  }
  return LineKey(frame);
}

void Grouper::AddTo(const std::string& key, const Charge& charge, std::span<const SiteAmounts> sites) {
  Group& group = groups_[key];
  Amounts sum;
  for (const SiteAmounts& site : sites) {
    sum.Add(site);
    const std::uint64_t rank = RankOf(
        options_.metric,
        AmountOf(options_.metric, Amounts{site.live, site.peak, site.not_freed, site.total, site.temporary}));
    if (rank > 0) group.row.by_thread[site.thread] += rank;
  }
  const aggregate::Amount& amount = AmountOf(options_.metric, sum);
  if (amount.blocks > 0) group.row.nodes.push_back(sites.front().node);
  const std::uint64_t rank = RankOf(options_.metric, amount);
  if (group.row.largest_node == 0 || rank > group.largest) {
    group.largest = rank;
    group.row.largest_node = sites.front().node;
    group.row.thread = sites.front().thread;
    group.row.charged_frame = charge.attribution.frame;
    if (!charge.stack.empty()) group.row.frame = charge.stack[charge.attribution.frame];
  }
  group.row.amounts.Add(sum);
  AddCaller(group, charge, amount);
}

void Grouper::AddCaller(Group& group, const Charge& charge, const aggregate::Amount& amount) const {
  if (options_.by != GroupBy::kLine && options_.by != GroupBy::kFunction) return;
  if (amount.blocks == 0) return;  // nothing of the metric came through this caller
  std::size_t index = charge.attribution.caller_with_line;
  while (index < charge.stack.size() && (!charge.stack[index].has_line() || IsStartCode(charge.stack[index])))
    ++index;
  if (index >= charge.stack.size()) return;
  const Frame& frame = charge.stack[index];
  Caller& caller = group.callers.try_emplace(LineKey(frame), Caller{frame, {}}).first->second;
  caller.amount.bytes += amount.bytes;
  caller.amount.blocks += amount.blocks;
}

// Order of two amounts by what the metric ranks, then by the other number.
int Compare(Metric metric, const aggregate::Amount& a, const aggregate::Amount& b) {
  const auto key = [metric](const aggregate::Amount& x) {
    return RanksByBlocks(metric) ? std::pair(x.blocks, x.bytes) : std::pair(x.bytes, x.blocks);
  };
  return key(a) == key(b) ? 0 : key(a) < key(b) ? -1 : 1;
}

std::vector<Row> Grouper::TakeRows() {
  std::vector<std::pair<std::string, Row>> keyed;
  for (auto& [key, group] : groups_) {
    const aggregate::Amount& amount = AmountOf(options_.metric, group.row.amounts);
    if (amount.bytes == 0 && amount.blocks == 0) continue;
    for (auto& [line, caller] : group.callers) group.row.callers.push_back(std::move(caller));
    std::sort(group.row.callers.begin(), group.row.callers.end(), [this](const Caller& a, const Caller& b) {
      const int order = Compare(options_.metric, a.amount, b.amount);
      return order != 0 ? order > 0
                        : std::tie(a.frame.file, a.frame.line) < std::tie(b.frame.file, b.frame.line);
    });
    keyed.emplace_back(key, std::move(group.row));
  }
  std::sort(keyed.begin(), keyed.end(), [this](const auto& a, const auto& b) {
    const int order = Compare(options_.metric, AmountOf(options_.metric, a.second.amounts),
                              AmountOf(options_.metric, b.second.amounts));
    return order != 0 ? order > 0 : a.first < b.first;
  });
  std::vector<Row> rows;
  for (auto& [key, row] : keyed) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

const std::vector<std::string>& GroupByNames() {
  static const std::vector<std::string> names = {"line", "file", "function", "module", "traceback", "thread"};
  return names;
}

std::string GroupByName(GroupBy by) {
  return GroupByNames()[static_cast<std::size_t>(by)];
}

Result<GroupBy> ParseGroupBy(const std::string& text) {
  const auto& names = GroupByNames();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<GroupBy>(found - names.begin());
  return Error{ErrorCode::kUsage,
               fmt::format("--by \"{}\" is not known: {}{}", text, ListOf(names), DidYouMean(text, names))};
}

RowSet BuildRows(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
                 const RowOptions& options) {
  std::vector<SiteAmounts> sites = profile.sites;
  std::sort(sites.begin(), sites.end(), [](const SiteAmounts& a, const SiteAmounts& b) {
    return std::tie(a.node, a.thread) < std::tie(b.node, b.thread);
  });
  RowSet result;
  Grouper grouper(options);
  for (std::size_t begin = 0, end = 0; begin < sites.size(); begin = end) {
    while (end < sites.size() && sites[end].node == sites[begin].node) ++end;
    const std::vector<Frame> stack = source.StackOf(sites[begin].node);
    if (!filter.Keeps(stack)) continue;
    Charge charge{stack, {}, std::span(sites).subspan(begin, end - begin)};
    if (!stack.empty()) charge.attribution = symbolize::Attribute(stack, {options.skip});
    for (const SiteAmounts& site : charge.sites) result.matching.Add(site);
    grouper.Add(charge);
  }
  result.rows = grouper.TakeRows();
  return result;
}

}  // namespace memtrace::report
