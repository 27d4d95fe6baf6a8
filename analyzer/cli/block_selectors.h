// SPDX-License-Identifier: MIT
// The selectors of blocks alone, for commands that know no stacks and have a range of their own meaning.
#pragma once

#include <CLI/CLI.hpp>

#include "analyzer/cli/selector_options.h"

namespace memtrace::cli {

// --thread, --size, --lifetime and --domain.
void AddBlockSelectors(CLI::App& command, SelectorOptions& options);

}  // namespace memtrace::cli
