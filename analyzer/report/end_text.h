// SPDX-License-Identifier: MIT
// How a recording ended, in a word for scripts and in a sentence for people.
#pragma once

#include <string>

#include "analyzer/model/trace.h"

namespace memtrace::report {

// "running", "exit", "_exit", "exec", "stopped", or "killed": nothing was written about an end.
std::string EndWord(const model::TraceInfo& info);

// "exit code 0", "still running", "killed, or ended without saying so", ...
std::string EndText(const model::TraceInfo& info);

}  // namespace memtrace::report
