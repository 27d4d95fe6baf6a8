// SPDX-License-Identifier: MIT
// The sentences that go with a metric: headings, amounts in a row, totals.
#pragma once

#include <cstddef>
#include <string>

#include "analyzer/aggregate/profile.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/metric.h"

namespace memtrace::report {

// "1 block", "340 blocks".
std::string Counted(std::uint64_t count, const char* singular, const char* plural);

// What the metric counts, with the number: "3 blocks", "3 allocations", "3 mappings".
std::string BlocksText(Metric metric, aggregate::Domain domain, std::uint64_t count);

// "at peak (413 MiB at 00:07.41 of 00:12.90)", "not freed at the end (1.2 MiB in 340 blocks)", ...
std::string HeadingText(Metric metric, const aggregate::Profile& profile, const model::TraceInfo& info);

// What a row has of the metric: the ranked number, and the rest: {"201 MiB", "1310720 blocks, avg 161 B"}.
struct AmountText {
  std::string ranked;
  std::string rest;
};
AmountText TextOf(Metric metric, aggregate::Domain domain, const Amounts& amounts);

// "live at peak", "not freed", "allocated", "allocations", "temporary allocations".
std::string TotalWords(Metric metric, const aggregate::Profile& profile);

}  // namespace memtrace::report
