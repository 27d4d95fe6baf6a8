// SPDX-License-Identifier: MIT
// Layout of a place:
//
//    #1: 1126 KiB (91.7%) in 300 blocks, first 00:00.20, last 00:12.80, still growing
//          sessions.push_back(new Session(socket));
//          src/session.cpp:51 in Session::open
//          src/server.cpp:210 in Server::accept
#include "analyzer/report/leaks.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/growth_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;

std::string AmountWords(const Amount& amount) {
  return fmt::format("{} in {}", FormatSize(static_cast<double>(amount.bytes)),
                     Counted(amount.blocks, "block", "blocks"));
}

}  // namespace

Result<LeaksReport> LeaksReport::Build(const model::Trace& trace, const aggregate::Profile& profile,
                                       const aggregate::CurvesByNode& curves, StackSource& source,
                                       LeaksOptions options) {
  Result<StackFilter> filter = StackFilter::Create(options.stacks);
  if (!filter) return filter.error();
  LeaksReport report(trace, profile, curves, source, std::move(options));
  const aggregate::Profile unsuppressed = report.Unsuppressed(*filter);
  const RowOptions rows{GroupBy::kLine, Metric::kNotFreed, report.options_.skip};
  report.TakeRows(BuildRows(unsuppressed, source, *filter, rows).rows);
  return report;
}

// Those that a rule takes are counted, as far as the report would show them.
aggregate::Profile LeaksReport::Unsuppressed(StackFilter& filter) {
  suppressed_by_rule_.resize(options_.suppressions.patterns().size());
  return WithoutSuppressed(profile_, source_, options_.suppressions,
                           [&](std::size_t rule, const Stack& stack, const aggregate::SiteAmounts& site) {
                             if (!filter.Select(stack, options_.skip)) return;
                             suppressed_by_rule_[rule] += site.not_freed;
                             suppressed_ += site.not_freed;
                           });
}

void LeaksReport::TakeRows(std::vector<Row> rows) {
  for (Row& row : rows) {
    const Amount amount = row.amounts.not_freed;
    Sum& sum = amount.bytes < options_.min_bytes ? small_ : found_;
    sum.amount += amount;
    ++sum.places;
    if (&sum == &found_) rows_.push_back(std::move(row));
  }
}

std::size_t LeaksReport::shown() const {
  return std::min(options_.limit, rows_.size());
}

aggregate::SiteCurve LeaksReport::CurveOf(const Row& row) const {
  aggregate::SiteCurve sum;
  for (const model::NodeId node : row.nodes) {
    const auto found = curves_.find(node);
    if (found != curves_.end()) sum.Add(found->second);
  }
  return sum;
}

std::string LeaksReport::Heading() const {
  const char* until = trace_.info.is_running ? " so far" : "";
  std::string text = rows_.empty() ? fmt::format("Everything was freed{}", until)
                                   : fmt::format("{} not freed{} by {}", AmountWords(found_.amount), until,
                                                 Counted(found_.places, "place", "places"));
  if (rows_.empty() && (small_.places > 0 || suppressed_.blocks > 0)) text = "Nothing to report";
  if (small_.places > 0) {
    text += fmt::format("; {} below {}: {}", small_.places,
                        FormatSize(static_cast<double>(options_.min_bytes)), AmountWords(small_.amount));
  }
  if (suppressed_.blocks > 0) text += fmt::format("; suppressed: {}", AmountWords(suppressed_));
  return text;
}

std::string LeaksReport::RowText(std::size_t index, const RenderOptions& render) const {
  const Row& row = rows_[index];
  const Amount& amount = row.amounts.not_freed;
  const double share = profile_.not_freed.bytes == 0 ? 0
                                                     : static_cast<double>(amount.bytes) /
                                                           static_cast<double>(profile_.not_freed.bytes);
  const aggregate::SiteCurve curve = CurveOf(row);
  const std::string times = GrowthText(curve, trace_.info.duration_ns);
  std::string text = fmt::format(
      "{:>3}: {} in {}{}\n", fmt::format("#{}", index + 1),
      render.paint.ByShare(share, fmt::format("{} ({})", FormatSize(static_cast<double>(amount.bytes)),
                                              FormatShare(share, 1))),
      Counted(amount.blocks, "block", "blocks"), times.empty() ? "" : ", " + times);
  constexpr std::size_t kIndent = 7;
  const aggregate::Growth growth = JudgeGrowth(curve, trace_.info.duration_ns).growth;
  if (!curve.is_empty() && growth != aggregate::Growth::kOneOff) {
    text += fmt::format("{:{}}{}  live over time\n", "", kIndent, Sparkline(curve));
  }
  const std::string source_line = source_.SourceLine(row.frame);
  if (!Trimmed(source_line).empty()) {
    text += std::string(kIndent, ' ') + render.paint.Bold(Printable(Trimmed(source_line))) + "\n";
  }
  for (const std::string& line : StackLines(row.largest_stack, row.charged_frame, render)) {
    const bool limited = render.columns > kIndent + 16;
    text +=
        std::string(kIndent, ' ') + (limited ? EllipsizeMiddle(line, render.columns - kIndent) : line) + "\n";
  }
  if (row.nodes.size() > 1) text += fmt::format("{:7}the largest of {} stacks\n", "", row.nodes.size());
  return text;
}

std::string LeaksReport::Text(const RenderOptions& render) const {
  std::string text = render.paint.Bold(Heading()) + "\n";
  const std::string selected = BlocksSelectedText(profile_.query, trace_);
  if (!selected.empty()) text += render.paint.Dim("of " + selected + " only") + "\n";
  for (std::size_t i = 0; i < shown(); ++i) text += RowText(i, render);
  if (rows_.size() > shown()) {
    Amount other;
    for (std::size_t i = shown(); i < rows_.size(); ++i) {
      other.bytes += rows_[i].amounts.not_freed.bytes;
      other.blocks += rows_[i].amounts.not_freed.blocks;
    }
    text += fmt::format("{} other: {}\n", rows_.size() - shown(), AmountWords(other));
  }
  for (std::size_t i = 0; i < suppressed_by_rule_.size(); ++i) {
    if (suppressed_by_rule_[i].blocks == 0) continue;
    text += render.paint.Dim(fmt::format("suppressed by leak:{}: {}",
                                         Printable(options_.suppressions.patterns()[i]),
                                         AmountWords(suppressed_by_rule_[i]))) +
            "\n";
  }
  if (!rows_.empty()) {
    text += render.paint.Dim(
        trace_.info.is_running ? "The program still runs: what is listed may be freed later.\n"
                               : "Not freed until the end; whether it was still reachable is not checked.\n");
  }
  if (!rows_.empty()) text += render.paint.Dim(FreeListRemark(trace_));
  return text;
}

Json LeaksReport::ToJson() const {
  Json json = Envelope("leaks", trace_);
  json["selector"] = {{"min_bytes", options_.min_bytes},
                      {"limit", options_.limit},
                      {"suppressions", options_.suppressions.patterns()},
                      {"skip", options_.skip}};
  json["selector"].update(SelectorJson(profile_, options_.stacks));
  json["not_freed"] = report::ToJson(profile_.not_freed);
  json["found"] = report::ToJson(found_.amount);
  json["found"]["places"] = found_.places;
  json["below_min_bytes"] = report::ToJson(small_.amount);
  json["below_min_bytes"]["places"] = small_.places;
  json["suppressed"] = report::ToJson(suppressed_);
  json["suppressions_used"] = Json::array();
  for (std::size_t i = 0; i < suppressed_by_rule_.size(); ++i) {
    if (suppressed_by_rule_[i].blocks == 0) continue;
    Json used = {{"pattern", options_.suppressions.patterns()[i]}};
    used.update(report::ToJson(suppressed_by_rule_[i]));
    json["suppressions_used"].push_back(std::move(used));
  }
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < shown(); ++i) {
    const aggregate::SiteCurve curve = CurveOf(rows_[i]);
    const std::uint64_t duration_ns = trace_.info.duration_ns;
    const bool is_growing = JudgeGrowth(curve, duration_ns).growth == aggregate::Growth::kGrowing;
    Json entry = {{"rank", i + 1},
                  {"label", PlaceText(rows_[i].frame, {})},
                  {"first_ns", curve.is_empty() ? Json(nullptr) : Json(curve.first_ns)},
                  {"last_ns", curve.is_empty() ? Json(nullptr) : Json(curve.last_ns)},
                  {"still_growing", is_growing},
                  {"growth", curve.is_empty() ? Json(nullptr) : GrowthJson(curve, duration_ns)}};
    entry.update(RowJson(rows_[i], {GroupBy::kLine, Metric::kNotFreed, options_.skip}, trace_, source_));
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace memtrace::report
