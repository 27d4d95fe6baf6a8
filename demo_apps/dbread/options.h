// SPDX-License-Identifier: MIT
// What the command line chose.
#pragma once

#include <optional>
#include <string>

#include "demo_apps/dbread/connection.h"

namespace dbread {

enum class Driver { kPostgres, kSqlite };
enum class RowKind { kTuples, kStructs };

struct Options {
  Driver driver = Driver::kSqlite;
  ReadKind read = ReadKind::kEager;
  RowKind rows = RowKind::kTuples;
  bool one_column = false;
  bool keep = false;
  std::size_t batch_rows = 100;
  std::string dataset = "employees";
  double scale = 1.0;
  std::string database;
  bool prepare = false;
};

// What to do next: go on with the options, or end with this exit code because --help or a complaint was
// printed.
struct Parsed {
  Options options;
  std::optional<int> exit_code;
};

Parsed ParseCommandLine(int argc, char** argv);

}  // namespace dbread
