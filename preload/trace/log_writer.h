// SPDX-License-Identifier: MIT
// Writes the log: the rare facts of a recording (modules, threads, marks, checkpoints), in mapped chunks that
// survive a kill.
//
//     │ ChunkHeader │ LogHeader used_bytes │ record │ record │ … zero …
//                                            size_bytes is stored last: what is not complete reads as 0
//
// Room is taken by fetch_add, without a lock; only a new chunk is waited for. Thread-safe. Each call costs well under a microsecond unless a new
// chunk is due. Lives in memory that is zero in a forked child.
#pragma once

#include <atomic>
#include <cstddef>

#include "memtrace/trace_format.h"
#include "preload/base/clock.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

inline constexpr std::size_t kFirstLogBytes = 16 * 1024;  // enough for the modules of a usual program
inline constexpr std::size_t kLogBytes = 64 * 1024;

struct Bytes {
  const void* data;
  std::size_t size;
};

class LogWriter {
 public:
  bool Init(TraceFile* file);

  // Appends a record made of up to four parts. False if there is no room and no more can be had.
  // A large one gets a chunk as large.
  bool Append(format::LogType type, std::uint64_t ticks, Bytes fixed, Bytes first = {}, Bytes second = {},
              Bytes third = {});

  template <typename Payload>
  bool Append(format::LogType type, const Payload& payload, Bytes first = {}, Bytes second = {}, Bytes third = {}) {
    return Append(type, NowTicks(), Bytes{&payload, sizeof(payload)}, first, second, third);
  }

 private:
  format::ChunkHeader* Grow(format::ChunkHeader* full, std::size_t record_bytes);

  TraceFile* file_;
  std::atomic<format::ChunkHeader*> chunk_;
  std::atomic<std::uint32_t> growing_tid_;  // the thread that maps the next chunk; 0: none
};

}  // namespace memtrace::preload
