// SPDX-License-Identifier: MIT
// Process memory by cause, as a table: at its highest reading and at the last one, or at a chosen moment.
//
//     Process memory                        highest, at 00:06.51        at the end
//       live blocks                         225 MiB  95.1%  ████████    221 KiB   0.1%
//       freed, kept by the allocator       1.02 MiB   0.4%              219 MiB  94.0%  ████████
//       …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

// A moment that somebody asked for, and the reading next to it, in detail; none: the trace has no readings.
struct ChosenSplit {
  std::string label;  // Moment::label
  std::uint64_t time_ns = 0;
  std::optional<aggregate::ProcessSplit> split;
};

// "00:01.28", or "00:01.28, 0.5 s before" where that is far from the moment: a tenth of a second.
std::string ReadingTimeText(std::uint64_t reading_ns, std::uint64_t moment_ns);

// Refers to the trace, the splits and the source it was built from, which must outlive it.
class ProcessSplitReport {
 public:
  // `splits`: of the highest and the last reading, in detail; none: there is nothing to say. With a chosen
  // moment the text is about that one alone.
  ProcessSplitReport(const model::Trace& trace, const std::vector<aggregate::ProcessSplit>& splits,
                     StackSource& source, std::optional<ChosenSplit> chosen = std::nullopt);

  // Empty if the trace has no readings, and none was chosen.
  std::string Text(const RenderOptions& render) const;
  // {"highest": …, "end": …, "freed_but_kept": …, "chosen": …}; null if the trace has no readings.
  Json ToJson(const RenderOptions& render) const;

 private:
  // A reading beside others: its heading and what it was.
  struct Shown {
    std::string head;
    const aggregate::ProcessSplit* split;
  };

  std::vector<Shown> ShownSplits() const;
  std::string TableText(const RenderOptions& render) const;
  std::string MappedText(const RenderOptions& render) const;
  Json SplitJson(const aggregate::ProcessSplit& split) const;
  Json MappedJson() const;
  Json KeptJson(const aggregate::ProcessSplit& split, const RenderOptions& render) const;

  const model::Trace& trace_;
  const std::vector<aggregate::ProcessSplit>& splits_;
  std::optional<ChosenSplit> chosen_;
  std::vector<Row> mapped_;   // of the highest or the chosen reading, by line: resident
  std::vector<Row> pinning_;  // of the last or the chosen one, by line: free memory below its blocks
};

// jemalloc's own figures at a reading that asked for them, null at others.
Json JemallocJson(const model::MemoryReading& reading);

// A share of a bar's `columns`, in eighths of a column.
std::string BarText(double share, std::size_t columns);

}  // namespace memtrace::report
