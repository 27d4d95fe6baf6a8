// SPDX-License-Identifier: MIT
// The rules that a program brings along for LeakSanitizer, in the function __lsan_default_suppressions().
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/report/suppressions.h"
#include "analyzer/report/symbolized_stacks.h"
#include "analyzer/util/result.h"

namespace memtrace::cli {

struct SuppressionOptions {
  std::string file;  // empty: none
  bool no_own = false;
};

// --suppressions and --no-own-suppressions.
void AddSuppressionOptions(CLI::App& command, SuppressionOptions& options);

// The file's rules. Errors as Suppressions::Load has them.
Result<report::Suppressions> LoadSuppressions(const SuppressionOptions& options);

// Adds the program's own, if they are wanted and there are any. Rules that LeakSanitizer would refuse are
// left out, which *problems then says.
void AddOwnSuppressions(const SuppressionOptions& options, const report::SymbolizedStacks& stacks,
                        report::Suppressions& suppressions, std::vector<std::string>& problems);

}  // namespace memtrace::cli
