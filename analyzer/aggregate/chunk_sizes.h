// SPDX-License-Identifier: MIT
// What a block takes of its allocator's memory, by the allocator's published rules or what it told of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "analyzer/model/trace.h"

namespace memtrace::aggregate {

// glibc, malloc.c, request2size: a size field of 8 bytes, multiples of 16, at least 32.
inline constexpr std::uint64_t kGlibcHeaderBytes = 8;

constexpr std::uint64_t GlibcChunkBytes(std::uint64_t size_bytes) {
  if (size_bytes > ~0ULL - 64) return size_bytes;
  return std::max<std::uint64_t>((size_bytes + kGlibcHeaderBytes + 15) & ~15ULL, 32);
}

// jemalloc(3), "Size classes": multiples of 16 to 128, then four to each doubling.
constexpr std::uint64_t JemallocClassBytes(std::uint64_t size_bytes) {
  if (size_bytes <= 8) return 8;
  if (size_bytes <= 128) return (size_bytes + 15) & ~15ULL;
  if (size_bytes > 1ULL << 62) return size_bytes;
  const unsigned log = static_cast<unsigned>(std::bit_width(size_bytes - 1)) - 1;
  const std::uint64_t step = 1ULL << (log - 2);
  return (size_bytes + step - 1) & ~(step - 1);
}

// What blocks take of the allocator that served a program. Refers to the sizes, which must outlive it.
class ChunkSizes {
 public:
  // `told`: what the allocator itself said; not looked at if it was another one.
  ChunkSizes(format::ServingAllocator allocator, const model::BlockSizes& told)
      : allocator_(allocator), told_(told.allocator == allocator && !told.bytes.empty() ? &told : nullptr) {}

  format::ServingAllocator allocator() const { return allocator_; }

  // Bytes from the block's first byte that are its own, `size_bytes` of them asked for. Where the rules are
  // not known what is rounded up shows as free memory.
  std::uint64_t OwnedBytes(std::uint64_t size_bytes) const {
    switch (allocator_) {
      case format::ServingAllocator::kGlibc:
        return GlibcChunkBytes(size_bytes) - kGlibcHeaderBytes;
      case format::ServingAllocator::kJemalloc:
        return JemallocClassBytes(size_bytes);
      default:
        return told_ != nullptr ? ToldBytes(size_bytes) : size_bytes;
    }
  }

  // In front of its first byte.
  std::uint64_t HeaderBytes() const {
    return allocator_ == format::ServingAllocator::kGlibc ? kGlibcHeaderBytes : 0;
  }

 private:
  std::uint64_t ToldBytes(std::uint64_t size_bytes) const {
    const auto size_class = std::lower_bound(told_->bytes.begin(), told_->bytes.end(), size_bytes);
    if (size_class != told_->bytes.end()) return *size_class;
    const std::uint64_t over = size_bytes % told_->step_bytes;
    const std::uint64_t rest = over == 0 ? 0 : told_->step_bytes - over;
    return size_bytes > ~0ULL - rest ? size_bytes : size_bytes + rest;
  }

  format::ServingAllocator allocator_;
  const model::BlockSizes* told_;  // null: nothing
};

}  // namespace memtrace::aggregate
