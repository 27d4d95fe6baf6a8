// SPDX-License-Identifier: MIT
// "Freed, but it did not go back": how much memory the allocator keeps, why, and what would change it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"

namespace memtrace::report {

struct KeptMemory {
  std::vector<std::string> sentences;    // none: too little to speak of
  std::uint64_t trim_returns_bytes = 0;  // by malloc_trim(0), about
};

// `pinning`: places whose live blocks have free memory below them, most first; see aggregate::PinningSite.
// Amounts' live are the free bytes, total the blocks.
KeptMemory ExplainKept(const model::Trace& trace, const aggregate::ProcessSplit& split,
                       const std::vector<Row>& pinning, const RenderOptions& render);

}  // namespace memtrace::report
