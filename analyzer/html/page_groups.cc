// SPDX-License-Identifier: MIT
#include "analyzer/html/page_groups.h"

#include <vector>

#include "analyzer/report/growth_text.h"
#include "analyzer/report/match_rows.h"
#include "analyzer/report/rows.h"

namespace memtrace::html {
namespace {

using report::GroupBy;
using report::Metric;
using report::Row;

// `metric` decides which places there are.
std::vector<Row> RowsOf(const PagePart& part, GroupBy by, Metric metric) {
  // What a filter remembers is about the frames of one source; the selectors have been judged before.
  Result<report::StackFilter> filter = report::StackFilter::Create(part.selectors);
  if (!filter) return {};
  return BuildRows(part.profile, *part.source, *filter, {by, metric, part.skip, false}).rows;
}

// Room for each frame, the folded one included.
std::vector<std::uint32_t> ColumnFor(const PageTree& tree) {
  return std::vector<std::uint32_t>(tree.frames().size() + 1);
}

void Number(const Row& row, std::uint32_t number, const PageTree& tree, bool is_base,
            std::vector<std::uint32_t>& column) {
  for (const model::NodeId node : row.nodes) {
    const std::uint32_t frame = tree.ChargedOf(node, is_base);
    if (frame != kFoldedFrame) column[frame] = number;
  }
}

std::string NumbersJson(const std::vector<std::uint32_t>& numbers) {
  return Column(numbers, [](std::uint32_t number) { return number; });
}

}  // namespace

std::string PlacesJson(const PagePart& now, const PagePart& before, const PageTree& tree) {
  JsonObject json;
  for (const GroupBy by : {GroupBy::kLine, GroupBy::kFunction, GroupBy::kFile, GroupBy::kModule}) {
    const std::vector<Row> rows_before = RowsOf(before, by, Metric::kCount);
    const std::vector<Row> rows_now = RowsOf(now, by, Metric::kCount);
    std::vector<std::uint32_t> places_before = ColumnFor(tree);
    std::vector<std::uint32_t> places_now = ColumnFor(tree);
    std::uint32_t number = 0;
    for (const report::RowPair& pair :
         report::MatchRows({rows_before, before.trace}, {rows_now, now.trace}, by)) {
      ++number;
      if (pair.before) Number(rows_before[*pair.before], number, tree, true, places_before);
      if (pair.after) Number(rows_now[*pair.after], number, tree, false, places_now);
    }
    json.Add(
        report::GroupByName(by),
        JsonObject().Add("now", NumbersJson(places_now)).Add("before", NumbersJson(places_before)).Done());
  }
  return json.Done();
}

std::string GrowthJson(const PagePart& part, const PageTree& tree, StringTable& strings) {
  std::vector<std::uint32_t> texts(tree.frames().size() + 1, strings.NumberOf(""));
  for (const Row& row : RowsOf(part, GroupBy::kLine, Metric::kNotFreed)) {
    aggregate::SiteCurve sum;
    for (const model::NodeId node : row.nodes) {
      const auto curve = part.growth->find(node);
      if (curve != part.growth->end()) sum.Add(curve->second);
    }
    Number(row, strings.NumberOf(report::VerdictText(sum, part.trace.info.duration_ns)), tree, false, texts);
  }
  return NumbersJson(texts);
}

}  // namespace memtrace::html
