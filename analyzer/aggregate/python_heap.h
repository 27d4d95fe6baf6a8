// SPDX-License-Identifier: MIT
// Python's memory at chosen moments: its objects, the arenas it puts the small ones into, and how full those
// are.
//
//     arenas   [ ▉▉▉ ▉▉  ▉ ][ ▉▉▉▉▉▉▉▉▉ ][ ▉   ]      4 arenas of 1 MiB, 2.1 MiB in use
//     malloc     ▉▉▉▉▉▉▉▉   ▉▉▉▉▉                     objects of more than 512 bytes
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

struct PythonHeap {
  std::uint64_t time_ns = 0;
  Amount objects;    // live blocks of Python's allocators
  Amount in_arenas;  // those of them that lie in an arena; bytes as they were asked for
  Amount arenas;     // mapped then
};

// Whether the trace has blocks of Python's allocators.
bool HasPythonBlocks(const model::Trace& trace);

// One pass. One result for each of `times_ns`, which must ascend.
std::vector<PythonHeap> PythonHeapAt(reader::TraceReader& reader, const std::vector<std::uint64_t>& times_ns,
                                     const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
