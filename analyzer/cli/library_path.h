// SPDX-License-Identifier: MIT
// Where libmemtrace.so is.
#pragma once

#include <string>

#include "analyzer/util/result.h"

namespace memtrace::cli {

// MEMTRACE_LIBRARY if set; else beside this program: ../lib, ../lib/<multiarch>, the install's library
// folder, or its own folder. Absolute. An error names where it was looked for. LD_PRELOAD separates its
// entries by blanks and colons, so a path with one of them cannot be used and is an error, too.
Result<std::string> FindPreloadLibrary();

}  // namespace memtrace::cli
