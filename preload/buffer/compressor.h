// SPDX-License-Identifier: MIT
// Squeezes a full window with zstd level 1. libzstd is opened privately (RTLD_LOCAL), so that it cannot meet a
// program's own copy, and takes its memory from our arena; where it is missing, windows are stored raw.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/base/spin_lock.h"

namespace memtrace::preload {

// Opens libzstd once in the process. Takes the dynamic linker's lock: only from the library's constructor,
// never from a hook. Survives fork.
void OpenCompressionLibrary();

// A compressor in use: a zstd context and room for one window's output.
struct CompressorSlot {
  void* context;
  std::uint8_t* output;
  CompressorSlot* next;
};

// The slots that are not in use. Thread-safe. Lives in memory that is zero in a forked child.
class CompressorPool {
 public:
  // Null when there is no zstd or no memory: store raw.
  CompressorSlot* Acquire();
  void Release(CompressorSlot* slot);

 private:
  SpinLock lock_;
  CompressorSlot* free_;
};

// Compresses into slot->output. Returns the size, or 0 if it did not shrink.
std::size_t Compress(CompressorSlot* slot, const void* data, std::size_t size_bytes);

}  // namespace memtrace::preload
