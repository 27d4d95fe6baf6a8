// SPDX-License-Identifier: MIT
// Which trace file a command is about.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/util/result.h"

namespace memtrace::cli {

// The newest memtrace.*.mtr in `folder`, by modification time. kUnreadable error saying what to do if there
// is none.
Result<std::string> NewestTraceIn(const std::string& folder);

// The newest trace that process `pid` wrote after `since_realtime_ns` by the template `out_pattern`
// (MEMTRACE_OUT; empty: the default name).
std::optional<std::string> TraceOfProcess(pid_t pid, const std::string& out_pattern,
                                          std::uint64_t since_realtime_ns);

// The shell pattern of all names that a MEMTRACE_OUT template can give: "%p.mtr" -> "*.mtr".
std::string GlobOfTemplate(const std::string& out_pattern);

}  // namespace memtrace::cli
