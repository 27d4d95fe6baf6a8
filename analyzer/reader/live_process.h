// SPDX-License-Identifier: MIT
// Is the process that writes a trace still at it?
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/reader/trace_file.h"

namespace memtrace::reader {

// The process that writes the file, by its number here. `pid` is what it calls itself: in a container that is
// another one. Nothing if no process of that number, here or in a namespace of its own, has this very file
// mapped, or it cannot be looked into (another user's, outside of the analyzer's own namespace).
std::optional<std::uint32_t> FindRecorder(const TraceFile& file, std::uint32_t pid);

}  // namespace memtrace::reader
