// SPDX-License-Identifier: MIT
// The sizes in which the serving allocator hands out blocks, for the log (format::LogBlockSizes): what it rounds up
// is its overhead, not free memory. tcmalloc and mimalloc tell without allocating:
//
//     ask(1) = 8, ask(9) = 16, ask(17) = 32, ...      →  8, 16, 32, 48, ..., 262144, then every 8192
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/trace/log_writer.h"

namespace memtrace::preload {

// What a block of that size takes, as nallocx(3) tells; `flags` are 0.
using BlockSizeFunction = std::size_t (*)(std::size_t bytes, int flags);

// Zero-initialised: nothing is known. Not thread-safe.
class BlockSizes {
 public:
  // Asks for one size after another, up to half a MiB; some hundred calls. An allocator whose answers make no sense
  // is as one that was not asked.
  void Ask(format::ServingAllocator allocator, BlockSizeFunction function);

  // Appends what is known, if something is.
  void AppendTo(LogWriter& log) const;

 private:
  static constexpr std::size_t kMaxBodyBytes = 1600;

  format::LogBlockSizes head_{};
  std::size_t body_bytes_ = 0;
  std::uint8_t body_[kMaxBodyBytes] = {};
};

}  // namespace memtrace::preload
