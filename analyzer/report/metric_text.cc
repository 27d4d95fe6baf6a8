// SPDX-License-Identifier: MIT
// Wording of metrics: one switch a sentence, so that a new metric shows where it needs words.
#include "analyzer/report/metric_text.h"

#include <fmt/format.h>

#include "analyzer/util/size_format.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string Average(const aggregate::Amount& amount) {
  if (amount.blocks == 0) return {};
  return ", avg " + FormatSize(static_cast<double>(amount.bytes) / static_cast<double>(amount.blocks));
}

std::string Duration(const model::TraceInfo& info) {
  return FormatTime(info.duration_ns) + (info.is_running ? " so far" : "");
}

}  // namespace

std::string Counted(std::uint64_t count, const char* singular, const char* plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::string BlocksText(Metric metric, aggregate::Domain domain, std::uint64_t count) {
  if (domain == aggregate::Domain::kArenas) return Counted(count, "arena", "arenas");
  if (domain == aggregate::Domain::kMapped) return Counted(count, "mapping", "mappings");
  const bool calls = metric == Metric::kTotal || metric == Metric::kCount;
  return calls ? Counted(count, "allocation", "allocations") : Counted(count, "block", "blocks");
}

std::string HeadingText(Metric metric, const aggregate::Profile& profile, const model::TraceInfo& info) {
  const std::string duration = Duration(info);
  switch (metric) {
    case Metric::kLive:
      return fmt::format("{} ({} at {} of {})", profile.moment.label, Size(profile.live.bytes),
                         FormatTime(profile.moment_time_ns), duration);
    case Metric::kPeak:
      return fmt::format("at peak ({} at {} of {})", Size(profile.peak.bytes),
                         FormatTime(profile.peak_time_ns), duration);
    case Metric::kNotFreed:
      return fmt::format("not freed {} ({} in {})", info.is_running ? "so far" : "at the end",
                         Size(profile.not_freed.bytes),
                         BlocksText(metric, profile.domain, profile.not_freed.blocks));
    case Metric::kTotal:
      return fmt::format("by bytes allocated ({} in {}, {})", Size(profile.total.bytes),
                         BlocksText(Metric::kTotal, profile.domain, profile.total.blocks), duration);
    case Metric::kCount:
      return fmt::format("by number of allocations ({}, {})",
                         BlocksText(Metric::kTotal, profile.domain, profile.total.blocks), duration);
    case Metric::kTemporary:
      break;
  }
  return fmt::format("by temporary allocations ({} of {}, freed before the thread's next one)",
                     profile.temporary.blocks,
                     BlocksText(Metric::kTotal, profile.domain, profile.total.blocks));
}

AmountText TextOf(Metric metric, aggregate::Domain domain, const Amounts& amounts) {
  const aggregate::Amount& amount = AmountOf(metric, amounts);
  const bool counts_calls = metric == Metric::kTotal || metric == Metric::kCount;
  const std::string blocks = BlocksText(metric, domain, amount.blocks);
  const std::string temporary = counts_calls && amounts.temporary.blocks > 0
                                    ? fmt::format(", {} temporary", amounts.temporary.blocks)
                                    : "";
  switch (metric) {
    case Metric::kCount:
      return {blocks, Size(amount.bytes) + Average(amount) + temporary};
    case Metric::kTemporary:
      return {fmt::format("{} temporary", amount.blocks),
              fmt::format("of {}, {}{}", BlocksText(Metric::kTotal, domain, amounts.total.blocks),
                          Size(amount.bytes), Average(amount))};
    default:
      return {Size(amount.bytes), blocks + Average(amount) + temporary};
  }
}

std::string TotalWords(Metric metric, const aggregate::Profile& profile) {
  switch (metric) {
    case Metric::kLive:
      return "live " + profile.moment.label;
    case Metric::kPeak:
      return "live at peak";
    case Metric::kNotFreed:
      return "not freed";
    case Metric::kTotal:
    case Metric::kCount:
      return "allocated";
    case Metric::kTemporary:
      break;
  }
  return "temporary";
}

}  // namespace memtrace::report
