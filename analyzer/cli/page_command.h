// SPDX-License-Identifier: MIT
// What `memtrace report` and `memtrace flame` share: from a trace to a page in a file.
#pragma once

#include <string>

#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/html/page_data.h"

namespace memtrace::cli {

struct PageArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::string newer;  // a second trace: the first is what it is compared with
  std::string base;   // the same, the other way round
  std::string metric = "peak";
  std::string source = "none";
  bool is_inverted = false;
  bool no_compress = false;
  bool flame_only = false;
  std::string command;  // "report", "flame"
  std::string suffix;   // of the default file name
};

void AddPageOptions(CLI::App& command, PageArguments& arguments);

// Returns the exit code.
int WritePageOf(const PageArguments& arguments);

}  // namespace memtrace::cli
