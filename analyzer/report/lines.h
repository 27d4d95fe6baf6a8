// SPDX-License-Identifier: MIT
// `memtrace lines`: source text with what each line allocated beside it, as Python's memory_profiler shows
// it.
//
//     Line #         Live    Increment  Occurrences   Line Contents
//     =============================================================
//         85                                          void Index::add(DocId doc, Pos pos) {
//         86     12.0 MiB     12.0 MiB        98304     auto& entries = table_[doc];
//
// A line is credited with what it allocates itself and through what it calls, once a stack.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

// Which lines: "src/posting.cpp", "posting.cpp:88", "posting.cpp:Index::add", "Index::add".
struct LineTarget {
  std::string file;  // a path's end, may have * and ?; empty: any
  std::uint32_t line = 0;
  std::string function;  // with or without its namespaces and template arguments; empty: any

  // A word without a colon may be a file or a function: both are left to be tried, file first.
  static LineTarget Parse(const std::string& text);
  bool HasFile(const std::string& path) const;
  bool HasFunction(const std::string& function_name) const;
  bool HasFunctionOf(const symbolize::Frame& frame) const;  // also of Python frames: "load", "Cache.load"
};

// The profiles a listing needs; all of the same blocks but for their range.
struct LineProfiles {
  const aggregate::Profile* at = nullptr;      // live at the moment that is shown
  const aggregate::Profile* before = nullptr;  // live at the begin of the range; null: nothing was
  const aggregate::Profile* within = nullptr;  // allocated in the range; null: as in `at`
};

struct LinesOptions {
  LineTarget target;
  std::string target_text;  // as it was written
  StackSelectors stacks = {};
};

// Refers to the trace, profiles and source it was built from, which must outlive it.
class LinesReport {
 public:
  // kUsage error for a bad regular expression, and where no stack has such lines: with what was perhaps
  // meant.
  static Result<LinesReport> Build(const model::Trace& trace, const LineProfiles& profiles,
                                   StackSource& source, LinesOptions options);

  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

 private:
  struct Amounts {
    aggregate::Amount live;
    aggregate::Amount before;
    aggregate::Amount total;
    aggregate::Amount temporary;
    std::string function;  // that the line is in
  };
  using Lines = std::map<std::uint32_t, Amounts>;
  struct Span {
    std::uint32_t first;
    std::uint32_t last;
  };
  struct Function {
    bool is_python = false;
    std::uint32_t declared = 0;                        // line; 0: unknown
    Span lines{~0U, 0};                                // with amounts
    std::vector<const symbolize::Frame*> frames = {};  // a few: the function may lie in several units
  };
  struct File {
    bool is_python = false;
    Lines lines;
    std::map<std::string, Function> functions;  // by FunctionIdentity()
  };

  LinesReport(const model::Trace& trace, const LineProfiles& profiles, StackSource& source,
              LinesOptions options)
      : trace_(trace), profiles_(profiles), source_(source), options_(std::move(options)) {}

  class Collector;
  Error NothingFound(const std::vector<std::string>& names) const;
  void KeepFunctionsOfLine();
  std::string SourceText(const std::string& file, std::uint32_t line) const;
  Span SpanOf(const std::string& file, const Function& function) const;
  std::uint32_t EndOfFunction(const std::string& file, const Function& function) const;
  std::vector<Span> SpansOf(const std::string& path, const File& file) const;
  std::string FileText(const std::string& path, const File& file, const RenderOptions& render) const;
  std::string LineText(std::uint32_t line, const Amounts* amounts, const std::string& source,
                       const char* comment, const RenderOptions& render) const;
  std::string Footer() const;

  const model::Trace& trace_;
  LineProfiles profiles_;
  StackSource& source_;
  LinesOptions options_;
  std::map<std::string, File> files_;
};

}  // namespace memtrace::report
