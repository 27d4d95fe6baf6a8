// SPDX-License-Identifier: MIT
// What is worth saying about a row depends on what it stands for.
#include "analyzer/report/row_details.h"

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

constexpr std::size_t kIndent = 7;

}  // namespace

std::vector<RowDetail> RowDetails(const Row& row, const RowOptions& options, const model::Trace& trace,
                                  StackSource& source, const RenderOptions& render) {
  std::vector<RowDetail> lines;
  const GroupBy by = options.by;
  const Stack& stack = row.largest_stack;
  const auto add_source = [&](const symbolize::Frame& frame) {
    const std::string text = source.SourceLine(frame);
    if (!Trimmed(text).empty()) lines.push_back({Printable(Trimmed(text)), true});
  };
  if (by == GroupBy::kTraceback) {
    add_source(row.frame);
    for (std::string& line : StackLines(stack, row.charged_frame, render, options.skip))
      lines.push_back({std::move(line)});
  } else if (by == GroupBy::kLine || by == GroupBy::kFunction) {
    if (by == GroupBy::kLine) add_source(row.frame);
    if (!row.callers.empty()) {
      const std::size_t more = row.callers.size() - 1;
      lines.push_back(
          {"called from " + PlaceText(row.callers.front().frame, render) +
           (more == 0 ? "" : fmt::format(" and {}", Counted(more, "other line", "other lines")))});
      add_source(row.callers.front().frame);
    }
    if (std::string native = NativeChainText(stack, row.charged_frame); !native.empty())
      lines.push_back({"allocated by " + native});
    std::string chain = ChainText(stack, row.charged_frame, options.skip);
    if (chain != LabelText(row, by, trace, render)) lines.push_back({std::move(chain)});
  } else if (!stack.empty()) {
    lines.push_back({"mostly " + PlaceText(row.frame, render) +
                     (row.frame.has_line() ? " in " + FunctionText(row.frame) : "")});
  }
  const std::string threads = by == GroupBy::kThread ? "" : ThreadShares(row, options.metric, trace);
  if (!threads.empty() && !lines.empty()) lines.back().text += "        " + threads;
  return lines;
}

std::string DetailsText(const std::vector<RowDetail>& details, const RenderOptions& render) {
  std::string text;
  for (const RowDetail& detail : details) {
    if (detail.text.empty()) continue;
    const bool limited = render.columns > kIndent + 16;
    const std::string line = limited ? EllipsizeEnd(detail.text, render.columns - kIndent) : detail.text;
    text += std::string(kIndent, ' ') + (detail.is_source ? render.paint.Bold(line) : line) + "\n";
  }
  return text;
}

}  // namespace memtrace::report
