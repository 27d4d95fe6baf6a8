// SPDX-License-Identifier: MIT
// Where each thread's events are: one segment a window, in the order the thread filled them.
//
//     thread 0   [seq 0: chunk at 70000][seq 1: chunk at 93184][seq 2: window copy]
//     thread 1   [seq 0: window copy]
//
// The same (thread, sequence) may be in a chunk and still in its window: the chunk counts if its checksum
// holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/reader/chunk_scan.h"
#include "analyzer/reader/window_copies.h"

namespace memtrace::reader {

struct Segment {
  std::uint64_t sequence = 0;
  std::uint64_t base_ticks = 0;
  std::uint64_t offset = 0;    // of the chunk; damage is reported there
  std::uint64_t checksum = 0;  // of the stored bytes
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;
  format::Codec codec = format::Codec::kRaw;
  const WindowCopy* window = nullptr;  // not null: the bytes are there, not in the file
  // Of windows in a packed events chunk, which share `offset` and `checksum`: where in it the bytes begin.
  bool is_packed = false;
  std::uint32_t packed_offset = 0;
};

struct ThreadSegments {
  std::uint32_t thread = 0;
  std::vector<Segment> segments;  // by sequence, each one once
};

// What surrounds the choice of segments.
struct SegmentRules {
  std::uint32_t thread_limit = 0;     // ordinals from here on are damage
  std::uint64_t limit_ticks = ~0ULL;  // windows begun after this are left out
  Unfinished unfinished = Unfinished::kDamage;
};

struct SegmentSet {
  std::vector<ThreadSegments> threads;  // by ordinal; only threads that have events
  std::uint64_t missing_windows = 0;
};

// `windows` must outlive the result. Looks at headers, and at checksums only where two sources compete.
SegmentSet CollectSegments(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                           const std::vector<WindowCopy>& windows, const SegmentRules& rules,
                           DamageLog* damage);

}  // namespace memtrace::reader
