// SPDX-License-Identifier: MIT
#include "analyzer/report/kept_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/metric_text.h"
#include "analyzer/util/size_format.h"

namespace memtrace::report {
namespace {

using format::ServingAllocator;

// Less is no finding: an allocator needs some room to work with.
constexpr std::uint64_t kLeastBytes = 1 << 20;
constexpr std::uint64_t kLeastShareOfAll = 10;  // one part of so many
constexpr std::uint64_t kWorthSaying = 4;       // a reason explains one part of so many
constexpr std::size_t kPlacesNamed = 2;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string AllocatorName(ServingAllocator allocator) {
  switch (allocator) {
    case ServingAllocator::kGlibc:
      return "glibc's malloc";
    case ServingAllocator::kJemalloc:
      return "jemalloc";
    case ServingAllocator::kTcmalloc:
      return "tcmalloc";
    case ServingAllocator::kMimalloc:
      return "mimalloc";
    case ServingAllocator::kOther:
      break;
  }
  return "the allocator";
}

std::string PlaceOf(const Row& row, const RenderOptions& render) {
  std::string place = PlaceText(row.frame, render);
  if (!row.frame.has_line() && !row.callers.empty()) {
    place += " called from " + PlaceText(row.callers.front().frame, render);
  }
  return place;
}

// "9,999 live blocks (1.2 MiB) of emails.cc:88"
std::string BlocksOf(const Row& row, const RenderOptions& render) {
  const aggregate::Amount& blocks = row.amounts.total;
  return fmt::format("{} ({}) of {}", Counted(blocks.blocks, "live block", "live blocks"), Size(blocks.bytes),
                     PlaceOf(row, render));
}

std::string PinnedBy(const std::vector<Row>& pinning, std::uint64_t kept, const RenderOptions& render) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kPlacesNamed, pinning.size()); ++i) {
    const std::uint64_t below = pinning[i].amounts.live.bytes;
    if (below < kept / kWorthSaying) break;
    text += i == 0 ? fmt::format("{} lie below {}", Size(below), BlocksOf(pinning[i], render))
                   : fmt::format(", {} below {}", Size(below), BlocksOf(pinning[i], render));
  }
  if (!text.empty()) text += ": the heap shrinks only from its end, so they hold what is below them";
  return text;
}

std::string Sentence(std::string text) {
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

void AddGlibc(const aggregate::ProcessSplit& split, const std::vector<Row>& pinning,
              const RenderOptions& render, KeptMemory* kept) {
  const aggregate::ProcessParts& parts = split.parts;
  const std::uint64_t all = parts.kept();
  const auto matters = [all](std::uint64_t bytes) { return bytes >= all / kWorthSaying; };
  if (const std::string pinned = PinnedBy(pinning, all, render); !pinned.empty()) {
    kept->sentences.push_back(Sentence(pinned));
  }
  const bool has_arenas = split.arenas > 0 && matters(split.arenas_kept_bytes);
  if (has_arenas) {
    kept->sentences.push_back(fmt::format(
        "{} lie in {} that threads got for themselves; MALLOC_ARENA_MAX=1 or 2 (M_ARENA_MAX) makes "
        "them share, so that one thread uses again what another has freed.",
        Size(split.arenas_kept_bytes), Counted(split.arenas, "arena", "arenas")));
  } else if (matters(parts.kept_top)) {
    kept->sentences.push_back(
        fmt::format("{} lie above the last live block, where the heap could shrink: malloc waits until that "
                    "is more than its "
                    "trim threshold, which grows with the largest block freed; MALLOC_TRIM_THRESHOLD_=131072 "
                    "keeps it small.",
                    Size(parts.kept_top)));
  }
  kept->trim_returns_bytes = parts.kept_top + parts.kept_pages;
  std::string change = fmt::format("a call of malloc_trim(0) would give back about {}", Size(kept->trim_returns_bytes));
  if (matters(parts.kept_holes)) {
    change += fmt::format(", but not the {} in pages that live blocks lie in too", Size(parts.kept_holes));
  }
  kept->sentences.push_back(
      Sentence(change + "; memtrace run --allocator jemalloc shows what another allocator does"));
}

}  // namespace

KeptMemory ExplainKept(const model::Trace& trace, const aggregate::ProcessSplit& split,
                       const std::vector<Row>& pinning, const RenderOptions& render) {
  KeptMemory kept;
  const std::uint64_t all = split.parts.kept();
  const std::uint64_t total = split.parts.total();
  if (all < kLeastBytes || all < total / kLeastShareOfAll) return kept;
  const ServingAllocator allocator = trace.memory.at(split.reading).allocator;
  kept.sentences.push_back(fmt::format("{} of {} ({}) stay with {}.", Size(all), Size(total),
                                       FormatShare(static_cast<double>(all), static_cast<double>(total)),
                                       AllocatorName(allocator)));
  if (allocator == ServingAllocator::kGlibc) {
    AddGlibc(split, pinning, render, &kept);
  } else if (allocator == ServingAllocator::kJemalloc) {
    kept.sentences.push_back(
        fmt::format("{} are whole pages, which it returns as time passes (MALLOC_CONF=dirty_decay_ms:0 at "
                    "once), {} lie in pages "
                    "that live blocks lie in too.",
                    Size(split.parts.kept_pages + split.parts.kept_top), Size(split.parts.kept_holes)));
  }
  return kept;
}

}  // namespace memtrace::report
