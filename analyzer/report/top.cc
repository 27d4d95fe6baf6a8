// SPDX-License-Identifier: MIT
// Layout of a row:
//
//    #1: src/posting.cpp:88: 201 MiB (48.7%)  1310720 blocks, avg 161 B
//          entries_.push_back(Posting{doc, pos});
//          Index::add <- Indexer::consume <- worker_main        [main thread 12%, worker-1 (thread 1) 88%]
#include "analyzer/report/top.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/row_details.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;
using aggregate::Domain;

constexpr std::uint64_t kConsiderableMappedBytes = 1 << 20;  // and a tenth of the heap's peak

const char* UnitWord(GroupBy by, bool one) {
  switch (by) {
    case GroupBy::kLine:
      return one ? "line" : "lines";
    case GroupBy::kFile:
      return one ? "file" : "files";
    case GroupBy::kFunction:
      return one ? "function" : "functions";
    case GroupBy::kModule:
      return one ? "module" : "modules";
    case GroupBy::kTraceback:
      return one ? "stack" : "stacks";
    case GroupBy::kSize:
      return one ? "size" : "sizes";
    case GroupBy::kThread:
      break;
  }
  return one ? "thread" : "threads";
}

double Share(Metric metric, const Amount& part, const Amount& whole) {
  const auto all = static_cast<double>(RankOf(metric, whole));
  return all == 0 ? 0 : static_cast<double>(RankOf(metric, part)) / all;
}

// "6 blocks" or "96.0 MiB": the ranked number of an amount alone.
std::string RankedText(Metric metric, Domain domain, const Amount& amount) {
  if (RanksByBlocks(metric)) return BlocksText(metric, domain, amount.blocks);
  return FormatSize(static_cast<double>(amount.bytes));
}

}  // namespace

Result<TopReport> TopReport::Build(const model::Trace& trace, const aggregate::Profile& profile,
                                   StackSource& source, TopOptions options) {
  Result<StackFilter> filter = StackFilter::Create(options.stacks);
  if (!filter) return filter.error();
  TopReport report(trace, profile, source, std::move(options));
  report.set_ = BuildRows(profile, source, *filter, report.options_.rows);
  return report;
}

std::size_t TopReport::shown() const {
  return std::min(options_.limit, set_.rows.size());
}

Amount TopReport::Total() const {
  return AmountOf(options_.rows.metric, TotalsOf(profile_));
}

Amount TopReport::OtherAmount() const {
  Amount other;
  for (std::size_t i = shown(); i < set_.rows.size(); ++i) {
    const Amount& amount = AmountOf(options_.rows.metric, set_.rows[i].amounts);
    other.bytes += amount.bytes;
    other.blocks += amount.blocks;
  }
  return other;
}

std::string TopReport::Heading() const {
  const std::string domain =
      profile_.domain == Domain::kHeap ? "" : fmt::format(" of {}", DomainText(profile_.domain));
  return fmt::format("Top {} {}{}{} {}", shown(), UnitWord(options_.rows.by, shown() == 1), domain,
                     options_.rows.cumulative ? " with all they call" : "",
                     HeadingText(options_.rows.metric, profile_, trace_.info));
}

std::string TopReport::RowHead(std::size_t rank, const Row& row, const RenderOptions& render) const {
  const Metric metric = options_.rows.metric;
  const double share = Share(metric, AmountOf(metric, row.amounts), Total());
  const AmountText amount = TextOf(metric, profile_.domain, row.amounts);
  const std::string head = fmt::format("{:>3}: ", fmt::format("#{}", rank));
  const std::string ranked = fmt::format("{} ({})", amount.ranked, FormatShare(share, 1));
  std::string rest = amount.rest;
  if (options_.rows.cumulative) {
    rest += ", own " + RankedText(metric, profile_.domain, AmountOf(metric, row.own));
  }
  std::string label = LabelText(row, options_.rows.by, trace_, render);
  const std::size_t others = head.size() + 2 + ranked.size() + 2 + rest.size();
  if (render.columns > others + 16) label = EllipsizeMiddle(label, render.columns - others);
  return head + render.paint.Place(label) + ": " + render.paint.ByShare(share, ranked) + "  " + rest;
}

std::string TopReport::RowsText(const RenderOptions& render) const {
  std::string text;
  for (std::size_t i = 0; i < shown(); ++i) {
    text += RowHead(i + 1, set_.rows[i], render) + "\n";
    text += DetailsText(RowDetails(set_.rows[i], options_.rows, trace_, source_, render), render);
  }
  return text + OtherLine() + TotalLine();
}

std::string TopReport::OtherLine() const {
  const std::size_t others = set_.rows.size() - shown();
  if (others == 0) return {};
  // Stacks are in several rows: their sum would say nothing.
  if (options_.rows.cumulative) return fmt::format("{} other\n", others);
  return fmt::format("{} other: {}\n", others,
                     RankedText(options_.rows.metric, profile_.domain, OtherAmount()));
}

std::string TopReport::TotalLine() const {
  const Metric metric = options_.rows.metric;
  const std::string words = TotalWords(metric, profile_);
  const Amount matching = AmountOf(metric, set_.matching);
  std::string text;
  if (options_.stacks.is_any()) {
    text = fmt::format("Matching: {} in {}, {} of all\n", FormatSize(static_cast<double>(matching.bytes)),
                       BlocksText(metric, profile_.domain, matching.blocks),
                       FormatShare(Share(metric, matching, Total()), 1));
  }
  return text + fmt::format("Total {}: {} in {}\n", words, FormatSize(static_cast<double>(Total().bytes)),
                            BlocksText(metric, profile_.domain, Total().blocks));
}

std::string TopReport::MappedHint() const {
  const std::uint64_t mapped = profile_.peak_mapped.bytes;
  if (profile_.domain != Domain::kHeap || mapped < kConsiderableMappedBytes) return {};
  if (mapped < profile_.peak.bytes / 10) return {};
  return fmt::format("The program also mapped up to {} itself, not counted here: see --domain mapped\n",
                     FormatSize(static_cast<double>(mapped)));
}

std::string TopReport::Text(const RenderOptions& render) const {
  return render.paint.Bold(Heading()) + "\n" + SelectionLine(render) + RowsText(render) +
         render.paint.Dim(MappedHint() + FreeListRemark(trace_));
}

// What the heading's moment and sums are about, where that is not everything.
std::string TopReport::SelectionLine(const RenderOptions& render) const {
  const std::string blocks = BlocksSelectedText(profile_.query, trace_);
  if (blocks.empty()) return {};
  const bool has_own_peak =
      options_.rows.metric == Metric::kPeak ||
      (options_.rows.metric == Metric::kLive && profile_.moment.kind == aggregate::Moment::Kind::kPeak);
  return render.paint.Dim(fmt::format("of {} only{}\n", blocks, has_own_peak ? "; the peak is theirs" : ""));
}

std::string TopReport::PlainText() const {
  std::string text;
  for (std::size_t i = 0; i < shown(); ++i) {
    const Row& row = set_.rows[i];
    const Amount& amount = AmountOf(options_.rows.metric, row.amounts);
    const bool by_line = options_.rows.by == GroupBy::kLine && row.frame.has_line();
    text += by_line ? fmt::format("{}:{}", Printable(row.frame.file), row.frame.line)
                    : LabelText(row, options_.rows.by, trace_, {});
    text += fmt::format(": size={}, count={}", FormatSize(static_cast<double>(amount.bytes)), amount.blocks);
    if (amount.blocks > 0) {
      const double average = static_cast<double>(amount.bytes) / static_cast<double>(amount.blocks);
      text += fmt::format(", average={}", FormatSize(average));
    }
    text += "\n";
  }
  return text;
}

Json TopReport::ToJson() const {
  const Metric metric = options_.rows.metric;
  Json json = Envelope("top", trace_);
  json["selector"] = {{"by", GroupByName(options_.rows.by)},
                      {"metric", MetricName(metric)},
                      {"cumulative", options_.rows.cumulative},
                      {"limit", options_.limit},
                      {"skip", options_.rows.skip}};
  json["selector"].update(SelectorJson(profile_, options_.stacks));
  json["total"] = report::ToJson(Total());
  json["matching"] = report::ToJson(AmountOf(metric, set_.matching));
  json["peak"] = report::ToJson(profile_.peak);
  json["peak_time_ns"] = profile_.peak_time_ns;
  json["peak_mapped"] = report::ToJson(profile_.peak_mapped);
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < shown(); ++i) {
    const Row& row = set_.rows[i];
    Json entry = {{"rank", i + 1},
                  {"label", LabelText(row, options_.rows.by, trace_, {})},
                  {"share", Share(metric, AmountOf(metric, row.amounts), Total())}};
    entry.update(RowJson(row, options_.rows, trace_, source_));
    json["rows"].push_back(std::move(entry));
  }
  json["other"] = options_.rows.cumulative ? Json{{"bytes", nullptr}, {"blocks", nullptr}}
                                           : report::ToJson(OtherAmount());
  json["other"]["rows"] = set_.rows.size() - shown();
  return json;
}

}  // namespace memtrace::report
