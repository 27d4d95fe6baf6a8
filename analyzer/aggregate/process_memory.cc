// SPDX-License-Identifier: MIT
// Sweeps over the resident pages of a reading, with a finger on the program's mappings and one on its blocks.
#include "analyzer/aggregate/process_memory.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "analyzer/aggregate/heap_sweep.h"
#include "analyzer/aggregate/live_blocks.h"
#include "analyzer/aggregate/mappings.h"

namespace memtrace::aggregate {
namespace {

using format::MemoryKind;
using format::ServingAllocator;

enum class Zone { kDefault, kMapped, kPython, kHeap };

// A piece of a mapping that the program, or its allocator, made.
struct Piece {
  Span span;
  model::NodeId node;
  Zone zone;
};

// Resident stretches of a range, in order. Without runs it is one stretch if all is resident, and none
// otherwise: then only the sum is known.
template <typename Visit>
void ForEachStretch(const model::MemoryRange& range, const Visit& visit) {
  if (range.runs.empty()) {
    if (range.resident_bytes == range.end - range.start && range.start < range.end) {
      visit(Span{range.start, range.end});
    }
    return;
  }
  std::uint64_t at = range.start;
  bool is_resident = false;
  for (const std::uint64_t run : range.runs) {
    const std::uint64_t end = at + run * format::kPageBytes;
    if (is_resident && run > 0) visit(Span{at, end});
    at = end;
    is_resident = !is_resident;
  }
}

bool IsAllocatorsFile(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const char* known : {"libjemalloc", "libtcmalloc", "libmimalloc"}) {
    if (name.starts_with(known)) return true;
  }
  return false;
}

class Splitter {
 public:
  Splitter(const model::Trace& trace, std::size_t reading, bool in_detail)
      : trace_(trace),
        reading_(trace.memory.at(reading)),
        heap_(ChunkSizes(reading_.allocator, trace.block_sizes), in_detail) {
    split_.reading = reading;
    split_.time_ns = reading_.time_ns;
    FindBeginning();
  }

  ProcessSplit Split(LiveBlocks& blocks, const Mappings& mappings) {
    mappings.ForEachPiece([this](std::uint64_t start, std::uint64_t end, model::NodeId node) {
      pieces_.push_back({{start, end}, node, ZoneOf(node)});
    });
    TakeBlocks(blocks);
    for (const model::MemoryRange& range : reading_.ranges) TakeRange(range);
    heap_.AddTo(&split_);
    FillMapped();
    return std::move(split_);
  }

 private:
  // What was there before the program ran: the dynamic linker's, or the parent's.
  void FindBeginning() {
    const model::MemoryReading& first = trace_.memory.front();
    if (first.reason != format::CheckpointReason::kStart) return;
    for (const model::MemoryRange& range : first.ranges) {
      const bool is_heap = range.kind == MemoryKind::kBreak || range.kind == MemoryKind::kArena;
      if (range.kind != MemoryKind::kAnonymous && !(is_heap && first.is_forked)) continue;
      ForEachStretch(range, [this](const Span& stretch) { beginning_.push_back(stretch); });
    }
  }

  Zone ZoneOf(model::NodeId node) const {
    const model::Site& site = trace_.sites.at(node);
    if (site.kind == format::AllocKind::kPythonArena) return Zone::kPython;
    const bool is_allocators =
        site.module < trace_.modules.size() && IsAllocatorsFile(trace_.modules[site.module].path);
    return is_allocators ? Zone::kHeap : Zone::kMapped;
  }

  // A mapping in which malloc's blocks live is an allocator's.
  void TakeBlocks(LiveBlocks& blocks) {
    blocks.ForEachLive([this](std::uint64_t address, std::uint64_t size, model::NodeId node) {
      Piece* piece = PieceAt(address);
      if (piece != nullptr && piece->zone == Zone::kPython) {
        split_.python_live_bytes += size;
        return;
      }
      if (piece != nullptr && piece->zone == Zone::kMapped) piece->zone = Zone::kHeap;
      heap_.AddBlock(address, size, node);
    });
    heap_.Sort();
  }

  Piece* PieceAt(std::uint64_t address) {
    auto behind = std::upper_bound(pieces_.begin(), pieces_.end(), address,
                                   [](std::uint64_t a, const Piece& piece) { return a < piece.span.start; });
    if (behind == pieces_.begin()) return nullptr;
    --behind;
    return address < behind->span.end ? &*behind : nullptr;
  }

  void TakeRange(const model::MemoryRange& range) {
    const bool is_whole = range.runs.empty() && range.resident_bytes == range.end - range.start;
    const bool is_file = range.kind == MemoryKind::kFile || range.kind == MemoryKind::kSmallFiles;
    if (is_file || (range.runs.empty() && !is_whole)) return TakeSum(range);
    if (range.kind == MemoryKind::kArena) ++split_.arenas;
    if (range.kind == MemoryKind::kBreak) break_end_ = EndOfBreak();
    ForEachStretch(range, [&](const Span& stretch) { TakeStretch(range, stretch); });
  }

  std::uint64_t EndOfBreak() const {
    std::uint64_t end = 0;
    for (const model::MemoryRange& range : reading_.ranges) {
      if (range.kind == MemoryKind::kBreak) end = std::max(end, range.end);
    }
    return end;
  }

  // Cuts a resident stretch at the pieces' ends.
  void TakeStretch(const model::MemoryRange& range, const Span& stretch) {
    auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), stretch.start,
                                  [](const Piece& p, std::uint64_t start) { return p.span.end <= start; });
    std::uint64_t at = stretch.start;
    for (; piece != pieces_.end() && piece->span.start < stretch.end; ++piece) {
      if (piece->span.start > at) TakeDefault(range, {at, piece->span.start});
      const Span part{std::max(at, piece->span.start), std::min(stretch.end, piece->span.end)};
      TakePiece(*piece, part);
      at = part.end;
    }
    if (at < stretch.end) TakeDefault(range, {at, stretch.end});
  }

  void TakePiece(const Piece& piece, const Span& part) {
    if (piece.zone == Zone::kHeap) {
      heap_.Sweep(part, {});
    } else if (piece.zone == Zone::kPython) {
      split_.parts.python_arenas += part.bytes();
    } else {
      resident_by_node_[piece.node] += part.bytes();
    }
  }

  // Memory that is in no mapping of the program's.
  void TakeDefault(const model::MemoryRange& range, const Span& part) {
    ProcessParts& parts = split_.parts;
    switch (range.kind) {
      case MemoryKind::kBreak:
      case MemoryKind::kArena:
        return TakeHeap(range, part);
      case MemoryKind::kAnonymous:
        return TakeAnonymous(part, &parts.unexplained);
      case MemoryKind::kThreadStack:
        return TakeAnonymous(part, &parts.stacks);
      default:
        *SumOf(range.kind) += part.bytes();
    }
  }

  std::uint64_t* SumOf(MemoryKind kind) {
    ProcessParts& parts = split_.parts;
    switch (kind) {
      case MemoryKind::kMainStack:
      case MemoryKind::kThreadStack:
        return &parts.stacks;
      case MemoryKind::kModuleData:
        return &parts.file_data;
      case MemoryKind::kOwn:
      case MemoryKind::kOwnFile:
        return &parts.memtrace;
      case MemoryKind::kFile:
      case MemoryKind::kSmallFiles:
        return &parts.files;
      case MemoryKind::kShared:
        return &parts.shared;
      default:
        return &parts.unexplained;
    }
  }

  // In a forked process free memory of the heap may hold blocks of its parent.
  void TakeHeap(const model::MemoryRange& range, const Span& part) {
    if (!reading_.is_forked) return SweepRegions(range, part);
    CutByBeginning(part, [&](const Span& piece, bool was_there) {
      if (was_there) {
        split_.parts.inherited += heap_.SweepBlocks(piece);
      } else {
        SweepRegions(range, piece);
      }
    });
  }

  // Neighbouring arenas without a gap make one range.
  void SweepRegions(const model::MemoryRange& range, const Span& part) {
    if (range.kind == MemoryKind::kBreak) return heap_.Sweep(part, {break_end_, false});
    for (std::uint64_t at = part.start; at < part.end;) {
      const std::uint64_t arena_end = (at / format::kArenaBytes + 1) * format::kArenaBytes;
      const std::uint64_t end = std::min(part.end, arena_end);
      heap_.Sweep({at, end}, {arena_end, true});
      at = end;
    }
  }

  // What blocks are in, what was there from the beginning, and `rest`. glibc gives large blocks pages of
  // their own. Other allocators may have mapped a piece of their heap before a call of the program could be
  // seen.
  void TakeAnonymous(const Span& part, std::uint64_t* rest) {
    const bool is_glibcs = reading_.allocator == ServingAllocator::kGlibc || reading_.is_forked;
    if (is_glibcs) return heap_.CutPagesOfBlocks(part, [&](const Span& piece) { TakeRest(piece, rest); });
    const Span heap = heap_.SpanOfBlocks(part);
    if (heap.bytes() == 0) return TakeRest(part, rest);
    TakeRest({part.start, heap.start}, rest);
    heap_.Sweep(heap, {});
    TakeRest({heap.end, part.end}, rest);
  }

  void TakeRest(const Span& part, std::uint64_t* rest) {
    CutByBeginning(part, [&](const Span& cut, bool was_there) {
      std::uint64_t* early = reading_.is_forked ? &split_.parts.inherited : &split_.parts.loader;
      *(was_there && rest != &split_.parts.stacks ? early : rest) += cut.bytes();
    });
  }

  template <typename Visit>
  void CutByBeginning(const Span& part, const Visit& visit) const {
    auto early = std::lower_bound(beginning_.begin(), beginning_.end(), part.start,
                                  [](const Span& span, std::uint64_t start) { return span.end <= start; });
    std::uint64_t at = part.start;
    for (; early != beginning_.end() && early->start < part.end; ++early) {
      if (early->start > at) visit(Span{at, early->start}, false);
      const Span cut{std::max(at, early->start), std::min(part.end, early->end)};
      visit(cut, true);
      at = cut.end;
    }
    if (at < part.end) visit(Span{at, part.end}, false);
  }

  // A file, or another range of which only sums are known: the program's mappings have their share by length.
  void TakeSum(const model::MemoryRange& range) {
    std::uint64_t left = range.resident_bytes;
    if (range.kind != MemoryKind::kSmallFiles && range.start < range.end) {
      auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), range.start,
                                    [](const Piece& p, std::uint64_t start) { return p.span.end <= start; });
      for (; piece != pieces_.end() && piece->span.start < range.end; ++piece) {
        const std::uint64_t common =
            std::min(range.end, piece->span.end) - std::max(range.start, piece->span.start);
        const double share = static_cast<double>(common) / static_cast<double>(range.end - range.start);
        const auto bytes =
            std::min(left, static_cast<std::uint64_t>(static_cast<double>(range.resident_bytes) * share));
        resident_by_node_[piece->node] += bytes;
        left -= bytes;
      }
    }
    const std::uint64_t copies = std::min(left, range.private_bytes);
    const bool is_file = range.kind == MemoryKind::kFile || range.kind == MemoryKind::kSmallFiles;
    if (is_file) split_.parts.file_data += copies;
    *SumOf(range.kind) += is_file ? left - copies : left;
  }

  void FillMapped() {
    std::map<model::NodeId, MappedSite> sites;
    for (const Piece& piece : pieces_) {
      if (piece.zone != Zone::kMapped) continue;
      sites[piece.node].bytes += piece.span.bytes();
    }
    for (const auto& [node, resident] : resident_by_node_) {
      sites[node].resident_bytes = resident;
      split_.parts.mapped += resident;
    }
    for (auto& [node, site] : sites) {
      site.node = node;
      split_.mapped.push_back(site);
    }
    std::stable_sort(split_.mapped.begin(), split_.mapped.end(),
                     [](const MappedSite& a, const MappedSite& b) {
                       return a.resident_bytes != b.resident_bytes ? a.resident_bytes > b.resident_bytes
                                                                   : a.bytes > b.bytes;
                     });
  }

  const model::Trace& trace_;
  const model::MemoryReading& reading_;
  HeapSweep heap_;
  std::uint64_t break_end_ = 0;
  std::vector<Piece> pieces_;    // by start
  std::vector<Span> beginning_;  // resident at the first reading, ascending
  std::map<model::NodeId, std::uint64_t> resident_by_node_;
  ProcessSplit split_;
};

// A thread's reading at a mark comes before its next mark. On a busy machine much time may pass until then,
// and another reading be nearer, from before the mark.
std::optional<std::size_t> ReadingOfMark(const model::Trace& trace, const model::Mark& mark) {
  std::uint64_t until_ns = ~0ULL;
  for (const model::Mark& other : trace.marks) {
    if (other.thread == mark.thread && other.time_ns > mark.time_ns)
      until_ns = std::min(until_ns, other.time_ns);
  }
  for (std::size_t i = 0; i < trace.memory.size(); ++i) {
    const model::MemoryReading& reading = trace.memory[i];
    const bool is_then = reading.time_ns >= mark.time_ns && reading.time_ns < until_ns;
    if (is_then && reading.reason == format::CheckpointReason::kMark && reading.thread == mark.thread)
      return i;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::size_t> HighestAndLastReading(const model::Trace& trace) {
  if (trace.memory.empty()) return {};
  const auto resident = [](const model::MemoryReading& reading) {
    return reading.resident == format::kUnknown ? 0 : reading.resident;
  };
  std::uint64_t most = 0;
  for (const model::MemoryReading& reading : trace.memory) most = std::max(most, resident(reading));
  std::size_t highest = 0;
  while (resident(trace.memory[highest]) < most - most / 100) ++highest;
  const std::size_t last = trace.memory.size() - 1;
  return highest == last ? std::vector{last} : std::vector{highest, last};
}

std::optional<std::size_t> ReadingFor(const model::Trace& trace, std::uint64_t time_ns) {
  for (const model::Mark& mark : trace.marks) {
    if (mark.time_ns != time_ns) continue;
    if (const auto own = ReadingOfMark(trace, mark)) return own;
  }
  std::optional<std::size_t> nearest;
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < trace.memory.size(); ++i) {
    const std::uint64_t at = trace.memory[i].time_ns;
    const std::uint64_t distance = std::max(at, time_ns) - std::min(at, time_ns);
    if (nearest && distance >= least) continue;
    nearest = i;
    least = distance;
  }
  return nearest;
}

ProcessMemoryWatch::ProcessMemoryWatch(const model::Trace& trace, std::vector<std::size_t> readings,
                                       bool in_detail)
    : trace_(trace), readings_(std::move(readings)), in_detail_(in_detail) {
  std::sort(readings_.begin(), readings_.end());
}

const ProcessSplit& ProcessMemoryWatch::SplitOf(std::size_t reading) const {
  return *std::find_if(splits_.begin(), splits_.end(),
                       [reading](const ProcessSplit& split) { return split.reading == reading; });
}

void ProcessMemoryWatch::At(std::size_t reading, LiveBlocks& blocks, const Mappings& mappings) {
  splits_.push_back(Splitter(trace_, reading, in_detail_).Split(blocks, mappings));
}

}  // namespace memtrace::aggregate
