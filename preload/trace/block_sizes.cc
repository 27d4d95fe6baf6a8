// SPDX-License-Identifier: MIT
#include "preload/trace/block_sizes.h"

#include "memtrace/varint.h"

namespace memtrace::preload {
namespace {

// Beyond it all known allocators round to pages of theirs.
constexpr std::size_t kLastAskedBytes = 512 * 1024;

}  // namespace

void BlockSizes::Ask(format::ServingAllocator allocator, BlockSizeFunction function) {
  head_ = {};
  body_bytes_ = 0;
  std::size_t last = 0;
  while (last < kLastAskedBytes) {
    const std::size_t size = function(last + 1, 0);
    const bool has_room = body_bytes_ + format::kMaxVarintBytes <= kMaxBodyBytes;
    if (size <= last || !has_room) {
      head_.count = 0;
      return;
    }
    head_.step_bytes = size - last;
    body_bytes_ = static_cast<std::size_t>(format::PutVarint(body_ + body_bytes_, size - last) - body_);
    ++head_.count;
    last = size;
  }
  head_.allocator = static_cast<std::uint32_t>(allocator);
}

void BlockSizes::AppendTo(LogWriter& log) const {
  if (head_.count == 0) return;
  log.Append(format::LogType::kBlockSizes, head_, Bytes{body_, body_bytes_});
}

}  // namespace memtrace::preload
