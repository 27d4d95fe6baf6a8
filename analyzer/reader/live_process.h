// SPDX-License-Identifier: MIT
// Is the process that writes a trace still at it?
#pragma once

#include <cstdint>

#include "analyzer/reader/trace_file.h"

namespace memtrace::reader {

// True if process `pid` lives and has this very file mapped: the number alone may belong to another one by
// now. False too where the process cannot be looked into (another user's, another pid namespace).
bool IsRecordedBy(const TraceFile& file, std::uint32_t pid);

}  // namespace memtrace::reader
