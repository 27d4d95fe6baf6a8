// SPDX-License-Identifier: MIT
// A limit on growth is a limit like any other, once the baseline's figure is known.
#include "analyzer/report/check.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/report/metric_text.h"
#include "analyzer/report/process_memory.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

constexpr std::array<Figure, kFigures> kAllFigures = {Figure::kPeak, Figure::kNotFreed, Figure::kTotal,
                                                      Figure::kCount, Figure::kProcess};

const char* NameOf(Figure figure) {
  switch (figure) {
    case Figure::kPeak:
      return "peak";
    case Figure::kNotFreed:
      return "not freed";
    case Figure::kTotal:
      return "allocated in total";
    case Figure::kCount:
      return "allocations";
    case Figure::kProcess:
      break;
  }
  return "process memory";
}

Metric MetricOf(Figure figure) {
  switch (figure) {
    case Figure::kNotFreed:
      return Metric::kNotFreed;
    case Figure::kTotal:
      return Metric::kTotal;
    case Figure::kCount:
      return Metric::kCount;
    default:
      return Metric::kPeak;
  }
}

// kUnknown only for process memory.
std::uint64_t ValueOf(Figure figure, const DiffSide& side) {
  if (figure == Figure::kProcess) return ProcessMemoryOf(side.trace).resident_peak_bytes;
  const Metric metric = MetricOf(figure);
  return RankOf(metric, AmountOf(metric, TotalsOf(side.profile)));
}

std::string ValueText(Figure figure, std::uint64_t value) {
  return figure == Figure::kCount ? FormatGrouped(value) : FormatSize(static_cast<double>(value));
}

// "5%", "12.5%".
std::string PercentText(double share) {
  return fmt::format("{:.4g}%", share * 100);
}

}  // namespace

CheckReport::CheckReport(const DiffSide& now, const DiffSide* baseline, const CheckOptions& options)
    : now_(now), baseline_(baseline), options_(options) {
  const auto left = [&](const DiffSide& side) {
    return std::make_shared<const aggregate::Profile>(
        WithoutSuppressed(side.profile, side.source, options.suppressions));
  };
  left_now_ = left(now);
  if (baseline != nullptr) left_baseline_ = left(*baseline);
}

DiffSide CheckReport::NowFor(Figure figure) const {
  return {now_.trace, figure == Figure::kNotFreed ? *left_now_ : now_.profile, now_.source};
}

DiffSide CheckReport::BaselineFor(Figure figure) const {
  return {baseline_->trace, figure == Figure::kNotFreed ? *left_baseline_ : baseline_->profile,
          baseline_->source};
}

Result<CheckReport> CheckReport::Build(const DiffSide& now, const DiffSide* baseline,
                                       const CheckOptions& options) {
  CheckReport report(now, baseline, options);
  for (const Figure figure : kAllFigures) {
    const std::uint64_t value = ValueOf(figure, report.NowFor(figure));
    if (const auto& most = options.most[static_cast<std::size_t>(figure)]) {
      if (value == format::kUnknown) {
        return Error{ErrorCode::kUsage, "--max-process: this recording does not know its process memory"};
      }
      report.verdicts_.push_back({figure, value, *most});
    }
    if (baseline == nullptr || !options.growth || figure == Figure::kProcess) continue;
    const std::uint64_t before = ValueOf(figure, report.BaselineFor(figure));
    const auto limit =
        static_cast<std::uint64_t>(std::floor(static_cast<double>(before) * (1 + *options.growth)));
    report.verdicts_.push_back({figure, value, limit, before});
  }
  return report;
}

bool CheckReport::passed() const {
  return std::none_of(verdicts_.begin(), verdicts_.end(),
                      [](const Verdict& verdict) { return verdict.is_broken(); });
}

// "limit 64.0 MiB", "limit 105 MiB: 5% more than 100 MiB in base.mtr".
std::string CheckReport::LimitText(const Verdict& verdict) const {
  std::string text = "limit " + ValueText(verdict.figure, verdict.limit);
  if (!verdict.baseline) return text;
  return text + fmt::format(": {} more than {} in {}", PercentText(*options_.growth),
                            ValueText(verdict.figure, *verdict.baseline),
                            Printable(baseline_->trace.info.path));
}

Result<TopReport> CheckReport::LinesOf(const Verdict& verdict) const {
  TopOptions options;
  options.rows = {GroupBy::kLine, MetricOf(verdict.figure), options_.skip, false};
  options.limit = options_.lines;
  options.stacks = options_.stacks;
  const DiffSide now = NowFor(verdict.figure);
  return TopReport::Build(now.trace, now.profile, now.source, std::move(options));
}

Result<DiffReport> CheckReport::ChangesOf(const Verdict& verdict) const {
  DiffOptions options;
  options.rows = {GroupBy::kLine, MetricOf(verdict.figure), options_.skip, false};
  options.limit = options_.lines;
  options.stacks = options_.stacks;
  return DiffReport::Build(BaselineFor(verdict.figure), NowFor(verdict.figure), std::move(options));
}

std::string CheckReport::BlameText(const Verdict& verdict, const RenderOptions& render) const {
  const std::string heading =
      "\n" +
      render.paint.Bold(fmt::format("{}: {}, {}", NameOf(verdict.figure),
                                    ValueText(verdict.figure, verdict.value), LimitText(verdict))) +
      "\n";
  if (verdict.baseline) {
    const Result<DiffReport> changes = ChangesOf(verdict);
    return heading + (changes ? changes->Text(render) : changes.error().message);
  }
  const Result<TopReport> lines = LinesOf(verdict);
  return heading + (lines ? lines->RowsText(render) : lines.error().message);
}

std::string CheckReport::Text(const RenderOptions& render) const {
  Table table({{"", Align::kLeft}, {"", Align::kLeft}, {""}, {"", Align::kLeft}});
  std::size_t broken = 0;
  for (const Verdict& verdict : verdicts_) {
    broken += verdict.is_broken() ? 1 : 0;
    table.Add({verdict.is_broken() ? "BROKEN" : "ok", NameOf(verdict.figure),
               ValueText(verdict.figure, verdict.value), LimitText(verdict)});
  }
  std::string text = table.Text(0, 1);
  if (!options_.chosen.empty()) text += "Counted: " + options_.chosen + "\n";
  const aggregate::Amount suppressed = now_.profile.not_freed - left_now_->not_freed;
  if (suppressed.blocks > 0) {
    text += fmt::format("Suppressed of what was not freed: {} in {}\n",
                        FormatSize(static_cast<double>(suppressed.bytes)),
                        Counted(suppressed.blocks, "block", "blocks"));
  }
  for (const Verdict& verdict : verdicts_) {
    if (verdict.is_broken()) text += BlameText(verdict, render);
  }
  const bool has_lines = std::any_of(verdicts_.begin(), verdicts_.end(), [](const Verdict& verdict) {
    return verdict.is_broken() && !verdict.baseline;  // a diff says it itself
  });
  if (has_lines) text += render.paint.Dim(FreeListRemark(now_.trace));
  const std::string path = Printable(now_.trace.info.path);
  const std::string result =
      broken == 0
          ? render.paint.Better(fmt::format("{}: within its limits", path))
          : render.paint.Alarm(fmt::format("{}: {} of {} limits broken", path, broken, verdicts_.size()));
  return text + (broken > 0 ? "\n" : "") + result + "\n";
}

Json CheckReport::ToJson() const {
  Json json = Envelope("check", now_.trace);
  json["trace_before"] = baseline_ == nullptr ? Json(nullptr) : Envelope("check", baseline_->trace)["trace"];
  json["selector"] = SelectorJson(now_.profile, options_.stacks);
  json["selector"].erase("at");  // each limit has its own moment
  json["selector"].erase("at_ns");
  json["selector"]["growth"] = options_.growth ? Json(*options_.growth) : Json(nullptr);
  json["selector"]["lines"] = options_.lines;
  json["selector"]["skip"] = options_.skip;
  json["suppressed"] = report::ToJson(now_.profile.not_freed - left_now_->not_freed);
  json["passed"] = passed();
  json["rows"] = Json::array();
  for (const Verdict& verdict : verdicts_) {
    Json row = {{"figure", NameOf(verdict.figure)},
                {"value", verdict.value},
                {"limit", verdict.limit},
                {"baseline", verdict.baseline ? Json(*verdict.baseline) : Json(nullptr)},
                {"is_broken", verdict.is_broken()},
                {"lines", Json::array()}};
    if (verdict.is_broken() && verdict.baseline) {
      if (const Result<DiffReport> changes = ChangesOf(verdict)) row["lines"] = changes->ToJson()["rows"];
    } else if (verdict.is_broken()) {
      if (const Result<TopReport> lines = LinesOf(verdict)) row["lines"] = lines->ToJson()["rows"];
    }
    json["rows"].push_back(std::move(row));
  }
  return json;
}

}  // namespace memtrace::report
