// SPDX-License-Identifier: MIT
// Command lines as a person would type them again.
#pragma once

#include <string>

#include "analyzer/model/trace.h"

namespace memtrace::report {

// In quotes where a shell needs them; safe to print.
std::string ShellQuoted(const std::string& argument);

// The recorded command line; the program's name where there is none.
std::string CommandText(const model::TraceInfo& info);

}  // namespace memtrace::report
