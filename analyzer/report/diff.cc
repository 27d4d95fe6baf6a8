// SPDX-License-Identifier: MIT
// Layout of a row:
//
//    #1: src/posting.cpp:88: 101 MiB (-100 MiB)  655360 blocks (-655360), avg 161 B
//          entries_.push_back(Posting{doc, pos});
//          Index::add <- Indexer::consume <- worker_main
//          was src/posting.cpp:80
//    #2: src/cache.cpp:30: 0 B (-12.5 MiB)  0 blocks (-50)  gone
#include "analyzer/report/diff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/report/metric_text.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/row_details.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string SizeChange(std::int64_t bytes) {
  return FormatSizeChange(static_cast<double>(bytes));
}

std::string AverageOf(const Amount& amount) {
  return FormatSize(static_cast<double>(amount.bytes) / static_cast<double>(amount.blocks));
}

// "-27.3%", "12.4 times as much"; nothing where there was nothing before.
std::string ChangeShare(double before, double after) {
  if (before > 0 && after >= 10 * before) return fmt::format(", {:.3g} times as much", after / before);
  return before == 0 ? "" : fmt::format(", {:+.1f}%", 100 * (after - before) / before);
}

// How a label reads on its own, whatever folder one is in.
std::string PlainLabel(const Row& row, GroupBy by, const model::Trace& trace) {
  if (by == GroupBy::kLine && row.frame.has_line()) {
    return fmt::format("{}:{}", Printable(row.frame.file), row.frame.line);
  }
  return LabelText(row, by, trace, {});
}

}  // namespace

Result<DiffReport> DiffReport::Build(const DiffSide& before, const DiffSide& after, DiffOptions options) {
  DiffReport report(before, after, std::move(options));
  Result<StackFilter> before_filter = StackFilter::Create(report.options_.stacks);
  Result<StackFilter> after_filter = StackFilter::Create(report.options_.stacks);
  if (!before_filter) return before_filter.error();
  report.before_set_ = BuildRows(before.profile, before.source, *before_filter, report.options_.rows);
  report.after_set_ = BuildRows(after.profile, after.source, *after_filter, report.options_.rows);
  report.FillRows();
  return report;
}

Amount DiffReport::Scaled(const Amount& amount) const {
  if (scale_ == 1) return amount;
  const auto scaled = [this](std::uint64_t number) {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(number) * scale_));
  };
  return {scaled(amount.bytes), scaled(amount.blocks)};
}

void DiffReport::FillRows() {
  const Metric metric = options_.rows.metric;
  before_total_ = AmountOf(metric, before_set_.matching);
  const Amount after_total = AmountOf(metric, after_set_.matching);
  const auto before_rank = static_cast<double>(RankOf(metric, before_total_));
  const auto after_rank = static_cast<double>(RankOf(metric, after_total));
  if (options_.normalize && before_rank > 0 && after_rank > 0) scale_ = before_rank / after_rank;
  after_total_ = Scaled(after_total);
  for (const RowPair& pair :
       MatchRows({before_set_.rows, before_.trace}, {after_set_.rows, after_.trace}, options_.rows.by)) {
    DiffRow row{pair, {}, {}};
    if (pair.before) row.before = AmountOf(metric, before_set_.rows[*pair.before].amounts);
    if (pair.after) row.after = Scaled(AmountOf(metric, after_set_.rows[*pair.after].amounts));
    rows_.push_back(row);
  }
  const bool by_blocks = RanksByBlocks(metric);
  const auto key = [by_blocks](const DiffRow& row) {
    const std::uint64_t byte_change = static_cast<std::uint64_t>(std::llabs(row.byte_change()));
    const std::uint64_t block_change = static_cast<std::uint64_t>(std::llabs(row.block_change()));
    return by_blocks ? std::array{block_change, row.after.blocks, byte_change, row.after.bytes}
                     : std::array{byte_change, row.after.bytes, block_change, row.after.blocks};
  };
  // The place as tracemalloc compares it: file, then line.
  const auto place = [this](const DiffRow& row) {
    const Row& shown = ShownRow(row);
    return std::tuple(shown.frame.file, shown.frame.line, shown.frame.function, shown.largest_node);
  };
  std::sort(rows_.begin(), rows_.end(), [&](const DiffRow& a, const DiffRow& b) {
    const auto a_key = key(a), b_key = key(b);
    return a_key != b_key ? a_key > b_key : place(a) > place(b);
  });
}

// Where it is now; where it was, if it is gone.
const Row& DiffReport::ShownRow(const DiffRow& row) const {
  return row.is_gone() ? before_set_.rows[*row.rows.before] : after_set_.rows[*row.rows.after];
}

std::string DiffReport::LabelOf(const DiffRow& row, const RenderOptions& render) const {
  return LabelText(ShownRow(row), options_.rows.by, row.is_gone() ? before_.trace : after_.trace, render);
}

DiffReport::Counts DiffReport::CountRows() const {
  Counts counts;
  for (const DiffRow& row : rows_) {
    ++(row.is_changed() ? counts.changed : counts.unchanged);
    counts.moved += row.rows.is_moved ? 1 : 0;
    counts.fresh += row.is_new() ? 1 : 0;
    counts.gone += row.is_gone() ? 1 : 0;
  }
  return counts;
}

// "Top 2 differences, live at peak: 413 MiB -> 300 MiB (-112 MiB, -27.3%)"
std::string DiffReport::Heading(const RenderOptions& render, std::size_t shown) const {
  const Metric metric = options_.rows.metric;
  const auto number = [this, metric](const Amount& amount) {
    return RanksByBlocks(metric) ? BlocksText(metric, after_.profile.domain, amount.blocks)
                                 : Size(amount.bytes);
  };
  const std::string before_words = TotalWords(metric, before_.profile);
  const std::string after_words = TotalWords(metric, after_.profile);
  std::string text =
      shown == 0 ? "No difference " : fmt::format("Top {} ", Counted(shown, "difference", "differences"));
  if (before_words == after_words) {
    text += fmt::format("in what is {}: {} -> {}", before_words, number(before_total_), number(after_total_));
  } else {
    text += fmt::format("between {} {} and {} {}", number(before_total_), before_words, number(after_total_),
                        after_words);
  }
  const DiffRow sums{{}, before_total_, after_total_};
  const std::string change =
      RanksByBlocks(metric) ? fmt::format("{:+}", sums.block_change()) : SizeChange(sums.byte_change());
  text += fmt::format(" ({}{})", change,
                      ChangeShare(static_cast<double>(RankOf(metric, before_total_)),
                                  static_cast<double>(RankOf(metric, after_total_))));
  text = render.paint.Bold(text) + "\n";
  if (!is_one_trace()) {
    text +=
        fmt::format("from {} to {}\n", Printable(before_.trace.info.path), Printable(after_.trace.info.path));
  }
  return text;
}

std::string DiffReport::RowText(std::size_t rank, const DiffRow& row, const RenderOptions& render) const {
  const bool by_blocks = RanksByBlocks(options_.rows.metric);
  const std::string bytes = fmt::format("{} ({})", Size(row.after.bytes), SizeChange(row.byte_change()));
  const std::string blocks =
      fmt::format("{} ({:+})", BlocksText(options_.rows.metric, after_.profile.domain, row.after.blocks),
                  row.block_change());
  const bool is_worse = by_blocks ? row.block_change() > 0 : row.byte_change() > 0;
  const std::string& ranked = by_blocks ? blocks : bytes;
  std::string rest = "  " + (by_blocks ? bytes : blocks);
  if (row.after.blocks > 0) rest += ", avg " + AverageOf(row.after);
  const std::string mark = row.is_new() ? "  new" : row.is_gone() ? "  gone" : "";
  const std::string head = fmt::format("{:>3}: ", fmt::format("#{}", rank));
  std::string label = LabelOf(row, render);
  const std::size_t others = head.size() + 2 + ranked.size() + rest.size() + mark.size();
  if (render.columns > others + 16) label = EllipsizeMiddle(label, render.columns - others);
  std::string text = head + render.paint.Place(label) + ": " +
                     (is_worse ? render.paint.Alarm(ranked) : render.paint.Better(ranked)) + rest +
                     render.paint.Bold(mark) + "\n";
  // The file of a place that is gone has most likely been edited since: its lines are not those of then.
  const DiffSide& side = row.is_gone() ? before_ : after_;
  std::vector<RowDetail> details = RowDetails(ShownRow(row), options_.rows, side.trace, side.source, render);
  if (row.is_gone() && !is_one_trace()) {
    std::erase_if(details, [](const RowDetail& detail) { return detail.is_source; });
  }
  if (!row.is_new() && !row.is_gone()) {
    const std::string was =
        LabelText(before_set_.rows[*row.rows.before], options_.rows.by, before_.trace, render);
    if (was != LabelOf(row, render)) details.push_back({"was " + was, false});
  }
  return text + DetailsText(details, render);
}

std::string DiffReport::OtherText(std::size_t shown) const {
  std::size_t others = 0;
  std::int64_t more = 0;
  std::int64_t less = 0;
  const bool by_blocks = RanksByBlocks(options_.rows.metric);
  for (std::size_t i = shown; i < rows_.size(); ++i) {
    if (!rows_[i].is_changed()) continue;
    const std::int64_t change = by_blocks ? rows_[i].block_change() : rows_[i].byte_change();
    ++others;
    (change > 0 ? more : less) += change;
  }
  if (others == 0) return {};
  return by_blocks ? fmt::format("{} other: {:+} and {:+}\n", others, more, less)
                   : fmt::format("{} other: {} and {}\n", others, SizeChange(more), SizeChange(less));
}

// "matched by function and line in it: 3 moved, 12 new, 9 gone, 40 unchanged"
std::string DiffReport::Footer(const RenderOptions& render) const {
  const Counts counts = CountRows();
  std::string text = options_.rows.by == GroupBy::kLine
                         ? "matched by function and the line within it: "
                         : fmt::format("matched by {}: ", GroupByName(options_.rows.by));
  text += fmt::format("{} changed", counts.changed - std::min(counts.changed, counts.fresh + counts.gone));
  if (counts.moved > 0) text += fmt::format(", {} moved", counts.moved);
  text += fmt::format(", {} new, {} gone, {} unchanged", counts.fresh, counts.gone, counts.unchanged);
  if (scale_ != 1) text += fmt::format("; normalized: what is after counts {:.4g} times", scale_);
  return render.paint.Dim(text) + "\n";
}

std::string DiffReport::Text(const RenderOptions& render) const {
  const std::size_t shown = std::min(options_.limit, CountRows().changed);
  std::string text = Heading(render, shown);
  std::size_t rank = 0;
  for (const DiffRow& row : rows_) {
    if (rank == shown) break;
    if (row.is_changed()) text += RowText(++rank, row, render);
  }
  std::string remark = FreeListRemark(after_.trace);
  if (remark.empty()) remark = FreeListRemark(before_.trace);
  return text + OtherText(shown) + Footer(render) + (rank > 0 ? render.paint.Dim(remark) : "");
}

std::string DiffReport::PlainText() const {
  std::string text;
  for (std::size_t i = 0; i < std::min(options_.limit, rows_.size()); ++i) {
    const DiffRow& row = rows_[i];
    text += PlainLabel(ShownRow(row), options_.rows.by, row.is_gone() ? before_.trace : after_.trace);
    text += fmt::format(": size={} ({}), count={} ({:+})", Size(row.after.bytes),
                        SizeChange(row.byte_change()), row.after.blocks, row.block_change());
    if (row.after.blocks > 0) text += ", average=" + AverageOf(row.after);
    text += "\n";
  }
  return text;
}

Json DiffReport::RowToJson(std::size_t rank, const DiffRow& row) const {
  const Row& shown = ShownRow(row);
  const char* state = row.is_new()       ? "new"
                      : row.is_gone()    ? "gone"
                      : row.is_changed() ? "changed"
                                         : "unchanged";
  Json json = {{"rank", rank},
               {"label", LabelOf(row, {})},
               {"state", state},
               {"is_moved", row.rows.is_moved},
               {"bytes", row.after.bytes},
               {"blocks", row.after.blocks},
               {"bytes_before", row.before.bytes},
               {"blocks_before", row.before.blocks},
               {"bytes_change", row.byte_change()},
               {"blocks_change", row.block_change()}};
  json["place"] = report::ToJson(shown.frame);
  json["place_before"] =
      row.is_new() ? Json(nullptr) : report::ToJson(before_set_.rows[*row.rows.before].frame);
  json["largest_stack"] = report::ToJson(shown.largest_stack);
  json["charged_frame"] = shown.charged_frame;
  return json;
}

Json DiffReport::ToJson() const {
  Json json = Envelope("diff", after_.trace);
  json["trace_before"] = Envelope("diff", before_.trace)["trace"];
  const auto moment = [](const aggregate::Profile& profile) {
    return Json{{"at", profile.moment.label}, {"at_ns", profile.moment_time_ns}};
  };
  json["selector"] = SelectorJson(after_.profile, options_.stacks);
  json["selector"]["by"] = GroupByName(options_.rows.by);
  json["selector"]["metric"] = MetricName(options_.rows.metric);
  json["selector"]["skip"] = options_.rows.skip;
  json["selector"]["limit"] = options_.limit;
  json["selector"]["normalize"] = options_.normalize;
  json["selector"]["before"] = moment(before_.profile);
  json["selector"]["after"] = moment(after_.profile);
  const Counts counts = CountRows();
  json["scale"] = scale_;
  json["total"] = {{"before", report::ToJson(before_total_)}, {"after", report::ToJson(after_total_)}};
  json["counts"] = {{"changed", counts.changed},
                    {"unchanged", counts.unchanged},
                    {"moved", counts.moved},
                    {"new", counts.fresh},
                    {"gone", counts.gone}};
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < std::min(options_.limit, rows_.size()); ++i) {
    json["rows"].push_back(RowToJson(i + 1, rows_[i]));
  }
  return json;
}

}  // namespace memtrace::report
