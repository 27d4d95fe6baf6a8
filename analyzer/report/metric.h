// SPDX-License-Identifier: MIT
// What a report ranks by, and the words that belong to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/util/result.h"

namespace memtrace::report {

enum class Metric { kLive, kPeak, kNotFreed, kTotal, kCount, kTemporary };

// The five amounts of a site, a row or a whole profile.
struct Amounts {
  aggregate::Amount live;
  aggregate::Amount peak;
  aggregate::Amount not_freed;
  aggregate::Amount total;
  aggregate::Amount temporary;

  void Add(const aggregate::SiteAmounts& site);
  void Add(const Amounts& other);
};

Amounts TotalsOf(const aggregate::Profile& profile);

const std::vector<std::string>& MetricNames();
Result<Metric> ParseMetric(const std::string& text);
std::string MetricName(Metric metric);

const aggregate::Amount& AmountOf(Metric metric, const Amounts& amounts);

// The number that orders rows and that shares are made of: blocks for kCount and kTemporary, bytes otherwise.
bool RanksByBlocks(Metric metric);
std::uint64_t RankOf(Metric metric, const aggregate::Amount& amount);

}  // namespace memtrace::report
