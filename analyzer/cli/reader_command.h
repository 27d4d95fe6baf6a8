// SPDX-License-Identifier: MIT
// What all commands that read a trace share: its choice, progress, the output, warnings and the exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/aggregate/profile.h"
#include "analyzer/reader/trace_reader.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/symbolized_stacks.h"
#include "analyzer/util/result.h"

namespace memtrace::cli {

struct ReaderOptions {
  std::string trace;   // empty: the newest in this folder
  std::string output;  // empty or "-": stdout
  std::string color = "auto";
  bool json = false;
  bool no_cache = false;
  symbolize::SymbolizerOptions symbols;  // where names come from; see OpenTrace::Symbols
  int output_fd = 1;                     // where "stdout" is; `run --report` writes to stderr
};

void AddReaderOptions(CLI::App& command, ReaderOptions& options);
// All of these but the trace, for commands that read several.
void AddOutputOptions(CLI::App& command, ReaderOptions& options);

// Takes --si and --bytes away again, from commands that write files with units of their own.
void RemoveSizeUnits(CLI::App& command);

// -n: how many rows to show. Accepts digits only; CLI11 by itself takes "-3" for a very large number.
void AddLimitOption(CLI::App& command, std::size_t& limit, const char* help);
CLI::Validator DigitsOnly();
CLI::Validator NumberFrom(std::uint64_t min, std::uint64_t max);  // whole numbers; `max` below 10^9

// An opened trace, with progress bars on passes over it.
class OpenTrace {
 public:
  OpenTrace(reader::TraceReader reader, report::RenderOptions render, symbolize::SymbolizerOptions symbols)
      : reader_(std::move(reader)), render_(std::move(render)), symbols_(std::move(symbols)) {}

  const model::Trace& trace() const { return reader_.trace(); }
  const report::RenderOptions& render() const { return render_; }
  // For report::SymbolizedStacks: what the shared options say about names. Without `inlines` calls that the
  // compiler inlined are left folded.
  symbolize::SymbolizerOptions Symbols(bool inlines = true) const;

  // A progress bar, "reading app.mtr", for work that is no pass over the events; see Progress.
  std::function<void(double)> NewProgress(const std::string& doing = "reading") const;

  // A pass over the events: `work` gets the reader and a function to tell its progress to.
  template <typename Work>
  auto Pass(const Work& work);

  // The profile at `at` ("peak", "end", a time or a mark). kUsage error for a moment that does not exist.
  Result<aggregate::Profile> Profile(const std::string& at,
                                     aggregate::Domain domain = aggregate::Domain::kHeap);

  // When a moment is, from the recording's start: a pass if it is the heap's peak.
  std::uint64_t TimeOf(const aggregate::Moment& moment);

 private:
  reader::TraceReader reader_;
  report::RenderOptions render_;
  symbolize::SymbolizerOptions symbols_;
};

// What a command hands back for output.
struct Output {
  std::string text;
  int exit_code = 0;
  std::vector<std::string> problems;  // modules without names, one line each
};

// Opens the trace, lets `work` make a report of it, writes that where the options say, tells warnings, and
// returns the exit code.
int RunReaderCommand(const ReaderOptions& options, const std::function<Result<Output>(OpenTrace&)>& work);

// The trace the options name, or the newest in this folder, which is then said on stderr.
Result<std::string> ChooseTrace(const ReaderOptions& options);

// The same with several traces; options.trace is not looked at.
int RunTracesCommand(const ReaderOptions& options, const std::vector<std::string>& paths,
                     const std::function<Result<Output>(std::vector<OpenTrace>&)>& work);

// Tells a usage or reading error and returns its exit code.
int FailWith(const Error& error);

template <typename Work>
auto OpenTrace::Pass(const Work& work) {
  return work(reader_, NewProgress());
}

}  // namespace memtrace::cli
