// SPDX-License-Identifier: MIT
// Process memory over a recording, from its checkpoints.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/model/trace.h"

namespace memtrace::report {

// format::kUnknown where no checkpoint could tell.
struct ProcessMemory {
  std::uint64_t resident_at_end_bytes = format::kUnknown;
  std::uint64_t resident_peak_bytes = format::kUnknown;
  std::uint64_t own_bytes = 0;  // of it memtrace's own: private memory and windows mapped from the trace
};

ProcessMemory ProcessMemoryOf(const model::Trace& trace);

// Resident bytes at a mark; unknown if it has no checkpoint.
std::uint64_t ResidentAtMark(const model::Trace& trace, const model::Mark& mark);

// "98.7 MiB", or "unknown".
std::string KnownSize(std::uint64_t bytes);

}  // namespace memtrace::report
