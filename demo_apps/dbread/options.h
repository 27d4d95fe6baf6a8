// SPDX-License-Identifier: MIT
// What the command line chose.
#pragma once

#include <optional>
#include <string>

#include "demo_apps/dbread/connection.h"
#include "demo_apps/dbread/driver.h"

namespace dbread {

enum class RowKind { kTuples, kNamed, kStructs, kValidated, kValidatedExisting, kEntities };

struct Options {
  DriverOptions driver;
  ReadKind read = ReadKind::kEager;
  RowKind rows = RowKind::kTuples;
  bool one_column = false;
  bool keep = false;
  bool lookup = false;
  bool trim = false;
  bool page_times = false;
  std::size_t batch_rows = 100;
  std::string dataset = "employees";
  double scale = 1.0;
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
