// SPDX-License-Identifier: MIT
// Grouping: every node's stack is looked up once and added to the row of the frame that is charged, or of
// each of its frames.
#include "analyzer/report/rows.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/start_code.h"
#include "analyzer/util/suggest.h"

namespace memtrace::report {
namespace {

using aggregate::SiteAmounts;
using symbolize::Frame;

constexpr char kSeparator = '\n';  // cannot be in a path that a report would show unchanged

std::string LineKey(const Frame& frame) {
  return frame.has_line() ? fmt::format("{}{}{}", frame.file, kSeparator, frame.line)
                          : FunctionIdentity(frame);
}

// One node with all its threads and sizes, under way into a row.
struct Charge {
  const SelectedStack& stack;
  std::span<const SiteAmounts> sites;
  std::size_t frame = stack.attribution.frame;  // for which the row stands
  bool is_own = true;                           // it is the one that is charged
};

class Grouper {
 public:
  Grouper(const aggregate::Profile& profile, const RowOptions& options)
      : size_classes_(profile.size_classes), options_(options) {}

  void Add(const Charge& charge) {
    if (options_.by == GroupBy::kThread || options_.by == GroupBy::kSize) {
      for (const SiteAmounts& site : charge.sites) AddSite(charge, site);
    } else if (charge.stack.frames.empty()) {
      AddTo(NumberOf(std::string()), charge);
    } else if (options_.by == GroupBy::kTraceback) {
      AddTo(NumberOf(TracebackKey(charge.stack.frames)), charge);
    } else if (options_.cumulative) {
      AddToEach(charge);
    } else {
      AddTo(NumberOf(*charge.stack.frames[charge.frame]), charge);
    }
  }

  std::vector<Row> TakeRows();

 private:
  struct Group {
    std::string key;
    Row row;
    std::uint64_t largest = 0;
    std::unordered_map<std::string, Caller> callers;
  };

  void AddSite(const Charge& charge, const SiteAmounts& site);
  void AddToEach(const Charge& charge);
  Group& AddTo(std::uint32_t number, const Charge& charge);
  void AddCaller(Group& group, const Charge& charge, const aggregate::Amount& amount) const;

  std::string KeyOf(const Frame& frame) const;
  std::uint32_t NumberOf(const Frame& frame);
  std::uint32_t NumberOf(const std::string& key);
  std::string TracebackKey(const Stack& stack);

  const std::vector<aggregate::Bounds>& size_classes_;
  const RowOptions options_;
  std::deque<Group> groups_;                                        // by number
  std::unordered_map<std::string, std::uint32_t> numbers_;          // of keys
  tsl::robin_map<const Frame*, std::uint32_t> number_of_frame_;     // of the frame's group
  std::unordered_map<std::string, std::uint32_t> traceback_steps_;  // short keys for long stacks
  tsl::robin_map<const Frame*, std::uint32_t> step_of_frame_;
  std::vector<std::uint32_t> seen_;  // of one stack, in AddToEach
};

std::string Grouper::KeyOf(const Frame& frame) const {
  switch (options_.by) {
    case GroupBy::kFile:
      return frame.has_line() ? frame.file : kSeparator + frame.module_path;
    case GroupBy::kFunction:
      return FunctionIdentity(frame);
    case GroupBy::kModule:
      return frame.module_path.empty() ? frame.module : frame.module_path;
    default:
      return LineKey(frame);
  }
}

std::uint32_t Grouper::NumberOf(const std::string& key) {
  const auto [place, is_new] = numbers_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
  if (is_new) groups_.emplace_back().key = key;
  return place->second;
}

std::uint32_t Grouper::NumberOf(const Frame& frame) {
  const auto known = number_of_frame_.find(&frame);
  if (known != number_of_frame_.end()) return known->second;
  const std::uint32_t number = NumberOf(KeyOf(frame));
  number_of_frame_.emplace(&frame, number);
  return number;
}

std::string Grouper::TracebackKey(const Stack& stack) {
  std::string key;
  for (const Frame* frame : stack) {
    const auto [place, is_new] = step_of_frame_.try_emplace(frame, 0);
    if (is_new) {
      const std::string name = FunctionIdentity(*frame) + kSeparator + LineKey(*frame);
      const auto next = static_cast<std::uint32_t>(traceback_steps_.size());
      place.value() = traceback_steps_.try_emplace(name, next).first->second;
    }
    key += fmt::format("{:x} ", place->second);
  }
  return key;
}

void Grouper::AddSite(const Charge& charge, const SiteAmounts& site) {
  const bool by_thread = options_.by == GroupBy::kThread;
  const std::uint32_t number = NumberOf(fmt::format("{:08}", by_thread ? site.thread : site.size_class));
  Row& row = AddTo(number, {charge.stack, {&site, 1}}).row;
  row.thread = site.thread;
  if (site.size_class < size_classes_.size()) row.size_bytes = size_classes_[site.size_class];
}

// Recursion credits a row once: with the innermost of its frames.
void Grouper::AddToEach(const Charge& charge) {
  const Stack& frames = charge.stack.frames;
  const bool has_python = symbolize::InnermostPython(frames) < frames.size();
  seen_.clear();
  for (std::size_t i = charge.frame; i < frames.size(); ++i) {
    const bool is_dull = IsStartCode(*frames[i]) || symbolize::IsSkipped(*frames[i], has_python);
    if (options_.skip && is_dull && i != charge.frame) continue;
    const std::uint32_t number = NumberOf(*frames[i]);
    if (std::find(seen_.begin(), seen_.end(), number) != seen_.end()) continue;
    seen_.push_back(number);
    AddTo(number, {charge.stack, charge.sites, i, i == charge.frame});
  }
}

Grouper::Group& Grouper::AddTo(std::uint32_t number, const Charge& charge) {
  Group& group = groups_[number];
  Row& row = group.row;
  Amounts sum;
  for (const SiteAmounts& site : charge.sites) {
    Amounts amounts;
    amounts.Add(site);
    sum.Add(amounts);
    const aggregate::Amount& amount = AmountOf(options_.metric, amounts);
    if (amount != aggregate::Amount{}) row.by_thread[site.thread] += amount;
  }
  const aggregate::Amount& amount = AmountOf(options_.metric, sum);
  if (amount.blocks > 0) row.nodes.push_back(charge.sites.front().node);
  const std::uint64_t rank = RankOf(options_.metric, amount);
  if (row.largest_node == 0 || rank > group.largest) {
    group.largest = rank;
    row.largest_node = charge.sites.front().node;
    row.largest_stack = charge.stack.frames;
    row.charged_frame = charge.frame;
    if (!charge.stack.frames.empty()) row.frame = *charge.stack.frames[charge.frame];
  }
  row.amounts.Add(sum);
  if (charge.is_own) row.own.Add(sum);
  AddCaller(group, charge, amount);
  return group;
}

void Grouper::AddCaller(Group& group, const Charge& charge, const aggregate::Amount& amount) const {
  if (options_.cumulative || (options_.by != GroupBy::kLine && options_.by != GroupBy::kFunction)) return;
  if (amount.blocks == 0) return;  // nothing of the metric came through this caller
  const Stack& frames = charge.stack.frames;
  std::size_t index = charge.stack.attribution.caller_with_line;
  while (index < frames.size() && (!frames[index]->has_line() || IsStartCode(*frames[index]))) ++index;
  if (index >= frames.size()) return;
  const Frame& frame = *frames[index];
  group.callers.try_emplace(LineKey(frame), Caller{frame, {}}).first->second.amount += amount;
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
  for (Group& group : groups_) {
    const aggregate::Amount& amount = AmountOf(options_.metric, group.row.amounts);
    if (amount.bytes == 0 && amount.blocks == 0) continue;
    for (auto& [line, caller] : group.callers) group.row.callers.push_back(std::move(caller));
    std::sort(group.row.callers.begin(), group.row.callers.end(), [this](const Caller& a, const Caller& b) {
      const int order = Compare(options_.metric, a.amount, b.amount);
      return order != 0 ? order > 0
                        : std::tie(a.frame.file, a.frame.line) < std::tie(b.frame.file, b.frame.line);
    });
    keyed.emplace_back(std::move(group.key), std::move(group.row));
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
  static const std::vector<std::string> names = {"line",      "file",   "function", "module",
                                                 "traceback", "thread", "size"};
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
  Grouper grouper(profile, options);
  for (std::size_t begin = 0, end = 0; begin < sites.size(); begin = end) {
    while (end < sites.size() && sites[end].node == sites[begin].node) ++end;
    const std::optional<SelectedStack> stack = filter.Select(source.StackOf(sites[begin].node), options.skip);
    if (!stack) continue;
    const Charge charge{*stack, std::span(sites).subspan(begin, end - begin)};
    for (const SiteAmounts& site : charge.sites) result.matching.Add(site);
    grouper.Add(charge);
  }
  result.rows = grouper.TakeRows();
  return result;
}

}  // namespace memtrace::report
