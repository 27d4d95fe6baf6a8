// SPDX-License-Identifier: MIT
// Metrics by name, and which numbers each of them looks at.
#include "analyzer/report/metric.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/util/suggest.h"

namespace memtrace::report {
namespace {

void AddTo(aggregate::Amount& sum, const aggregate::Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

}  // namespace

void Amounts::Add(const Amounts& other) {
  AddTo(live, other.live);
  AddTo(peak, other.peak);
  AddTo(not_freed, other.not_freed);
  AddTo(total, other.total);
  AddTo(temporary, other.temporary);
}

void Amounts::Add(const aggregate::SiteAmounts& site) {
  Add(Amounts{site.live, site.peak, site.not_freed, site.total, site.temporary});
}

Amounts TotalsOf(const aggregate::Profile& profile) {
  return {profile.live, profile.peak, profile.not_freed, profile.total, profile.temporary};
}

const std::vector<std::string>& MetricNames() {
  static const std::vector<std::string> names = {"live", "peak", "not-freed", "total", "count", "temporary"};
  return names;
}

std::string MetricName(Metric metric) {
  return MetricNames()[static_cast<std::size_t>(metric)];
}

Result<Metric> ParseMetric(const std::string& text) {
  const auto& names = MetricNames();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<Metric>(found - names.begin());
  return Error{ErrorCode::kUsage, fmt::format("--metric \"{}\" is not known: {}{}", text, ListOf(names),
                                              DidYouMean(text, names))};
}

const aggregate::Amount& AmountOf(Metric metric, const Amounts& amounts) {
  switch (metric) {
    case Metric::kLive:
      return amounts.live;
    case Metric::kPeak:
      return amounts.peak;
    case Metric::kNotFreed:
      return amounts.not_freed;
    case Metric::kTemporary:
      return amounts.temporary;
    case Metric::kTotal:
    case Metric::kCount:
      break;
  }
  return amounts.total;
}

bool RanksByBlocks(Metric metric) {
  return metric == Metric::kCount || metric == Metric::kTemporary;
}

std::uint64_t RankOf(Metric metric, const aggregate::Amount& amount) {
  return RanksByBlocks(metric) ? amount.blocks : amount.bytes;
}

}  // namespace memtrace::report
