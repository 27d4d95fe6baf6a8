// SPDX-License-Identifier: MIT
// Process memory by cause, as a table: at its highest reading and at the last one.
//
//     Process memory                        highest, at 00:06.51        at the end
//       live blocks                         225 MiB  95.1%  ████████    221 KiB   0.1%
//       freed, kept by the allocator       1.02 MiB   0.4%              219 MiB  94.0%  ████████
//       …
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"

namespace memtrace::report {

// A cause of process memory, in the order in which reports show them.
struct ProcessCause {
  const char* key;    // in JSON and CSV
  const char* title;  // in tables
  const char* color;  // in pictures: a CSS colour
  char letter;        // in pictures of characters
  std::uint64_t (*bytes)(const aggregate::ProcessParts& parts);
};
const std::vector<ProcessCause>& ProcessCauses();

// Refers to the trace and the source it was built from, which must outlive it.
class ProcessSplitReport {
 public:
  // `splits`: in detail, by time; none: there is nothing to say.
  ProcessSplitReport(const model::Trace& trace, const std::vector<aggregate::ProcessSplit>& splits,
                     StackSource& source);

  // Empty if the trace has no readings.
  std::string Text(const RenderOptions& render) const;
  // {"highest": …, "end": …, "freed_but_kept": …}; null if the trace has no readings.
  Json ToJson(const RenderOptions& render) const;

 private:
  std::string TableText(const RenderOptions& render) const;
  std::string MappedText(const RenderOptions& render) const;
  Json SplitJson(const aggregate::ProcessSplit& split) const;

  const model::Trace& trace_;
  const std::vector<aggregate::ProcessSplit>& splits_;
  std::vector<Row> mapped_;   // of the highest reading, by line: resident
  std::vector<Row> pinning_;  // of the last reading, by line: free memory below its blocks
};

// jemalloc's own figures at a reading that asked for them, null at others.
Json JemallocJson(const model::MemoryReading& reading);

// A share of a bar's `columns`, in eighths of a column.
std::string BarText(double share, std::size_t columns);

}  // namespace memtrace::report
