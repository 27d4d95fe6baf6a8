// SPDX-License-Identifier: MIT
// The rows of a report: a profile's sites, named by their stacks and summed up by line, file, function, ...
//
//     profile.sites                         rows, largest first
//     node 7  thread 0   96 MiB ─┐          #1 arena.h:41        101 MiB   largest_node 7, threads 0 and 1
//     node 7  thread 1    4 MiB ─┼─ stack ► #2 PQexec in libpq    40 MiB   callers: load.cc:12, load.cc:90
//     node 9  thread 0    1 MiB ─┘  of a
//     node 12 thread 0   40 MiB ─── node ►  matching = sum of all that the filter let through
//
// Each distinct frame's key is made once; after that a stack is a list of numbers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/metric.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"
#include "analyzer/symbolize/attribution.h"
#include "analyzer/util/result.h"

namespace memtrace::report {

// kSize needs a profile whose query splits by size.
enum class GroupBy { kLine, kFile, kFunction, kModule, kTraceback, kThread, kSize };

const std::vector<std::string>& GroupByNames();
Result<GroupBy> ParseGroupBy(const std::string& text);
std::string GroupByName(GroupBy by);

// A source line below which a row without lines of its own was called.
struct Caller {
  symbolize::Frame frame;
  aggregate::Amount amount;
};

struct Row {
  symbolize::Frame frame;  // the charged frame of the largest stack; its module is empty for the empty stack
  model::ThreadId thread = 0;    // with kThread
  aggregate::Bounds size_bytes;  // with kSize
  Amounts amounts;
  Amounts own;                       // without what is only credited because a frame further in is charged
  std::vector<model::NodeId> nodes;  // all stacks that have any of the metric
  model::NodeId largest_node = 0;    // the stack with the most of the metric, over all threads
  Stack largest_stack;               // that stack, as the filter leaves it; its frames are the source's
  std::size_t charged_frame = 0;     // index of `frame` in it
  std::map<model::ThreadId, aggregate::Amount> by_thread;  // of the metric, those that have any
  std::vector<Caller> callers;                             // largest first; only where `frame` has no line
};

struct RowOptions {
  GroupBy by = GroupBy::kLine;
  Metric metric = Metric::kLive;
  bool skip = true;  // charge the program's frame instead of operator new, std:: and the like
  // Credit a stack to every line, function, ... in it, to each of them once, as pprof does: sums over rows
  // are more than there is. Allocation plumbing and the C library's start code are left out with `skip`. Of
  // no meaning with kTraceback, kThread and kSize.
  bool cumulative = false;
};

struct RowSet {
  std::vector<Row> rows;  // by the metric, largest first; ties by block count, then by name
  Amounts matching;       // of all stacks that the filter kept
};

RowSet BuildRows(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
                 const RowOptions& options);

}  // namespace memtrace::report
