// SPDX-License-Identifier: MIT
// The answer to "who holds the memory": a trace's events summed up by (stack, thread), at a chosen moment.
//
//     events ──► live set (address → block) ──► per (node, thread): Amounts
//                    │
//                    └─► totals, exact peak, values at each mark
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/aggregate/query.h"
#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

// Sums for one stack on one allocating thread.
struct SiteAmounts {
  model::NodeId node = 0;
  model::ThreadId thread = 0;
  Amount live;                   // at the chosen moment
  Amount peak;                   // at the moment of the peak
  Amount not_freed;              // at the end
  Amount total;                  // ever allocated
  Amount temporary;              // freed by the same thread before its next allocation
  std::uint32_t size_class = 0;  // index into Profile::size_classes, if the query splits by size
};

struct MarkAmounts {
  std::size_t mark = 0;          // index into Trace::marks
  Amount live;                   // then
  std::uint64_t peak_bytes = 0;  // highest live bytes until then
};

struct Profile {
  Query query;  // what it answers; peaks at the ends of a range are replaced by their times
  Domain domain = Domain::kHeap;
  Moment moment;
  std::uint64_t moment_time_ns = 0;
  Amount live;  // sums over sites, as in SiteAmounts
  Amount peak;
  Amount not_freed;
  Amount total;
  Amount temporary;
  std::uint64_t peak_time_ns = 0;
  std::uint64_t frees = 0;             // blocks freed; a realloc counts as one free and one allocation
  std::uint64_t unknown_frees = 0;     // frees of blocks whose allocation was not recorded
  std::uint64_t mismatched_frees = 0;  // new freed by free, new[] by delete, ...
  std::uint64_t lost_frees = 0;        // blocks whose address was given out again without a recorded free
  std::uint64_t events = 0;
  Amount peak_mapped;                // of the mapped domain, whichever was asked for: for the hint line
  std::vector<SiteAmounts> sites;    // those with any non-zero amount, in no particular order
  std::vector<MarkAmounts> marks;    // by time
  std::vector<Bounds> size_classes;  // smallest and largest block of each, if the query splits by size
};

class LiveBlocks;
class Mappings;

// Looks at what is live at moments of its own while a pass comes by them.
class MemoryWatch {
 public:
  virtual ~MemoryWatch() = default;
  // Indices into Trace::memory.
  virtual const std::vector<std::size_t>& readings() const = 0;
  // Everything until that reading has been applied.
  virtual void At(std::size_t reading, LiveBlocks& blocks, const Mappings& mappings) = 0;
};

// Puts the time of the domain's peak where an end of the range is the peak: one pass, if so.
void ResolvePeaks(reader::TraceReader& reader, Query& query,
                  const std::function<void(double)>& progress = {});

// One pass over the events, and one more for what Query says costs one. Everything but `events`,
// `unknown_frees` and `peak_mapped` is about the selected blocks alone. `progress` as in
// TraceReader::ForEachEvent. `watch`: only for a query of the whole heap.
Profile BuildProfile(reader::TraceReader& reader, const Query& query,
                     const std::function<void(double)>& progress = {}, MemoryWatch* watch = nullptr);

}  // namespace memtrace::aggregate
