// SPDX-License-Identifier: MIT
// The answer to "who holds the memory": a trace's events summed up by (stack, thread), at a chosen moment.
//
//     events ──► live set (address → block) ──► per (node, thread): Amounts
//                    │
//                    └─► totals, exact peak, values at each mark
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"
#include "analyzer/util/result.h"

namespace memtrace::aggregate {

// Which memory a report is about. Blocks come from malloc and its relatives; mappings from the program's own
// mmap, mremap, brk and sbrk calls. A block's memory may itself lie in a mapping, so the two are never added.
enum class Domain { kHeap, kMapped };

// The moment whose live bytes a report shows.
struct Moment {
  enum class Kind { kPeak, kEnd, kTime } kind = Kind::kPeak;
  std::uint64_t time_ns = 0;  // with kTime; a mark is resolved to its time
  std::string label;          // "at peak", "at end", "at 1.500 s", "at mark \"Result iteration end\""
};

// "peak", "end", "1.5", "1.5s", "200ms", or the name of a mark (its last occurrence). kUsage error otherwise,
// naming the marks there are.
Result<Moment> ParseMoment(const std::string& text, const model::Trace& trace);

// Sums for one stack on one allocating thread.
struct SiteAmounts {
  model::NodeId node = 0;
  model::ThreadId thread = 0;
  Amount live;       // at the chosen moment
  Amount peak;       // at the moment of the trace's peak
  Amount not_freed;  // at the end
  Amount total;      // ever allocated
  Amount temporary;  // freed by the same thread before its next allocation
};

struct MarkAmounts {
  std::size_t mark = 0;          // index into Trace::marks
  Amount live;                   // then
  std::uint64_t peak_bytes = 0;  // highest live bytes until then
};

struct Profile {
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
  Amount peak_mapped;              // of the mapped domain, whichever was asked for: for the hint line
  std::vector<SiteAmounts> sites;  // those with any non-zero amount, in no particular order
  std::vector<MarkAmounts> marks;  // by time
};

struct ProfileRequest {
  Domain domain = Domain::kHeap;
  Moment moment;
};

// One pass over the events. `progress` as in TraceReader::ForEachEvent.
Profile BuildProfile(reader::TraceReader& reader, const ProfileRequest& request,
                     const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
