// SPDX-License-Identifier: MIT
#include "analyzer/report/process_split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "analyzer/report/kept_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

using aggregate::ProcessParts;
using aggregate::ProcessSplit;

constexpr std::size_t kBarColumns = 12;
constexpr std::size_t kMappedShown = 3;
constexpr std::uint64_t kMappedWorthShowing = 1 << 20;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

double ShareOf(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Rows of places by bytes: what the profile's machinery makes of sites whose live amount they are.
std::vector<Row> RowsOf(std::vector<aggregate::SiteAmounts> sites, StackSource& source) {
  aggregate::Profile profile;
  profile.sites = std::move(sites);
  StackFilter filter;
  return BuildRows(profile, source, filter, {GroupBy::kLine, Metric::kLive, true, false}).rows;
}

std::vector<Row> MappedRows(const ProcessSplit& split, StackSource& source) {
  std::vector<aggregate::SiteAmounts> sites;
  for (const aggregate::MappedSite& mapped : split.mapped) {
    aggregate::SiteAmounts site;
    site.node = mapped.node;
    site.live = {mapped.resident_bytes, 1};
    site.total = {mapped.bytes, 1};
    sites.push_back(site);
  }
  return RowsOf(std::move(sites), source);
}

std::vector<Row> PinningRows(const ProcessSplit& split, StackSource& source) {
  std::vector<aggregate::SiteAmounts> sites;
  for (const aggregate::PinningSite& pinning : split.pinning) {
    aggregate::SiteAmounts site;
    site.node = pinning.node;
    site.live = {pinning.kept_bytes, pinning.blocks.blocks};
    site.total = pinning.blocks;
    sites.push_back(site);
  }
  return RowsOf(std::move(sites), source);
}

// Two moments that are about the same need one column.
bool AreAlike(const ProcessSplit& a, const ProcessSplit& b) {
  std::uint64_t difference = 0;
  for (const ProcessCause& cause : ProcessCauses()) {
    const std::uint64_t x = cause.bytes(a.parts);
    const std::uint64_t y = cause.bytes(b.parts);
    difference += std::max(x, y) - std::min(x, y);
  }
  return difference < std::max(a.parts.total(), b.parts.total()) / 20;
}

std::string HeadOf(const model::Trace& trace, const ProcessSplit& split, bool is_last) {
  if (is_last) return trace.info.is_running ? "now" : "at the end";
  return fmt::format("highest, at {}", FormatTime(split.time_ns));
}

}  // namespace

const std::vector<ProcessCause>& ProcessCauses() {
  static const std::vector<ProcessCause> causes = {
      {"live", "live blocks", "#2f6db3", 'L', [](const ProcessParts& p) { return p.live; }},
      {"overhead", "their headers and rounding", "#7fb0e0", 'h',
       [](const ProcessParts& p) { return p.overhead; }},
      {"kept", "freed, kept by the allocator", "#d9822b", 'k',
       [](const ProcessParts& p) { return p.kept(); }},
      {"mapped", "mapped by the program", "#3f9b5f", 'm', [](const ProcessParts& p) { return p.mapped; }},
      {"python_arenas", "Python's arenas", "#9bbf3b", 'p',
       [](const ProcessParts& p) { return p.python_arenas; }},
      {"stacks", "thread stacks", "#8e63b5", 's', [](const ProcessParts& p) { return p.stacks; }},
      {"files", "program, libraries, other files", "#a8a29a", 'f',
       [](const ProcessParts& p) { return p.files; }},
      {"file_data", "their variables", "#cfc8bd", 'v', [](const ProcessParts& p) { return p.file_data; }},
      {"shared", "shared memory", "#4fb3a5", 'S', [](const ProcessParts& p) { return p.shared; }},
      {"inherited", "from the process that forked it", "#c46a8a", 'i',
       [](const ProcessParts& p) { return p.inherited; }},
      {"loader", "dynamic linker", "#e0d6c4", 'l', [](const ProcessParts& p) { return p.loader; }},
      {"memtrace", "memtrace itself", "#5c6670", 't', [](const ProcessParts& p) { return p.memtrace; }},
      {"unexplained", "unexplained", "#d64545", '?', [](const ProcessParts& p) { return p.unexplained; }},
  };
  return causes;
}

Json JemallocJson(const model::MemoryReading& reading) {
  if (reading.jemalloc_active == format::kUnknown) return nullptr;
  return {{"allocated_bytes", reading.jemalloc_allocated},
          {"active_bytes", reading.jemalloc_active},
          {"metadata_bytes", reading.jemalloc_metadata},
          {"resident_bytes", reading.jemalloc_resident},
          {"retained_bytes", reading.jemalloc_retained}};
}

std::string BarText(double share, std::size_t columns) {
  static constexpr std::array<const char*, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double most = static_cast<double>(columns * 8);
  const auto eighths = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * most));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

ProcessSplitReport::ProcessSplitReport(const model::Trace& trace, const std::vector<ProcessSplit>& splits,
                                       StackSource& source)
    : trace_(trace), splits_(splits) {
  if (splits.empty()) return;
  mapped_ = MappedRows(splits.front(), source);
  pinning_ = PinningRows(splits.back(), source);
}

std::string ProcessSplitReport::TableText(const RenderOptions& render) const {
  const std::size_t skipped = splits_.size() > 1 && AreAlike(splits_.front(), splits_.back()) ? 1 : 0;
  const std::span<const ProcessSplit> shown(splits_.begin() + static_cast<std::ptrdiff_t>(skipped),
                                            splits_.end());
  std::vector<Table::Column> columns = {{"Process memory", Align::kLeft}};
  for (const ProcessSplit& split : shown) {
    columns.push_back({HeadOf(trace_, split, &split == &shown.back())});
    columns.push_back({""});
    columns.push_back({"", Align::kLeft});
  }
  Table table(columns);
  for (const ProcessCause& cause : ProcessCauses()) {
    const bool is_unexplained = std::string_view(cause.key) == "unexplained";
    const auto has_some = [&](const ProcessSplit& split) { return cause.bytes(split.parts) > 0; };
    if (!is_unexplained && std::none_of(shown.begin(), shown.end(), has_some)) continue;
    std::vector<std::string> cells = {cause.title};
    for (const ProcessSplit& split : shown) {
      const std::uint64_t bytes = cause.bytes(split.parts);
      const double share = ShareOf(bytes, split.parts.total());
      cells.push_back(Size(bytes));
      cells.push_back(FormatShare(static_cast<double>(bytes), static_cast<double>(split.parts.total())));
      cells.push_back(BarText(share, kBarColumns));
    }
    table.Add(cells);
  }
  std::vector<std::string> sums = {"all"};
  for (const ProcessSplit& split : shown) sums.insert(sums.end(), {Size(split.parts.total()), "", ""});
  table.Add(sums);
  return table.Text(render.columns, 2);
}

// Where the program's own mappings come from, if they matter.
std::string ProcessSplitReport::MappedText(const RenderOptions& render) const {
  std::string text;
  std::size_t shown = 0;
  for (const Row& row : mapped_) {
    if (shown == kMappedShown || row.amounts.live.bytes < kMappedWorthShowing) break;
    if (shown++ == 0) text += "  mapped by\n";
    std::string place = PlaceText(row.frame, render);
    if (!row.frame.has_line() && !row.callers.empty()) {
      place += ", called from " + PlaceText(row.callers.front().frame, render);
    }
    text += fmt::format("    {}: {} resident of {}\n", render.paint.Place(place),
                        Size(row.amounts.live.bytes), Size(row.amounts.total.bytes));
  }
  return text;
}

std::string ProcessSplitReport::Text(const RenderOptions& render) const {
  if (splits_.empty()) return {};
  std::string text = TableText(render) + MappedText(render);
  const KeptMemory kept = ExplainKept(trace_, splits_.back(), pinning_, render);
  if (!kept.sentences.empty()) {
    text += "\n" + render.paint.Bold("Freed, but it did not go back") + "\n";
    for (const std::string& sentence : kept.sentences) text += Wrapped(sentence, render.columns, 2);
  }
  return text;
}

Json ProcessSplitReport::SplitJson(const ProcessSplit& split) const {
  Json json;
  json["time_ns"] = split.time_ns;
  json["resident_bytes"] = split.parts.total();
  json["kernel_resident_bytes"] = KnownOrNull(trace_.memory.at(split.reading).resident);
  Json causes = Json::object();
  for (const ProcessCause& cause : ProcessCauses()) causes[cause.key] = cause.bytes(split.parts);
  json["causes"] = std::move(causes);
  json["kept"] = {{"top_bytes", split.parts.kept_top},
                  {"whole_pages_bytes", split.parts.kept_pages},
                  {"holes_bytes", split.parts.kept_holes},
                  {"arenas", split.arenas},
                  {"in_arenas_bytes", split.arenas_kept_bytes}};
  json["python_live_bytes"] = split.python_live_bytes;
  json["untouched_live_bytes"] = split.untouched_live_bytes;
  if (Json jemalloc = JemallocJson(trace_.memory.at(split.reading)); !jemalloc.is_null()) {
    json["jemalloc"] = std::move(jemalloc);
  }
  return json;
}

Json ProcessSplitReport::ToJson(const RenderOptions& render) const {
  if (splits_.empty()) return nullptr;
  Json json;
  json["highest"] = SplitJson(splits_.front());
  json["end"] = SplitJson(splits_.back());
  json["mapped"] = Json::array();
  for (const Row& row : mapped_) {
    Json mapped = report::ToJson(row.frame);
    mapped["resident_bytes"] = row.amounts.live.bytes;
    mapped["bytes"] = row.amounts.total.bytes;
    json["mapped"].push_back(std::move(mapped));
  }
  const KeptMemory kept = ExplainKept(trace_, splits_.back(), pinning_, render);
  json["freed_but_kept"] = {{"applies", !kept.sentences.empty()},
                            {"bytes", splits_.back().parts.kept()},
                            {"trim_would_return_bytes", kept.trim_returns_bytes},
                            {"text", fmt::format("{}", fmt::join(kept.sentences, " "))}};
  Json pinning = Json::array();
  for (const Row& row : pinning_) {
    Json pin = report::ToJson(row.frame);
    pin["kept_bytes"] = row.amounts.live.bytes;
    pin["blocks"] = row.amounts.total.blocks;
    pin["live_bytes"] = row.amounts.total.bytes;
    pinning.push_back(std::move(pin));
  }
  json["freed_but_kept"]["pinned_by"] = std::move(pinning);
  return json;
}

}  // namespace memtrace::report
