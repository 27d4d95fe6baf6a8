// SPDX-License-Identifier: MIT
// Tables and histograms. Bars show blocks, an eighth of a letter at a time.
#include "analyzer/report/stats.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/report/metric_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;
using aggregate::Statistics;

constexpr std::size_t kBarColumns = 24;
constexpr std::size_t kCommonSizes = 5;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string SizeClassName(std::size_t index) {
  if (index == 0) return "0 B";
  if (index == 1) return "1 B";
  if (index > 63) return "more than " + Size(1ULL << 62);
  return "to " + Size(1ULL << (index - 1));
}

std::string LifetimeName(std::size_t index) {
  constexpr const char* kLimits[] = {"1 us",   "10 us", "100 us", "1 ms",  "10 ms",
                                     "100 ms", "1 s",   "10 s",   "100 s", "1000 s"};
  static_assert(std::size(kLimits) + 1 == Statistics::kLifetimes);
  return index < std::size(kLimits) ? fmt::format("below {}", kLimits[index]) : "1000 s or more";
}

Json CountedJson(const Amount& amount, const char* key, Json value) {
  Json json = {{key, std::move(value)}};
  json.update(ToJson(amount));
  return json;
}

}  // namespace

const char* AllocKindName(format::AllocKind kind) {
  constexpr const char* kNames[format::kAllocKinds] = {"malloc",
                                                       "calloc",
                                                       "realloc",
                                                       "reallocarray",
                                                       "posix_memalign",
                                                       "aligned_alloc",
                                                       "memalign",
                                                       "valloc",
                                                       "pvalloc",
                                                       "operator new",
                                                       "operator new[]",
                                                       "operator new, aligned",
                                                       "operator new[], aligned",
                                                       "mmap",
                                                       "mremap",
                                                       "brk",
                                                       "sbrk",
                                                       "mallocx",
                                                       "rallocx",
                                                       "xallocx",
                                                       "tcmalloc's own",
                                                       "mimalloc's own",
                                                       "PyMem_Malloc",
                                                       "PyObject_Malloc",
                                                       "Python's arenas"};
  const auto index = static_cast<std::size_t>(kind);
  return index < format::kAllocKinds ? kNames[index] : "unknown";
}

const char* FreeFormName(format::FreeForm form) {
  switch (form) {
    case format::FreeForm::kDelete:
      return "delete";
    case format::FreeForm::kDeleteArray:
      return "delete[]";
    default:
      return "free()";
  }
}

StatsReport::StatsReport(const model::Trace& trace, const aggregate::Query& query, const Statistics& counts,
                         StackSource& source, StatsOptions options)
    : trace_(trace), query_(query), counts_(counts), options_(std::move(options)) {
  FindMismatches(source);
}

void StatsReport::FindMismatches(StackSource& source) {
  std::map<std::tuple<std::string, format::AllocKind, format::FreeForm>, Mismatch> by_place;
  for (const auto& [key, amount] : counts_.mismatched) {
    const auto& [node, form] = key;
    const Stack stack = source.StackOf(node);
    Mismatch mismatch;
    mismatch.kind = node < trace_.sites.size() ? trace_.sites[node].kind : format::AllocKind::kMalloc;
    mismatch.form = form;
    if (!stack.empty()) {
      const std::size_t charged = symbolize::Attribute(stack, {options_.skip}).frame;
      mismatch.frame = *stack[charged];
      mismatch.chain = {ChainText(stack, charged, options_.skip)};
    }
    const std::string place = fmt::format("{}\n{}\n{}\n{}", mismatch.frame.file, mismatch.frame.line,
                                          mismatch.frame.function, mismatch.frame.module_path);
    auto [found, is_new] = by_place.try_emplace({place, mismatch.kind, form}, std::move(mismatch));
    found->second.amount += amount;
  }
  for (auto& [key, mismatch] : by_place) mismatches_.push_back(std::move(mismatch));
  std::stable_sort(mismatches_.begin(), mismatches_.end(),
                   [](const Mismatch& a, const Mismatch& b) { return a.amount.blocks > b.amount.blocks; });
}

std::string StatsReport::Bar(std::uint64_t share_of_bar) const {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string bar;
  for (std::uint64_t i = 0; i < share_of_bar / 8; ++i) bar += "█";
  return bar + kEighths[share_of_bar % 8];
}

// From the first to the last class with anything in it, so that a gap shows as a gap.
std::string StatsReport::HistogramText(const std::string& title, const std::vector<std::string>& names,
                                       const std::vector<Amount>& amounts,
                                       const RenderOptions& render) const {
  const auto is_used = [](const Amount& amount) { return amount.blocks > 0; };
  const auto first = std::find_if(amounts.begin(), amounts.end(), is_used);
  const auto last = std::find_if(amounts.rbegin(), amounts.rend(), is_used).base();
  const std::uint64_t most =
      std::max_element(amounts.begin(), amounts.end(), [](const Amount& a, const Amount& b) {
        return a.blocks < b.blocks;
      })->blocks;
  Table table({{title, Align::kLeft}, {"blocks"}, {""}, {"bytes"}, {""}, {"", Align::kLeft}});
  for (auto at = first; at < last; ++at) {
    const auto eighths = static_cast<std::uint64_t>(
        static_cast<double>(at->blocks) / static_cast<double>(most) * kBarColumns * 8 + 0.5);
    table.Add({names[static_cast<std::size_t>(at - amounts.begin())], FormatGrouped(at->blocks),
               FormatShare(static_cast<double>(at->blocks), static_cast<double>(counts_.total.blocks)),
               Size(at->bytes),
               FormatShare(static_cast<double>(at->bytes), static_cast<double>(counts_.total.bytes)),
               Bar(at->blocks > 0 ? std::max<std::uint64_t>(eighths, 1) : 0)});
  }
  return table.Text(render.columns, 2);
}

std::string StatsReport::SizesText(const RenderOptions& render) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < counts_.by_size.size(); ++i) names.push_back(SizeClassName(i));
  std::string text = HistogramText("Size", names, {counts_.by_size.begin(), counts_.by_size.end()}, render);
  std::string common;
  for (const auto& [size, blocks] : counts_.CommonSizes(kCommonSizes)) {
    common +=
        fmt::format("{}{} B ({})", common.empty() ? "" : ", ", size,
                    FormatShare(static_cast<double>(blocks), static_cast<double>(counts_.total.blocks)));
  }
  return text + fmt::format("  average {}, median {}; most often {}\n",
                            FormatSize(static_cast<double>(counts_.total.bytes) /
                                       static_cast<double>(counts_.total.blocks)),
                            Size(counts_.MedianSize()), common);
}

std::string StatsReport::LifetimesText(const RenderOptions& render) const {
  std::vector<std::string> names;
  std::vector<Amount> amounts(counts_.by_lifetime.begin(), counts_.by_lifetime.end());
  while (!amounts.empty() && amounts.back().blocks == 0) amounts.pop_back();
  for (std::size_t i = 0; i < amounts.size(); ++i) names.push_back(LifetimeName(i));
  names.emplace_back(trace_.info.is_running ? "not freed so far" : "never freed");
  amounts.push_back(counts_.not_freed);
  return HistogramText("Lifetime", names, amounts, render);
}

std::string StatsReport::KindsText(const RenderOptions& render) const {
  std::vector<std::size_t> order(counts_.by_kind.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return counts_.by_kind[a].blocks > counts_.by_kind[b].blocks;
  });
  std::vector<std::string> names;
  std::vector<Amount> amounts;
  for (const std::size_t kind : order) {
    if (counts_.by_kind[kind].blocks == 0) break;
    names.emplace_back(AllocKindName(static_cast<format::AllocKind>(kind)));
    amounts.push_back(counts_.by_kind[kind]);
  }
  return HistogramText("Allocated by", names, amounts, render);
}

std::string StatsReport::ThreadsText(const RenderOptions& render) const {
  std::vector<model::ThreadId> threads;
  for (model::ThreadId i = 0; i < counts_.by_thread.size(); ++i) {
    if (counts_.by_thread[i].total.blocks > 0) threads.push_back(i);
  }
  if (threads.size() < 2) return {};
  std::stable_sort(threads.begin(), threads.end(), [this](model::ThreadId a, model::ThreadId b) {
    return counts_.by_thread[a].total.bytes > counts_.by_thread[b].total.bytes;
  });
  Table table({{"Thread", Align::kLeft, true},
               {"blocks"},
               {"bytes"},
               {"not freed"},
               {"temporary"},
               {"freed by others"}});
  const std::size_t shown = std::min(threads.size(), options_.limit);
  for (std::size_t i = 0; i < shown; ++i) {
    const aggregate::ThreadStatistics& thread = counts_.by_thread[threads[i]];
    const auto share = [&](const Amount& part) {
      return FormatShare(static_cast<double>(part.blocks), static_cast<double>(thread.total.blocks));
    };
    table.Add({ThreadText(trace_, threads[i]), FormatGrouped(thread.total.blocks), Size(thread.total.bytes),
               Size(thread.not_freed.bytes), share(thread.temporary), share(thread.freed_elsewhere)});
  }
  std::string text = "\n" + table.Text(render.columns, 2);
  if (shown < threads.size()) text += fmt::format("  and {} other threads\n", threads.size() - shown);
  return text;
}

std::string StatsReport::MismatchText(const RenderOptions& render) const {
  if (mismatches_.empty()) return {};
  Amount sum;
  for (const Mismatch& mismatch : mismatches_) sum += mismatch.amount;
  std::string text =
      "\n" +
      render.paint.Bold(fmt::format("Freed the wrong way: {} by {}", Counted(sum.blocks, "block", "blocks"),
                                    Counted(mismatches_.size(), "place", "places"))) +
      "\n";
  for (std::size_t i = 0; i < std::min(options_.limit, mismatches_.size()); ++i) {
    const Mismatch& mismatch = mismatches_[i];
    text += fmt::format("  {}: {} of {} by {}\n", render.paint.Place(PlaceText(mismatch.frame, render)),
                        Counted(mismatch.amount.blocks, "block", "blocks"), AllocKindName(mismatch.kind),
                        render.paint.Alarm(FreeFormName(mismatch.form)));
    for (const std::string& line : mismatch.chain) {
      text += "       " + (render.columns > 23 ? EllipsizeEnd(line, render.columns - 7) : line) + "\n";
    }
  }
  if (mismatches_.size() > options_.limit) {
    text += fmt::format("  and {} other places\n", mismatches_.size() - options_.limit);
  }
  return text;
}

std::string StatsReport::Text(const RenderOptions& render) const {
  const double seconds = static_cast<double>(trace_.info.duration_ns) * 1e-9;
  std::string text = render.paint.Bold(fmt::format(
      "{} allocations, {}, in {}{}", FormatGrouped(counts_.total.blocks), Size(counts_.total.bytes),
      FormatTime(trace_.info.duration_ns), trace_.info.is_running ? " so far" : ""));
  if (seconds > 0) {
    text += fmt::format(
        " ({} a second)",
        FormatGrouped(static_cast<std::uint64_t>(static_cast<double>(counts_.total.blocks) / seconds + 0.5)));
  }
  text += "\n";
  const std::string selected = BlocksSelectedText(query_, trace_);
  if (!selected.empty()) text += render.paint.Dim("of " + selected + " only") + "\n";
  if (counts_.total.blocks == 0) return text;
  const auto share = [this](const Amount& part) {
    return FormatShare(static_cast<double>(part.blocks), static_cast<double>(counts_.total.blocks));
  };
  text +=
      fmt::format("temporary {} (freed before their thread's next allocation), freed by another thread {}\n",
                  share(counts_.temporary), share(counts_.freed_elsewhere));
  return text + "\n" + SizesText(render) + "\n" + LifetimesText(render) + "\n" + KindsText(render) +
         ThreadsText(render) + MismatchText(render);
}

Json StatsReport::ToJson() const {
  Json json = Envelope("stats", trace_);
  aggregate::Profile asked;  // for what the selectors share
  asked.query = query_;
  json["selector"] = {{"limit", options_.limit}, {"skip", options_.skip}};
  json["selector"].update(SelectorJson(asked, options_.stacks));
  json["selector"].erase("at");
  json["selector"].erase("at_ns");
  json["total"] = report::ToJson(counts_.total);
  json["not_freed"] = report::ToJson(counts_.not_freed);
  json["temporary"] = report::ToJson(counts_.temporary);
  json["freed_by_other_thread"] = report::ToJson(counts_.freed_elsewhere);
  json["median_size_bytes"] = counts_.total.blocks == 0 ? Json(nullptr) : Json(counts_.MedianSize());
  json["common_sizes"] = Json::array();
  for (const auto& [size, blocks] : counts_.CommonSizes(kCommonSizes)) {
    json["common_sizes"].push_back({{"size_bytes", size}, {"blocks", blocks}});
  }
  json["sizes"] = Json::array();
  for (std::size_t i = 0; i < counts_.by_size.size(); ++i) {
    if (counts_.by_size[i].blocks == 0) continue;
    const Json up_to = i == 0 ? Json(0) : i > 64 - 1 ? Json(nullptr) : Json(1ULL << (i - 1));
    json["sizes"].push_back(CountedJson(counts_.by_size[i], "up_to_bytes", up_to));
  }
  json["lifetimes"] = Json::array();
  std::uint64_t limit_ns = 1000;
  for (std::size_t i = 0; i < counts_.by_lifetime.size(); ++i, limit_ns *= 10) {
    const bool is_last = i + 1 == counts_.by_lifetime.size();
    json["lifetimes"].push_back(
        CountedJson(counts_.by_lifetime[i], "below_ns", is_last ? Json(nullptr) : Json(limit_ns)));
  }
  json["allocated_by"] = Json::array();
  for (std::size_t i = 0; i < counts_.by_kind.size(); ++i) {
    if (counts_.by_kind[i].blocks == 0) continue;
    json["allocated_by"].push_back(
        CountedJson(counts_.by_kind[i], "function", AllocKindName(static_cast<format::AllocKind>(i))));
  }
  json["threads"] = Json::array();
  for (model::ThreadId i = 0; i < counts_.by_thread.size(); ++i) {
    const aggregate::ThreadStatistics& thread = counts_.by_thread[i];
    if (thread.total.blocks == 0) continue;
    const model::Thread known = i < trace_.threads.size() ? trace_.threads[i] : model::Thread{};
    json["threads"].push_back({{"thread", i},
                               {"tid", known.tid},
                               {"name", known.name},
                               {"total", report::ToJson(thread.total)},
                               {"not_freed", report::ToJson(thread.not_freed)},
                               {"temporary", report::ToJson(thread.temporary)},
                               {"freed_by_other_thread", report::ToJson(thread.freed_elsewhere)}});
  }
  json["rows"] = Json::array();  // mismatched frees
  for (const Mismatch& mismatch : mismatches_) {
    Json row = {{"allocated_by", AllocKindName(mismatch.kind)}, {"freed_by", FreeFormName(mismatch.form)}};
    row.update(report::ToJson(mismatch.amount));
    row.update(report::ToJson(mismatch.frame));
    json["rows"].push_back(std::move(row));
  }
  return json;
}

}  // namespace memtrace::report
