// SPDX-License-Identifier: MIT
// One sweep over the resident pages of the heap: what of them is live blocks, what their headers and
// rounding, and what is free; and below which blocks the free memory lies.
//
//     region (the data segment, or an arena)
//     │ [h blk r][h blk r]     page │ page     page │   [h blk r]          │ end
//                         ╰─holes──╯╰─whole pages──╯╰─h─╯         ╰──top───╯
//                         ╰───────── kept, below that block ─╯     above the last one: given back by itself
//                                                                  once it is large enough
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "analyzer/aggregate/chunk_sizes.h"
#include "analyzer/aggregate/process_memory.h"

namespace memtrace::aggregate {

struct Span {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes() const { return end - start; }
};

// What free memory above the last block goes back from by itself.
struct Region {
  std::uint64_t end = 0;  // 0: there is no such thing here
  bool is_arena = false;
};

// Blocks first, then Sort, then resident stretches in ascending order. Not thread-safe.
class HeapSweep {
 public:
  // Not in detail: small blocks count by their sums alone, as if they were resident.
  HeapSweep(const ChunkSizes& sizes, bool in_detail) : sizes_(sizes), in_detail_(in_detail) {}

  void AddBlock(std::uint64_t address, std::uint64_t size, model::NodeId node);
  void Sort();

  // A resident stretch of an allocator's memory.
  void Sweep(const Span& stretch, const Region& region);
  // The same, but what is not of a known block is returned and not counted.
  std::uint64_t SweepBlocks(const Span& stretch);
  // A resident stretch where only the pages of blocks are an allocator's: calls `rest` with all others.
  template <typename Rest>
  void CutPagesOfBlocks(const Span& stretch, const Rest& rest);

  // From the page of the first block within to that of the last; empty: there is none.
  Span SpanOfBlocks(const Span& part) const;

  void AddTo(ProcessSplit* split);

 private:
  struct Chunk {
    Span span;              // header and rounding included
    std::uint64_t address;  // where the block itself begins
    std::uint64_t size;     // as asked for
    model::NodeId node;
    std::uint64_t free_below;  // resident
  };

  std::size_t FirstEndingAfter(std::uint64_t address) const;
  template <typename Free>
  void Walk(const Span& stretch, const Free& free);
  void TakeBlock(const Chunk& chunk, const Span& part);
  void TakeFree(std::size_t next, const Span& part, const Region& region);
  Span PagesOf(const Chunk& chunk) const;

  const ChunkSizes sizes_;
  const bool in_detail_;
  std::vector<Chunk> chunks_;
  ProcessParts parts_;
  std::uint64_t arenas_kept_ = 0;
  std::uint64_t all_live_ = 0;    // asked for, resident or not
  std::uint64_t small_live_ = 0;  // not in detail
  std::uint64_t small_overhead_ = 0;
};

// The pages that blocks begin and end in are theirs: blocks there are large.
template <typename Rest>
void HeapSweep::CutPagesOfBlocks(const Span& stretch, const Rest& rest) {
  std::uint64_t at = stretch.start;
  std::size_t next = FirstEndingAfter(stretch.start & ~(format::kPageBytes - 1));
  for (; next < chunks_.size() && at < stretch.end; ++next) {
    const Span pages = PagesOf(chunks_[next]);
    if (pages.start >= stretch.end) break;
    if (pages.end <= at) continue;
    if (pages.start > at) rest(Span{at, pages.start});
    // Its last page may be the first one of the next block.
    const bool is_shared = next + 1 < chunks_.size() && chunks_[next + 1].span.start < pages.end;
    const std::uint64_t until = is_shared ? chunks_[next + 1].span.start : pages.end;
    const Span part{pages.start > at ? pages.start : at, until < stretch.end ? until : stretch.end};
    if (part.end <= part.start) continue;
    const std::uint64_t live_before = parts_.live + parts_.overhead;
    TakeBlock(chunks_[next], part);
    // What is left of its pages nobody else can use.
    parts_.overhead += part.bytes() - (parts_.live + parts_.overhead - live_before);
    at = part.end;
  }
  if (at < stretch.end) rest(Span{at, stretch.end});
}

}  // namespace memtrace::aggregate
