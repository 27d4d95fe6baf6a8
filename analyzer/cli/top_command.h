// SPDX-License-Identifier: MIT
// `memtrace top` as a function, for `memtrace run --report top`.
#pragma once

#include <string>

namespace memtrace::cli {

// Writes the default top report of a trace to `fd`; returns the exit code of `memtrace top`.
int ReportTop(const std::string& trace, int fd);

}  // namespace memtrace::cli
