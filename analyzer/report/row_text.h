// SPDX-License-Identifier: MIT
// The parts of a row as text: its place, the chain of calls, its threads. Everything here is safe to print.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/stack_source.h"
#include "analyzer/util/paint.h"

namespace memtrace::report {

// How a report is to look; says nothing about what is in it.
struct RenderOptions {
  Paint paint{false};
  std::size_t columns = 0;        // 0: no limit
  std::string working_directory;  // source paths below it are shown relative to it
};

// "src/posting.cpp:88", "PQexec in libpq.so.5.15", "?? in app", "code outside of any file".
std::string PlaceText(const symbolize::Frame& frame, const RenderOptions& options);

// What names the row: a place, a file, a function, a module, a thread or a size.
std::string LabelText(const Row& row, GroupBy by, const model::Trace& trace, const RenderOptions& options);

// "Index::add <- Indexer::consume <- worker_main": from frame `from` outward, without the C library's start
// code, recursion folded, the middle of long chains left out. With `skip` the standard library's frames are
// left out, too.
std::string ChainText(const Stack& stack, std::size_t from, bool skip = true);

// Where a Python frame is charged with what native code did for it: "PQgetResult in libpq.so.5.15 <- ?? in
// _psycopg.so", without the interpreter and plumbing. Else empty.
std::string NativeChainText(const Stack& stack, std::size_t charged);

std::string ThreadText(const model::Trace& trace, model::ThreadId thread);

// "[main thread 12%, worker-1 88%]", "[worker-1]", or nothing where all of it is the first thread's.
std::string ThreadShares(const Row& row, Metric metric, const model::Trace& trace);

// One line a frame, innermost first: "src/session.cpp:51 in Session::open". With `skip` what ChainText leaves
// out of stacks with Python frames is left out here, too.
std::vector<std::string> StackLines(const Stack& stack, std::size_t from, const RenderOptions& options,
                                    bool skip = true);

// "48 B", "129 B to 160 B".
std::string SizesText(const aggregate::Bounds& size_bytes);

}  // namespace memtrace::report
