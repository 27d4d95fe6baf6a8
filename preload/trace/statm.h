// SPDX-License-Identifier: MIT
// /proc/self/statm: the kernel's own sums of process memory.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"

namespace memtrace::preload {

// Bytes; kUnknown where it could not be read.
struct Statm {
  std::uint64_t virtual_bytes = format::kUnknown;
  std::uint64_t resident_bytes = format::kUnknown;
  std::uint64_t resident_file_bytes = format::kUnknown;
};

// Costs about 2 microseconds.
Statm ReadStatm();

}  // namespace memtrace::preload
