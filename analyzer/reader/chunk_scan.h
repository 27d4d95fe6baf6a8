// SPDX-License-Identifier: MIT
// Walks a trace's chunks by their headers, over zeros and, where something is broken, to the next header that
// holds.
//
//     [header][chunk][chunk] 0 0 0 [chunk] x x x x x x [chunk] 0 0 0 0
//                            skipped       damage, then
//                                          the next header whose check is right
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/reader/damage_log.h"
#include "analyzer/reader/trace_file.h"
#include "memtrace/trace_format.h"

namespace memtrace::reader {

// A chunk whose header's check holds. What is inside is not looked at yet.
struct ChunkRef {
  format::ChunkKind kind;
  std::uint64_t offset;
  std::uint64_t size_bytes;    // as the header says
  std::uint64_t stored_bytes;  // of them in the file; fewer when the file ends inside the chunk

  bool is_cut() const { return stored_bytes < size_bytes; }
};

// How to take a place that should hold a header and has a zero instead of the magic: in a trace that was
// still being recorded it is a chunk that was about to be begun (the magic is stored last), otherwise it is
// damage.
enum class Unfinished { kExpected, kDamage };

// All chunks in file order. `damage` may be null (for a look at a file that is scanned again later).
std::vector<ChunkRef> ScanChunks(const TraceFile& file, std::uint64_t trace_id, Unfinished unfinished,
                                 DamageLog* damage);

}  // namespace memtrace::reader
