// SPDX-License-Identifier: MIT
#include "analyzer/cli/own_suppressions.h"

#include <optional>

#include "analyzer/symbolize/returned_string.h"

namespace memtrace::cli {

void AddSuppressionOptions(CLI::App& command, SuppressionOptions& options) {
  command.add_option("--suppressions", options.file, "File of leak:PATTERN lines: stacks to leave out")
      ->type_name("FILE");
  command.add_flag("--no-own-suppressions", options.no_own,
                   "Do not use the program's __lsan_default_suppressions()");
}

Result<report::Suppressions> LoadSuppressions(const SuppressionOptions& options) {
  if (options.file.empty()) return report::Suppressions();
  return report::Suppressions::Load(options.file);
}

void AddOwnSuppressions(const SuppressionOptions& options, const report::SymbolizedStacks& stacks,
                        report::Suppressions& suppressions, std::vector<std::string>& problems) {
  if (options.no_own) return;
  const std::optional<std::string> text = stacks.StringReturnedBy(symbolize::kLsanSuppressions);
  if (!text) return;
  Result<report::Suppressions> own = report::Suppressions::Parse(*text, symbolize::kLsanSuppressions);
  if (own) {
    suppressions.Append(*own);
  } else {
    problems.push_back("the program's own suppressions are not used: " + own.error().message);
  }
}

}  // namespace memtrace::cli
