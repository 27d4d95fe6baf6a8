// SPDX-License-Identifier: MIT
// `memtrace diff`: what became more and what became less, between two recordings or two moments of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/json.h"
#include "analyzer/report/match_rows.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

// All must outlive the report. Two moments of one recording share the trace and may share the source.
struct DiffSide {
  const model::Trace& trace;
  const aggregate::Profile& profile;
  StackSource& source;
};

struct DiffOptions {
  RowOptions rows = {};
  std::size_t limit = 10;
  StackSelectors stacks = {};
  // Scales what is after so that both have the same total: what is left are changes of shares.
  bool normalize = false;
};

// A place with what it has of the metric on both sides; zero where it is not.
struct DiffRow {
  RowPair rows;
  aggregate::Amount before;
  aggregate::Amount after;  // scaled, if asked for

  bool is_new() const { return !rows.before; }
  bool is_gone() const { return !rows.after; }
  std::int64_t byte_change() const { return static_cast<std::int64_t>(after.bytes - before.bytes); }
  std::int64_t block_change() const { return static_cast<std::int64_t>(after.blocks - before.blocks); }
  bool is_changed() const { return before != after; }
};

class DiffReport {
 public:
  // kUsage error for a bad regular expression.
  static Result<DiffReport> Build(const DiffSide& before, const DiffSide& after, DiffOptions options);

  // Places that did not change are only counted.
  std::string Text(const RenderOptions& render) const;

  // tracemalloc's line for each row, the unchanged ones included:
  // "app.cc:88: size=8173 KiB (+4428 KiB), count=71332 (+39369), average=117 B".
  std::string PlainText() const;

  Json ToJson() const;

  // As tracemalloc's compare_to sorts them: by size of the change, size, change of count, count, then place,
  // all descending. Metrics that rank by blocks look at blocks first.
  const std::vector<DiffRow>& rows() const { return rows_; }
  const std::vector<Row>& before_rows() const { return before_set_.rows; }
  const std::vector<Row>& after_rows() const { return after_set_.rows; }

 private:
  DiffReport(const DiffSide& before, const DiffSide& after, DiffOptions options)
      : before_(before), after_(after), options_(std::move(options)) {}

  struct Counts {
    std::size_t changed = 0, unchanged = 0, moved = 0, fresh = 0, gone = 0;
  };

  void FillRows();
  const Row& ShownRow(const DiffRow& row) const;
  std::string LabelOf(const DiffRow& row, const RenderOptions& render) const;
  aggregate::Amount Scaled(const aggregate::Amount& amount) const;
  bool is_one_trace() const { return &before_.trace == &after_.trace; }
  Counts CountRows() const;
  std::string Heading(const RenderOptions& render, std::size_t shown) const;
  std::string RowText(std::size_t rank, const DiffRow& row, const RenderOptions& render) const;
  std::string OtherText(std::size_t shown) const;
  std::string Footer(const RenderOptions& render) const;
  Json RowToJson(std::size_t rank, const DiffRow& row) const;

  DiffSide before_;
  DiffSide after_;
  DiffOptions options_;
  RowSet before_set_;
  RowSet after_set_;
  aggregate::Amount before_total_;  // of what the filter kept
  aggregate::Amount after_total_;   // the same, scaled if asked for
  double scale_ = 1;
  std::vector<DiffRow> rows_;
};

}  // namespace memtrace::report
