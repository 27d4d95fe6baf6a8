// SPDX-License-Identifier: MIT
// What `memtrace pack` did: sizes before and after, and how much of the tree has names.
#pragma once

#include <string>

#include "analyzer/model/trace.h"
#include "analyzer/reader/pack_file.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"
#include "analyzer/symbolize/collect_symbols.h"

namespace memtrace::report {

class PackReport {
 public:
  // All arguments must outlive it.
  PackReport(const model::Trace& trace, const std::string& packed, const reader::PackedSizes& sizes,
             const symbolize::CollectedSymbols& collected)
      : trace_(trace), packed_(packed), sizes_(sizes), collected_(collected) {}

  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

 private:
  const model::Trace& trace_;
  const std::string& packed_;
  const reader::PackedSizes& sizes_;
  const symbolize::CollectedSymbols& collected_;
};

}  // namespace memtrace::report
