// SPDX-License-Identifier: MIT
// Consistent copies of the windows that threads write their events into, also while they do so.
//
//     writer (preload/buffer/window_pool.cc)         reader (here)
//     version odd │ new owner, used = 0 │ even       header, bytes up to `used`, header again:
//     event bytes, then used_bytes                   both even and equal → the bytes belong together
//
// A writer killed between odd and even was taking the window over: its old content is in an events chunk by
// then.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/reader/chunk_scan.h"

namespace memtrace::reader {

struct WindowCopy {
  std::uint64_t offset = 0;  // of the window's chunk
  std::uint32_t thread = 0;
  std::uint64_t sequence = 0;
  std::uint64_t base_ticks = 0;
  std::vector<std::uint8_t> data;  // the events, then padding for EventDecoder
  std::size_t data_bytes = 0;      // without the padding
};

// Copies every window of `chunks` that is in use. Windows that claim more bytes than they have are damage; of
// one that the file's end cuts, the part that is there is copied.
std::vector<WindowCopy> CopyWindows(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                                    DamageLog* damage);

}  // namespace memtrace::reader
