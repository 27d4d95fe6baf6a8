// SPDX-License-Identifier: MIT
// Process memory by cause: a reading of which pages are resident, joined with which blocks live in them and
// who mapped them.
//
//     resident pages      ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░▓▓▓▓▓▓▓▓   ▓▓▓▓▓▓▓▓▓▓    ▓▓▓▓▓▓    ▓▓▓▓
//     the kernel says     data segment, an arena             anonymous     file      stack
//     the events say       [blk][blk]   [blk]       [blk]    mmap at a.c:7
//                          ─┬─     ─┬─                  ─┬─  ────┬─────
//     parts               live     free, between        top    mapped      files     stacks
//                         + headers, rounding           (kept above the last block)
//
// Everything is counted in resident bytes, so the parts add up to process memory; what is left is
// unexplained. A block or mapping that was never touched takes address space but none of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

// Bytes resident at one moment. All parts together are `total`.
struct ProcessParts {
  std::uint64_t live = 0;           // of blocks, as much as was asked for
  std::uint64_t overhead = 0;       // headers and rounding of these blocks
  std::uint64_t kept_top = 0;       // free, above the last live block of the data segment or an arena
  std::uint64_t kept_pages = 0;     // free, whole pages between live blocks
  std::uint64_t kept_holes = 0;     // free, in pages that live blocks lie in too
  std::uint64_t mapped = 0;         // by the program's own calls
  std::uint64_t python_arenas = 0;  // mappings that CPython carves its objects out of
  std::uint64_t stacks = 0;
  std::uint64_t files = 0;      // pages of program, libraries and other files, as they are there
  std::uint64_t file_data = 0;  // their variables: pages changed by this process, zero-initialised data
  std::uint64_t shared = 0;     // memory shared with other processes, mapped before this one was there
  std::uint64_t inherited = 0;  // from the process that forked this one; its blocks are not in this trace
  std::uint64_t loader = 0;     // of the dynamic linker: thread-local variables, its lists
  std::uint64_t memtrace = 0;
  std::uint64_t unexplained = 0;

  std::uint64_t kept() const { return kept_top + kept_pages + kept_holes; }
  std::uint64_t total() const {
    return live + overhead + kept() + mapped + python_arenas + stacks + files + file_data + shared +
           inherited + loader + memtrace + unexplained;
  }
};

// A call site of the program's own mappings, and what of them is resident.
struct MappedSite {
  model::NodeId node = 0;
  std::uint64_t bytes = 0;
  std::uint64_t resident_bytes = 0;
};

// Live blocks of a call site with free memory right below them: as long as they are there, it does not go
// back by itself.
struct PinningSite {
  model::NodeId node = 0;
  Amount blocks;
  std::uint64_t kept_bytes = 0;  // free and resident below them
};

struct ProcessSplit {
  std::size_t reading = 0;  // index into Trace::memory
  std::uint64_t time_ns = 0;
  ProcessParts parts;
  std::uint64_t python_live_bytes = 0;     // of Python's objects in their arenas
  std::uint64_t untouched_live_bytes = 0;  // of live blocks, not resident
  std::uint64_t arenas = 0;                // glibc's, without the main one
  std::uint64_t arenas_kept_bytes = 0;     // free and resident there
  std::vector<MappedSite> mapped;          // most resident first
  std::vector<PinningSite> pinning;        // most kept first; of splits in detail only
};

// What the two most asked for are: the first reading with about the most resident (all but a hundredth), and
// the last one. Empty: no readings.
std::vector<std::size_t> HighestAndLastReading(const model::Trace& trace);

// For a moment: the one that was taken at the mark if a mark is then, or else the one next in time, the
// earlier of two equally near. Nothing: no readings.
std::optional<std::size_t> ReadingFor(const model::Trace& trace, std::uint64_t time_ns);

// Splits readings as a pass over the events comes by them; see BuildProfile. In detail, blocks are looked at
// one by one, which costs sorting the live ones at each reading; otherwise `live` is what is live, resident
// or not, and what is kept is one sum, in kept_pages.
class ProcessMemoryWatch : public MemoryWatch {
 public:
  // `readings`: indices into trace.memory, each once. `trace` must outlive this.
  ProcessMemoryWatch(const model::Trace& trace, std::vector<std::size_t> readings, bool in_detail);

  const std::vector<std::size_t>& readings() const override { return readings_; }
  void At(std::size_t reading, LiveBlocks& blocks, const Mappings& mappings) override;

  // By time.
  const std::vector<ProcessSplit>& splits() const { return splits_; }
  // That of one of the readings, once the pass is over.
  const ProcessSplit& SplitOf(std::size_t reading) const;

 private:
  const model::Trace& trace_;
  std::vector<std::size_t> readings_;
  bool in_detail_;
  std::vector<ProcessSplit> splits_;
};

}  // namespace memtrace::aggregate
