// SPDX-License-Identifier: MIT
// `memtrace timeline --process`: process memory over time, split by cause: stacked in the terminal and as
// SVG, a line a reading as CSV and JSON.
//
//     120 MiB ┤        LLLLkkkkkk       L live blocks, k freed and kept, m mapped, f files, …
//             │     LLLLLLLkkkkkk
//           0 ┼──ffffffffffffffff
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"

namespace memtrace::report {

// Indices of the readings within [from_ns, to_ns], and the one before; at most `most` of them, the highest of
// each stretch.
std::vector<std::size_t> ReadingsWithin(const model::Trace& trace, std::uint64_t from_ns, std::uint64_t to_ns,
                                        std::size_t most);

// Refers to the trace and the splits it was built from, which must outlive it.
class ProcessTimelineReport {
 public:
  // `splits` by time, at least one.
  ProcessTimelineReport(const model::Trace& trace, std::span<const aggregate::ProcessSplit> splits,
                        std::uint64_t from_ns, std::uint64_t to_ns);

  std::string Text(const RenderOptions& render, std::size_t columns, std::size_t rows, bool ascii) const;
  std::string Svg() const;
  // A heading, then one line a reading: seconds, what is resident, and every cause.
  std::string Csv() const;
  Json ToJson(Json selector) const;

 private:
  std::string Heading(const RenderOptions& render) const;
  const aggregate::ProcessSplit& Highest() const;

  const model::Trace& trace_;
  std::span<const aggregate::ProcessSplit> splits_;
  std::uint64_t from_ns_;
  std::uint64_t to_ns_;
};

}  // namespace memtrace::report
