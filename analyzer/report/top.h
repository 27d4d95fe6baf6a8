// SPDX-License-Identifier: MIT
// `memtrace top`: the places that hold the most of something.
#pragma once

#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

struct TopOptions {
  RowOptions rows = {};
  std::size_t limit = 10;
  StackSelectors stacks = {};
};

// Refers to the trace, profile and source it was built from, which must outlive it.
class TopReport {
 public:
  // kUsage error for a bad regular expression.
  static Result<TopReport> Build(const model::Trace& trace, const aggregate::Profile& profile,
                                 StackSource& source, TopOptions options);

  std::string Text(const RenderOptions& render) const;

  // tracemalloc's line for each row, nothing else: "app.cc:88: size=201 MiB, count=1310720, average=161 B".
  std::string PlainText() const;

  Json ToJson() const;

  // The rows and sums alone, without heading and hints, for other reports.
  std::string RowsText(const RenderOptions& render) const;
  std::size_t shown() const;

 private:
  TopReport(const model::Trace& trace, const aggregate::Profile& profile, StackSource& source,
            TopOptions options)
      : trace_(trace), profile_(profile), source_(source), options_(std::move(options)) {}

  std::string Heading() const;
  std::string RowHead(std::size_t rank, const Row& row, const RenderOptions& render) const;
  std::string OtherLine() const;
  std::string TotalLine() const;
  std::string MappedHint() const;
  aggregate::Amount Total() const;
  aggregate::Amount OtherAmount() const;
  std::string SelectionLine(const RenderOptions& render) const;

  const model::Trace& trace_;
  const aggregate::Profile& profile_;
  StackSource& source_;
  TopOptions options_;
  RowSet set_;
};

}  // namespace memtrace::report
