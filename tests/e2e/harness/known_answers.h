// SPDX-License-Identifier: MIT
// Reads the expectations that the programs of demo_apps/known state in their header comments; the grammar is
// in demo_apps/known/README.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/harness/reports.h"

namespace memtrace::e2e {

// `// expect: line=@NAME [function=TEXT] [thread=TEXT] AMOUNTS` or, without a line, `// expect: file
// AMOUNTS`.
struct ExpectedRow {
  std::size_t source_line = 0;  // of the expectation itself, for messages
  std::optional<std::uint64_t> line;
  std::string function;
  std::string thread;
  std::map<std::string, Amount> amounts;
};

// `// expect: order=METRIC lines=@A,@B,...`
struct ExpectedOrder {
  std::size_t source_line = 0;
  std::string metric;
  std::vector<std::uint64_t> lines;
};

struct KnownAnswers {
  std::vector<ExpectedRow> rows;
  std::vector<ExpectedOrder> orders;
};

// Throws std::runtime_error, naming file and line, where the comment does not follow the grammar.
KnownAnswers ReadKnownAnswers(const std::filesystem::path& source);

}  // namespace memtrace::e2e
