// SPDX-License-Identifier: MIT
// A consistent view of a trace file, which may be growing: its chunks and the windows' content at one moment.
//
//     time   ──── cut (TSC) ──── copy windows ──── scan chunks ────►
//                   │               a window that is stored between the two is found in both; one that was
//                   stored │               and taken over between two copies shows as a gap, and the round is
//                   repeated └ events stamped later are left out, so that no thread is seen further than the
//                   others
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/reader/chunk_scan.h"
#include "analyzer/reader/segments.h"
#include "analyzer/reader/tick_clock.h"
#include "analyzer/reader/window_copies.h"

namespace memtrace::reader {

struct Snapshot {
  format::FileHeader header{};  // read again where the recording ended meanwhile
  bool is_running = false;
  std::uint64_t limit_ticks = ~0ULL;
  std::uint32_t thread_limit = 0;
  std::vector<ChunkRef> chunks;
  std::vector<WindowCopy> windows;  // segments point into it
  SegmentSet segments;
  std::vector<model::Damage> damage;
};

// By pointer: it must not move, see windows.
std::unique_ptr<Snapshot> TakeSnapshot(TraceFile* file, const format::FileHeader& header);

// The first and latest readings that a header holds.
TickClock ClockOf(const format::FileHeader& header);

}  // namespace memtrace::reader
