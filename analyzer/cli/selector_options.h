// SPDX-License-Identifier: MIT
// The selectors that all commands on one profile share: which blocks, at which moment, seen through which
// stacks.
//
//     AddSelectorOptions(command, options)       the words of the command line
//            │ Selectors::Parse                  what can be wrong without a trace: told before it is read
//            │ .Profile(open), .Stacks(open)     marks and thread names need the trace
//            ▼
//     Profile + StackSource + stacks() + skip()  what reports are built from; SelectorJson writes it down
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/aggregate/profile.h"
#include "analyzer/aggregate/query.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/symbolized_stacks.h"
#include "analyzer/util/result.h"

namespace memtrace::cli {

// As they are written.
struct SelectorOptions {
  std::string at = {};  // empty: `to` if there is one, the end if there is a `from`, else the peak
  std::string from = {};
  std::string to = {};
  std::vector<std::string> threads = {};
  std::string size = {};
  std::string lifetime = {};
  std::string domain = "heap";
  report::StackSelectors stacks = {};
  std::vector<std::string> wrappers = {};
  bool no_skip = false;
  bool no_inlines = false;
};

// Adds them in two groups of the command's help. `has_moment`: with --at.
void AddSelectorOptions(CLI::App& command, SelectorOptions& options, bool has_moment = true);
// --thread, --size, --lifetime and --domain alone, for commands that have a range of their own meaning.
void AddBlockSelectors(CLI::App& command, SelectorOptions& options);
// --focus and all others that look at stacks.
void AddStackSelectors(CLI::App& command, SelectorOptions& options);

// Selectors that make sense in themselves.
class Selectors {
 public:
  // Also reads the variable MEMTRACE_WRAPPERS. kUsage errors.
  static Result<Selectors> Parse(const SelectorOptions& options);

  // kUsage error for moments and threads that the trace does not have.
  Result<aggregate::Query> QueryOf(const model::Trace& trace) const;

  // One pass, or as many as the query needs. `by_size`: the query splits by size.
  Result<aggregate::Profile> Profile(OpenTrace& open, bool by_size = false) const;

  // The query with the stacks that are asked for in it, so that their blocks are counted as if there were no
  // others, the peak included. One pass if there are any stack selectors, which tells the stacks there are.
  Result<aggregate::Query> QueryOfStacks(OpenTrace& open, report::StackSource& source) const;
  // Its profile.
  Result<aggregate::Profile> ProfileOfStacks(OpenTrace& open, report::StackSource& source) const;

  // Names for it, with inlines and wrappers as asked for.
  report::SymbolizedStacks Stacks(const OpenTrace& open) const;

  const report::StackSelectors& stacks() const { return options_.stacks; }
  bool skip() const { return !options_.no_skip; }

 private:
  SelectorOptions options_;
  aggregate::Query query_;  // what does not need the trace
  std::function<bool(const std::string&)> is_wrapper_;
};

}  // namespace memtrace::cli
