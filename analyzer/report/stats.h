// SPDX-License-Identifier: MIT
// `memtrace stats`: what the blocks are like: sizes, lifetimes, functions that give them, threads, and blocks
// that are freed the wrong way.
#pragma once

#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/aggregate/statistics.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/stack_filter.h"

namespace memtrace::report {

struct StatsOptions {
  std::size_t limit = 10;  // places of mismatched frees, threads
  bool skip = true;
  StackSelectors stacks = {};
};

// "malloc", "operator new[]", ...
const char* AllocKindName(format::AllocKind kind);
// "free()", "delete", "delete[]".
const char* FreeFormName(format::FreeForm form);

// Refers to what it was built from, which must outlive it.
class StatsReport {
 public:
  // `query`: that of the statistics, resolved.
  StatsReport(const model::Trace& trace, const aggregate::Query& query, const aggregate::Statistics& counts,
              StackSource& source, StatsOptions options);

  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

 private:
  // A way of freeing at a place that is wrong for how the place allocates.
  struct Mismatch {
    symbolize::Frame frame;
    std::vector<std::string> chain;  // its stack, for text
    format::AllocKind kind{};
    format::FreeForm form{};
    aggregate::Amount amount;
  };
  void FindMismatches(StackSource& source);

  std::string Bar(std::uint64_t blocks) const;
  std::string HistogramText(const std::string& title, const std::vector<std::string>& names,
                            const std::vector<aggregate::Amount>& amounts, const RenderOptions& render) const;
  std::string SizesText(const RenderOptions& render) const;
  std::string LifetimesText(const RenderOptions& render) const;
  std::string KindsText(const RenderOptions& render) const;
  std::string ThreadsText(const RenderOptions& render) const;
  std::string MismatchText(const RenderOptions& render) const;

  const model::Trace& trace_;
  const aggregate::Query& query_;
  const aggregate::Statistics& counts_;
  StatsOptions options_;
  std::vector<Mismatch> mismatches_;  // most blocks first
};

}  // namespace memtrace::report
