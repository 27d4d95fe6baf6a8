// SPDX-License-Identifier: MIT
// The names of every address of a call-site tree, collected for `memtrace pack`.
#pragma once

#include <cstdint>
#include <functional>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/source_cache.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::symbolize {

struct CollectedSymbols {
  model::Symbols symbols;
  std::uint64_t addresses = 0;  // distinct ones
  std::uint64_t with_lines = 0;
  std::uint64_t source_lines = 0;
};

// Asks `symbolizer`, which must unfold inlined calls, for each address, and for the text that the program's
// kLsanSuppressions returns: it is kept as line 0 of a source file of that name. With `sources` the text of
// every line that is named goes along. `progress` is called now and then with the share done, 0 to 1.
CollectedSymbols CollectSymbols(const model::Trace& trace, Symbolizer& symbolizer, SourceCache* sources,
                                const std::function<void(double)>& progress = {});

}  // namespace memtrace::symbolize
