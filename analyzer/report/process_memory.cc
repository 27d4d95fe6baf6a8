// SPDX-License-Identifier: MIT
// The kernel's own high-water mark (ru_maxrss) counts; between checkpoints nothing is missed by it.
#include "analyzer/report/process_memory.h"

#include <algorithm>

#include "analyzer/util/size_format.h"

namespace memtrace::report {
namespace {

void RaiseTo(std::uint64_t& highest, std::uint64_t value) {
  if (value == format::kUnknown) return;
  highest = highest == format::kUnknown ? value : std::max(highest, value);
}

}  // namespace

ProcessMemory ProcessMemoryOf(const model::Trace& trace) {
  ProcessMemory memory;
  for (const model::Checkpoint& checkpoint : trace.checkpoints) {
    if (checkpoint.resident != format::kUnknown) memory.resident_at_end_bytes = checkpoint.resident;
    RaiseTo(memory.resident_peak_bytes, checkpoint.resident_peak);
    RaiseTo(memory.resident_peak_bytes, checkpoint.resident);
  }
  memory.own_bytes = trace.info.own_private_bytes + trace.info.own_mapped_bytes;
  return memory;
}

std::uint64_t ResidentAtMark(const model::Trace& trace, const model::Mark& mark) {
  if (!mark.checkpoint || *mark.checkpoint >= trace.checkpoints.size()) return format::kUnknown;
  return trace.checkpoints[*mark.checkpoint].resident;
}

std::string KnownSize(std::uint64_t bytes) {
  return bytes == format::kUnknown ? "unknown" : FormatSize(static_cast<double>(bytes));
}

}  // namespace memtrace::report
