// SPDX-License-Identifier: MIT
// `memtrace leaks`: what was not freed, by place. We cannot know what is still reachable and do not say
// "leaked".
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/aggregate/growth.h"
#include "analyzer/aggregate/profile.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/suppressions.h"

namespace memtrace::report {

struct LeaksOptions {
  std::size_t limit = 10;
  std::uint64_t min_bytes = 0;  // places with less are not reported
  bool skip = true;
  Suppressions suppressions = {};
  StackSelectors stacks = {};
};

// Refers to the trace, profile, curves and source it was built from, which must outlive it.
class LeaksReport {
 public:
  // kUsage error for a bad regular expression.
  static Result<LeaksReport> Build(const model::Trace& trace, const aggregate::Profile& profile,
                                   const aggregate::CurvesByNode& curves, StackSource& source,
                                   LeaksOptions options);

  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

  // Anything left after suppressions and --min-bytes: what --error-exitcode asks.
  bool has_findings() const { return !rows_.empty(); }

 private:
  LeaksReport(const model::Trace& trace, const aggregate::Profile& profile,
              const aggregate::CurvesByNode& curves, StackSource& source, LeaksOptions options)
      : trace_(trace), profile_(profile), curves_(curves), source_(source), options_(std::move(options)) {}

  struct Sum {
    aggregate::Amount amount;
    std::size_t places = 0;
  };

  std::string Heading() const;
  std::string RowText(std::size_t index, const RenderOptions& render) const;
  aggregate::SiteCurve CurveOf(const Row& row) const;
  std::size_t shown() const;
  aggregate::Profile Unsuppressed(StackFilter& filter);
  void TakeRows(std::vector<Row> rows);

  const model::Trace& trace_;
  const aggregate::Profile& profile_;
  const aggregate::CurvesByNode& curves_;
  StackSource& source_;
  LeaksOptions options_;
  std::vector<Row> rows_;
  std::vector<aggregate::Amount> suppressed_by_rule_;
  aggregate::Amount suppressed_;
  Sum found_;  // rows_
  Sum small_;  // below min_bytes
};

}  // namespace memtrace::report
