// SPDX-License-Identifier: MIT
#include "analyzer/report/process_split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
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
constexpr std::uint64_t kWorthTellingNs = 100'000'000;

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

std::string ReadingTimeText(std::uint64_t reading_ns, std::uint64_t moment_ns) {
  const std::string time = FormatTime(reading_ns);
  const std::uint64_t distance_ns = std::max(reading_ns, moment_ns) - std::min(reading_ns, moment_ns);
  if (distance_ns < kWorthTellingNs) return time;
  return fmt::format("{}, {:.1f} s {}", time, static_cast<double>(distance_ns) * 1e-9,
                     reading_ns < moment_ns ? "before" : "after");
}

ProcessSplitReport::ProcessSplitReport(const model::Trace& trace, const std::vector<ProcessSplit>& splits,
                                       StackSource& source, std::optional<ChosenSplit> chosen)
    : trace_(trace), splits_(splits), chosen_(std::move(chosen)) {
  if (splits.empty()) return;
  const bool has_chosen = chosen_ && chosen_->split;
  mapped_ = MappedRows(has_chosen ? *chosen_->split : splits.front(), source);
  pinning_ = PinningRows(has_chosen ? *chosen_->split : splits.back(), source);
}

std::vector<ProcessSplitReport::Shown> ProcessSplitReport::ShownSplits() const {
  if (chosen_) {
    const ProcessSplit& split = *chosen_->split;
    return {{"read at " + ReadingTimeText(split.time_ns, chosen_->time_ns), &split}};
  }
  std::vector<Shown> shown;
  const bool are_alike = splits_.size() > 1 && AreAlike(splits_.front(), splits_.back());
  if (splits_.size() > 1 && !are_alike)
    shown.push_back({"highest, at " + FormatTime(splits_.front().time_ns), &splits_.front()});
  shown.push_back({trace_.info.is_running ? "now" : "at the end", &splits_.back()});
  return shown;
}

std::string ProcessSplitReport::TableText(const RenderOptions& render) const {
  const std::vector<Shown> shown = ShownSplits();
  std::vector<Table::Column> columns = {
      {chosen_ ? "Process memory " + Printable(chosen_->label) : "Process memory", Align::kLeft}};
  for (const Shown& one : shown) {
    columns.push_back({one.head});
    columns.push_back({""});
    columns.push_back({"", Align::kLeft});
  }
  Table table(columns);
  for (const ProcessCause& cause : ProcessCauses()) {
    const bool is_unexplained = std::string_view(cause.key) == "unexplained";
    const auto has_some = [&](const Shown& one) { return cause.bytes(one.split->parts) > 0; };
    if (!is_unexplained && std::none_of(shown.begin(), shown.end(), has_some)) continue;
    std::vector<std::string> cells = {cause.title};
    for (const Shown& one : shown) {
      const std::uint64_t bytes = cause.bytes(one.split->parts);
      const std::uint64_t total = one.split->parts.total();
      cells.push_back(Size(bytes));
      cells.push_back(FormatShare(static_cast<double>(bytes), static_cast<double>(total)));
      cells.push_back(BarText(ShareOf(bytes, total), kBarColumns));
    }
    table.Add(cells);
  }
  std::vector<std::string> sums = {"all"};
  for (const Shown& one : shown) sums.insert(sums.end(), {Size(one.split->parts.total()), "", ""});
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
  if (chosen_ && !chosen_->split) {
    return fmt::format("  Process memory {} is not known: the trace has no readings of it\n",
                       Printable(chosen_->label));
  }
  if (splits_.empty()) return {};
  std::string text = TableText(render) + MappedText(render);
  const ProcessSplit& last = chosen_ ? *chosen_->split : splits_.back();
  const KeptMemory kept = ExplainKept(trace_, last, pinning_, render);
  if (!kept.sentences.empty()) {
    const char* head = chosen_ ? "Freed, but it did not go back until then" : "Freed, but it did not go back";
    text += "\n" + render.paint.Bold(head) + "\n";
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

Json ProcessSplitReport::MappedJson() const {
  Json json = Json::array();
  for (const Row& row : mapped_) {
    Json mapped = report::ToJson(row.frame);
    mapped["resident_bytes"] = row.amounts.live.bytes;
    mapped["bytes"] = row.amounts.total.bytes;
    json.push_back(std::move(mapped));
  }
  return json;
}

Json ProcessSplitReport::KeptJson(const ProcessSplit& split, const RenderOptions& render) const {
  const KeptMemory kept = ExplainKept(trace_, split, pinning_, render);
  Json json = {{"applies", !kept.sentences.empty()},
               {"bytes", split.parts.kept()},
               {"trim_would_return_bytes", kept.trim_returns_bytes},
               {"text", fmt::format("{}", fmt::join(kept.sentences, " "))}};
  json["pinned_by"] = Json::array();
  for (const Row& row : pinning_) {
    Json pin = report::ToJson(row.frame);
    pin["kept_bytes"] = row.amounts.live.bytes;
    pin["blocks"] = row.amounts.total.blocks;
    pin["live_bytes"] = row.amounts.total.bytes;
    json["pinned_by"].push_back(std::move(pin));
  }
  return json;
}

Json ProcessSplitReport::ToJson(const RenderOptions& render) const {
  if (splits_.empty()) return nullptr;
  Json json;
  json["highest"] = SplitJson(splits_.front());
  json["end"] = SplitJson(splits_.back());
  if (chosen_) {  // what was asked for in detail is about that moment
    json["chosen"] = SplitJson(*chosen_->split);
    json["chosen"]["moment"] = chosen_->label;
    json["chosen"]["moment_time_ns"] = chosen_->time_ns;
  }
  json["mapped"] = MappedJson();
  json["freed_but_kept"] = KeptJson(chosen_ ? *chosen_->split : splits_.back(), render);
  return json;
}

}  // namespace memtrace::report
