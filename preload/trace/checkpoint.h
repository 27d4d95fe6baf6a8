// SPDX-License-Identifier: MIT
// Readings of process memory: /proc/self/statm, getrusage and, where it is safe to ask, glibc's mallinfo2.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/trace/log_writer.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

// Writes a checkpoint to the log and refreshes the header's clocks and own-memory counters. Returns what is resident.
// `ask_allocator`: also read mallinfo2, which takes the arenas' locks; only at marks and at exit, where the
// program cannot be inside malloc. Costs about 5 microseconds. Thread-safe.
std::uint64_t TakeCheckpoint(TraceFile& file, LogWriter& log, std::uint32_t thread, format::CheckpointReason reason,
                             bool ask_allocator);

}  // namespace memtrace::preload
