// SPDX-License-Identifier: MIT
// Where exports and pages go: a file beside the trace, a named file, or stdout.
#pragma once

#include <functional>
#include <string>

#include "analyzer/export/sink.h"
#include "analyzer/util/result.h"

namespace memtrace::exporting {

// "traces/memtrace.app.12.mtr" + ".pb.gz" -> "traces/memtrace.app.12.pb.gz".
std::string PathBesideTrace(const std::string& trace_path, const std::string& suffix);

// Lets `write` fill `path` ("-": stdout_fd). Fails without touching anything if that is the trace itself or
// cannot be opened; after a failed write nothing half-finished is left behind.
Result<void> WriteToFile(const std::string& path, const std::string& trace_path, int stdout_fd,
                         const std::function<void(Sink&)>& write);

}  // namespace memtrace::exporting
