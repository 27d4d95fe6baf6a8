// SPDX-License-Identifier: MIT
// The StackSource of real programs: debug information for names, source files for lines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/report/stack_source.h"
#include "analyzer/symbolize/source_cache.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::report {

class SymbolizedStacks : public StackSource {
 public:
  // `trace` must outlive it.
  explicit SymbolizedStacks(const model::Trace& trace, symbolize::SymbolizerOptions options = {})
      : symbolizer_(trace, options), sources_(&trace.symbols, options.sysroot) {}

  Stack StackOf(model::NodeId node) override;
  std::string SourceLine(const symbolize::Frame& frame) override;
  std::uint32_t SourceLineCount(const std::string& file) override { return sources_.LineCount(file); }
  std::uint32_t LastLineOf(const symbolize::Frame& frame) override { return symbolizer_.LastLineOf(frame); }

  // See Symbolizer::StringReturnedBy.
  std::optional<std::string> StringReturnedBy(const std::string& function) const {
    return symbolizer_.StringReturnedBy(function);
  }

  // Modules that gave no names, one line each.
  const std::vector<std::string>& problems() const { return symbolizer_.problems(); }

 private:
  symbolize::Symbolizer symbolizer_;
  symbolize::SourceCache sources_;
};

}  // namespace memtrace::report
