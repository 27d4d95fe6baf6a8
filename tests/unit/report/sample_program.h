// SPDX-License-Identifier: MIT
// One recorded program for all golden outputs: an indexer with a worker thread that also asks a database.
//
//     0.1 s  main      posting.cpp:88   1000 x 160 B   kept
//     0.2 s  main      libpq, from load.cpp:41 and :57   3 x 20,000 B, one freed
//     1.0 s  worker-1  posting.cpp:88   2000 x 160 B   freed at 3 s           mark "loaded" at 1.5 s
//     2.0 s  worker-1  arena.h:41 (inlined into Index::grow)   1 x 1 MiB      the peak; freed at 3 s
//     3.5 s  both      session.cpp:51   4 x 300 B, one a second, kept         mark "done" at 7 s
//     5.0 s  main      text.cpp:9   500 x 24 B, each freed at once
#pragma once

#include <string>

#include "tests/format/trace_builder.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::testing {

// Its node ids are the keys of SampleStacks. `is_later`: of the same program some days later, when half as
// many postings more are kept, the second query is gone, sessions pile up, and process memory was read twice.
TraceBuilder SampleTrace(bool is_later = false);

// Writes the trace to `path`.
void WriteSampleTrace(const std::string& path);

MadeUpStacks SampleStacks();

}  // namespace memtrace::testing
