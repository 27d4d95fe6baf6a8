// SPDX-License-Identifier: MIT
// What a person asks of a recording: which memory, which blocks of it, at which moment.
//
//     time ───────────┬───────────────────────┬──────────────►
//                   from                      to
//       a ─────x      │                       │         a  allocated before the range: not selected
//             b ──────┼────x                  │         b  neither
//                     │  c ───────x           │         c  selected: counts in total, not in live
//                     │        d ─────────────┼───x     d  selected, still live at `to`
//
// All selectors together choose blocks: each narrows. A profile then counts the chosen blocks as if there
// were no others, their peak included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/util/result.h"

namespace memtrace::aggregate {

// Which memory a report is about. Blocks come from malloc and its relatives and from Python's allocators;
// mappings from the program's own mmap, mremap, brk and sbrk calls. A block's memory may itself lie in a
// mapping, so the two are never added.
enum class Domain {
  kHeap,    // all blocks
  kPython,  // those of Python's objects and PyMem_*
  kNative,  // all others
  kMapped,  // mappings, without
  kArenas,  // those that CPython puts its small objects into
};

// Whether it is made of blocks, not of mappings.
inline bool HasBlocks(Domain domain) {
  return domain != Domain::kMapped && domain != Domain::kArenas;
}

inline bool IsPythonKind(format::AllocKind kind) {
  return kind == format::AllocKind::kPythonMem || kind == format::AllocKind::kPythonObject;
}

// Whether what is asked for in this way belongs to the domain, if it is a block or mapping as the domain
// wants.
inline bool IsOfDomain(Domain domain, format::AllocKind kind) {
  switch (domain) {
    case Domain::kHeap:
      break;
    case Domain::kPython:
      return IsPythonKind(kind);
    case Domain::kNative:
      return !IsPythonKind(kind);
    case Domain::kMapped:
      return kind != format::AllocKind::kPythonArena;
    case Domain::kArenas:
      return kind == format::AllocKind::kPythonArena;
  }
  return true;
}

// A moment of the recording: that whose live bytes a report shows, or an end of a range.
struct Moment {
  enum class Kind { kPeak, kEnd, kTime } kind = Kind::kPeak;
  std::uint64_t time_ns = 0;  // with kTime; a mark is resolved to its time
  std::string label;          // "at peak", "at end", "at 1.500 s", "at mark \"Result iteration end\""
};

// "peak", "end", "1.5", "1.5s", "200ms", or the name of a mark (its last occurrence). kUsage error otherwise,
// naming the marks there are.
Result<Moment> ParseMoment(const std::string& text, const model::Trace& trace);

// "1.5", "1.5s", "200ms", "30us", "5ns" in nanoseconds; nothing for what is no time.
std::optional<std::uint64_t> ParseTimeNs(std::string_view text);

// Both ends belong to it.
struct Bounds {
  std::uint64_t min = 0;
  std::uint64_t max = ~0ULL;

  bool is_all() const { return min == 0 && max == ~0ULL; }
  bool Contains(std::uint64_t value) const { return value >= min && value <= max; }
  bool operator==(const Bounds&) const = default;
};

struct Query {
  Domain domain = Domain::kHeap;
  // Of the peak: that of the selected blocks.
  Moment moment = {};
  // The moment is `to`, whatever `moment` says.
  bool is_moment_to = false;
  // Blocks allocated after `from`, until and with `to`. Here a peak is that of the whole domain, which costs
  // a pass of its own.
  std::optional<Moment> from = {};
  std::optional<Moment> to = {};
  std::vector<model::ThreadId> threads = {};  // that allocated; empty: all
  Bounds size_bytes = {};
  // From allocation to free. A block that was never freed is taken if that is certain: it lived for `min`
  // until the end, and there is no `max`. Costs a pass of its own and one bit an allocation.
  Bounds lifetime_ns = {};
  // By node: whether its blocks are wanted. Nodes beyond it are not; empty: all are.
  std::vector<bool> nodes = {};
  // Sites are also told apart by the size of their blocks: SiteAmounts::size_class.
  bool split_by_size = false;

  // Whether some blocks of the domain may not be wanted.
  bool selects_blocks() const {
    return from || to || !threads.empty() || !size_bytes.is_all() || !lifetime_ns.is_all() || !nodes.empty();
  }
  // The same, of all blocks or all mappings.
  bool needs_selection() const {
    return selects_blocks() || domain == Domain::kPython || domain == Domain::kNative;
  }
};

}  // namespace memtrace::aggregate
