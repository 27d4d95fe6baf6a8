// SPDX-License-Identifier: MIT
// `memtrace compare`: one line a recording, for the question which of several ways to do a thing takes less.
//
//     run         time  process memory  peak heap  allocated in total  allocations  main source at the peak
//     eager   00:06.59         238 MiB    225 MiB             569 MiB    2,112,896  PQgetResult, from
//     result.cc:19 cursor  00:07.10        12.1 MiB    223 KiB             590 MiB    3,000,120  …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/aggregate/profile.h"
#include "analyzer/aggregate/timeline.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

// What a run's process memory was at one of its readings.
struct RunProcess {
  aggregate::ProcessParts parts;
  std::uint64_t time_ns = 0;    // of the reading
  std::uint64_t moment_ns = 0;  // for which it was chosen
};

// What the table says about one recording.
struct RunFigures {
  std::string name;
  const model::Trace* trace = nullptr;
  std::uint64_t process_peak_bytes = format::kUnknown;
  std::optional<RunProcess> process = {};  // nothing: no readings, or not asked for
  aggregate::Amount peak;
  aggregate::Amount not_freed;
  aggregate::Amount total;
  aggregate::Amount temporary;
  std::string main_source;  // the line with the most at the peak; empty: nothing is live then
  std::uint64_t main_source_bytes = 0;
};

// Where the main source is looked for.
struct SourceChoice {
  StackSelectors stacks = {};
  bool skip = true;  // as in RowOptions
};

// `profile` is at its peak. The trace must outlive the result.
Result<RunFigures> FiguresOf(std::string name, const model::Trace& trace, const aggregate::Profile& profile,
                             StackSource& source, const SourceChoice& choice, const RenderOptions& render);

class CompareReport {
 public:
  // One or more. `selector` says what is counted and goes into the JSON as it is. `process_moment`: for which
  // process memory was chosen, as Moment::label; empty: its highest reading.
  explicit CompareReport(std::vector<RunFigures> runs, Json selector = Json::object(),
                         std::string process_moment = {})
      : runs_(std::move(runs)), selector_(std::move(selector)), process_moment_(std::move(process_moment)) {}

  std::string Text(const RenderOptions& render) const;
  std::string Markdown() const;
  // What process memory was, by cause; as text a column a run, as Markdown a line a run.
  std::string CausesText(const RenderOptions& render) const;
  std::string CausesMarkdown() const;
  // `with_causes`: further columns, the time of the reading and every cause.
  std::string Csv(bool with_causes = false) const;
  Json ToJson() const;

 private:
  std::vector<RunFigures> runs_;
  Json selector_;
  std::string process_moment_;
};

// All runs' live memory in one picture, each from its own start. Same order and number as `runs`.
std::string CompareHeapSvg(const std::vector<RunFigures>& runs,
                           const std::vector<aggregate::Timeline>& lines);
// The same of process memory, as the checkpoints have it.
std::string CompareProcessSvg(const std::vector<RunFigures>& runs);

// Short names for traces: what tells their paths apart. {"out/sqlite-eager.mtr", "out/sqlite-cursor.mtr"} →
// {"eager", "cursor"}.
std::vector<std::string> ShortNames(const std::vector<std::string>& paths);

}  // namespace memtrace::report
