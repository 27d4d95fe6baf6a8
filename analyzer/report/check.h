// SPDX-License-Identifier: MIT
// `memtrace check`: figures of a recording against limits, for CI. What breaks a limit is named by its lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/report/diff.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
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
  std::size_t lines = 5;  // to name for each limit that is broken
  bool skip = true;       // as in RowOptions
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

  CheckReport(const DiffSide& now, const DiffSide* baseline, const CheckOptions& options)
      : now_(now), baseline_(baseline), options_(options) {}

  std::string LimitText(const Verdict& verdict) const;
  Result<TopReport> LinesOf(const Verdict& verdict) const;
  Result<DiffReport> ChangesOf(const Verdict& verdict) const;
  std::string BlameText(const Verdict& verdict, const RenderOptions& render) const;

  DiffSide now_;
  const DiffSide* baseline_;
  CheckOptions options_;
  std::vector<Verdict> verdicts_;
};

}  // namespace memtrace::report
