// SPDX-License-Identifier: MIT
// A reading of process memory now, of a process that still records: the recorder's own latest one may be
// minutes old.
#pragma once

#include <optional>

#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::reader {

// From /proc/PID/maps and pagemap, which its user and root may read; nothing where they cannot be. What is
// memtrace's own is taken from the recorder's latest reading. Takes a millisecond for each 200 MiB, and does
// not stop the process.
std::optional<model::MemoryReading> ReadLiveMemory(const model::Trace& trace);

// Adds one to the reader's trace, as its last, if the process runs and can be looked into.
void AddLiveMemory(TraceReader& reader);

}  // namespace memtrace::reader
