// SPDX-License-Identifier: MIT
#include "analyzer/aggregate/heap_sweep.h"

#include <algorithm>
#include <limits>

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kPageMask = format::kPageBytes - 1;

// From that size on an allocator may give a block pages of its own (glibc: M_MMAP_THRESHOLD).
constexpr std::uint64_t kLargeBlockBytes = 128 * 1024;

std::uint64_t Common(const Span& a, const Span& b) {
  const std::uint64_t start = std::max(a.start, b.start);
  const std::uint64_t end = std::min(a.end, b.end);
  return end > start ? end - start : 0;
}

// Saturates: addresses and sizes of a damaged trace may be anything.
std::uint64_t Sum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

}  // namespace

void HeapSweep::AddBlock(std::uint64_t address, std::uint64_t size, model::NodeId node) {
  all_live_ += size;
  const std::uint64_t owned = sizes_.OwnedBytes(size);
  const std::uint64_t header = std::min(sizes_.HeaderBytes(), address);
  if (!in_detail_ && size < kLargeBlockBytes) {
    small_live_ += size;
    small_overhead_ += owned + header - size;
    return;
  }
  chunks_.push_back({{address - header, Sum(address, owned)}, address, size, node, 0});
}

void HeapSweep::Sort() {
  std::sort(chunks_.begin(), chunks_.end(),
            [](const Chunk& a, const Chunk& b) { return a.address < b.address; });
  // Blocks do not overlap, unless a rule for their sizes is wrong or the trace is damaged.
  for (std::size_t i = 1; i < chunks_.size(); ++i) {
    Chunk& before = chunks_[i - 1];
    before.span.end = std::min(before.span.end, std::max(chunks_[i].span.start, before.span.start));
  }
}

std::size_t HeapSweep::FirstEndingAfter(std::uint64_t address) const {
  const auto first = std::partition_point(
      chunks_.begin(), chunks_.end(), [address](const Chunk& chunk) { return chunk.span.end <= address; });
  return static_cast<std::size_t>(first - chunks_.begin());
}

Span HeapSweep::PagesOf(const Chunk& chunk) const {
  const std::uint64_t start = chunk.span.start & ~kPageMask;
  return {start, Sum(chunk.span.end, kPageMask) & ~kPageMask};
}

Span HeapSweep::SpanOfBlocks(const Span& part) const {
  const auto starts_below = [](const Chunk& chunk, std::uint64_t address) {
    return chunk.span.start < address;
  };
  const std::size_t first = FirstEndingAfter(part.start);
  const auto behind = std::lower_bound(chunks_.begin(), chunks_.end(), part.end, starts_below);
  const auto end = static_cast<std::size_t>(behind - chunks_.begin());
  if (first >= end) return {};
  return {std::max(PagesOf(chunks_[first]).start, part.start),
          std::min(PagesOf(chunks_[end - 1]).end, part.end)};
}

void HeapSweep::TakeBlock(const Chunk& chunk, const Span& part) {
  const std::uint64_t live =
      Common({chunk.address, std::min(Sum(chunk.address, chunk.size), chunk.span.end)}, part);
  parts_.live += live;
  parts_.overhead += Common(chunk.span, part) - std::min(live, Common(chunk.span, part));
}

// Tells `free` what of the stretch no block has, with the number of the next block above.
template <typename Free>
void HeapSweep::Walk(const Span& stretch, const Free& free) {
  std::uint64_t at = stretch.start;
  for (std::size_t next = FirstEndingAfter(at); at < stretch.end; ++next) {
    const bool is_last = next >= chunks_.size() || chunks_[next].span.start >= stretch.end;
    const std::uint64_t until = is_last ? stretch.end : chunks_[next].span.start;
    if (until > at) free(next, Span{at, until});
    if (is_last) return;
    at = std::max(at, until);
    const Span part{at, std::min(chunks_[next].span.end, stretch.end)};
    if (part.end <= at) continue;  // squeezed by its neighbour
    TakeBlock(chunks_[next], part);
    at = part.end;
  }
}

void HeapSweep::Sweep(const Span& stretch, const Region& region) {
  Walk(stretch, [&](std::size_t next, const Span& part) { TakeFree(next, part, region); });
}

std::uint64_t HeapSweep::SweepBlocks(const Span& stretch) {
  std::uint64_t rest = 0;
  Walk(stretch, [&rest](std::size_t, const Span& part) { rest += part.bytes(); });
  return rest;
}

void HeapSweep::TakeFree(std::size_t next, const Span& part, const Region& region) {
  if (region.is_arena) arenas_kept_ += part.bytes();
  const bool has_next = next < chunks_.size() && (region.end == 0 || chunks_[next].span.start < region.end);
  if (region.end != 0 && !has_next) {
    parts_.kept_top += part.bytes();
    return;
  }
  const std::uint64_t below = next > 0 ? chunks_[next - 1].span.end : 0;
  const std::uint64_t above = has_next ? chunks_[next].span.start : part.end;
  const Span pages{Sum(below, kPageMask) & ~kPageMask, above & ~kPageMask};
  const std::uint64_t whole = Common(pages, part);
  parts_.kept_pages += whole;
  parts_.kept_holes += part.bytes() - whole;
  if (has_next && region.end != 0) chunks_[next].free_below += part.bytes();
}

void HeapSweep::AddTo(ProcessSplit* split) {
  if (!in_detail_) {
    std::uint64_t rest = parts_.kept();
    const std::uint64_t live = std::min(rest, small_live_);
    const std::uint64_t overhead = std::min(rest - live, small_overhead_);
    parts_.live += live;
    parts_.overhead += overhead;
    parts_.kept_top = parts_.kept_holes = 0;
    parts_.kept_pages = rest - live - overhead;
    // What did not fit into the known heap lies in a piece of it that no mapping is known of; glibc has none.
    if (sizes_.allocator() != format::ServingAllocator::kGlibc) {
      const std::uint64_t elsewhere = std::min(split->parts.unexplained, small_live_ - live);
      parts_.live += elsewhere;
      split->parts.unexplained -= elsewhere;
    }
  }
  ProcessParts& parts = split->parts;
  parts.live += parts_.live;
  parts.overhead += parts_.overhead;
  parts.kept_top += parts_.kept_top;
  parts.kept_pages += parts_.kept_pages;
  parts.kept_holes += parts_.kept_holes;
  split->arenas_kept_bytes = in_detail_ ? arenas_kept_ : 0;
  split->untouched_live_bytes = all_live_ - std::min(all_live_, parts_.live);
  if (!in_detail_) return;
  std::map<model::NodeId, PinningSite> sites;
  for (const Chunk& chunk : chunks_) {
    if (chunk.free_below == 0) continue;
    PinningSite& site = sites[chunk.node];
    site.node = chunk.node;
    site.blocks += {chunk.size, 1};
    site.kept_bytes += chunk.free_below;
  }
  for (const auto& [node, site] : sites) split->pinning.push_back(site);
  std::stable_sort(split->pinning.begin(), split->pinning.end(),
                   [](const PinningSite& a, const PinningSite& b) { return a.kept_bytes > b.kept_bytes; });
}

}  // namespace memtrace::aggregate
