// SPDX-License-Identifier: MIT
// `memtrace check`: figures of a recording against limits, for CI. What breaks a limit is named by its lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/report/diff.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/suppressions.h"
#include "analyzer/report/top.h"

namespace memtrace::report {

// What a limit may be set for. All are bytes but kCount, which is allocations; kProcess is process memory.
enum class Figure { kPeak, kNotFreed, kTotal, kCount, kProcess };
inline constexpr std::size_t kFigures = 5;

struct CheckOptions {
  std::array<std::optional<std::uint64_t>, kFigures> most = {};  // by figure; none: no limit
  // With a baseline: how much more than there each figure but process memory may be, as a share. Process
  // memory differs from run to run.
  std::optional<double> growth = {};
  std::size_t lines = 5;       // to name for each limit that is broken
  bool skip = true;            // as in RowOptions
  StackSelectors stacks = {};  // how the lines at fault are seen; the profiles are of these stacks already
  Suppressions suppressions = {};  // what they take is not counted as not freed, on neither side
  std::string chosen = {};         // which blocks the profiles are of, in words; empty: all
};

class CheckReport {
 public:
  // Profiles are at their peaks. `baseline` may be null, without growth it is of no use. kUsage error if
  // process memory has a limit and the trace does not know it.
  static Result<CheckReport> Build(const DiffSide& now, const DiffSide* baseline,
                                   const CheckOptions& options);

  bool passed() const;
  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

 private:
  // One limit and what was held against it.
  struct Verdict {
    Figure figure = Figure::kPeak;
    std::uint64_t value = 0;
    std::uint64_t limit = 0;
    std::optional<std::uint64_t> baseline = {};  // of a limit on growth

    bool is_broken() const { return value > limit; }
  };

  CheckReport(const DiffSide& now, const DiffSide* baseline, const CheckOptions& options);

  // The profiles a figure is about: for what was not freed those without what is suppressed.
  DiffSide NowFor(Figure figure) const;
  DiffSide BaselineFor(Figure figure) const;

  std::string LimitText(const Verdict& verdict) const;
  Result<TopReport> LinesOf(const Verdict& verdict) const;
  Result<DiffReport> ChangesOf(const Verdict& verdict) const;
  std::string BlameText(const Verdict& verdict, const RenderOptions& render) const;

  DiffSide now_;
  const DiffSide* baseline_;
  CheckOptions options_;
  std::shared_ptr<const aggregate::Profile> left_now_;       // without what is suppressed
  std::shared_ptr<const aggregate::Profile> left_baseline_;  // null without a baseline
  std::vector<Verdict> verdicts_;
};

}  // namespace memtrace::report
