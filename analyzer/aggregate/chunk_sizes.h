// SPDX-License-Identifier: MIT
// What a block takes of its allocator's memory, by the allocator's published rules.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "memtrace/trace_format.h"

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

// Bytes from the block's first byte that are its own, `size_bytes` of them asked for. The rules of other
// allocators are not known here: what they round up shows as free memory.
constexpr std::uint64_t OwnedBytes(format::ServingAllocator allocator, std::uint64_t size_bytes) {
  switch (allocator) {
    case format::ServingAllocator::kGlibc:
      return GlibcChunkBytes(size_bytes) - kGlibcHeaderBytes;
    case format::ServingAllocator::kJemalloc:
      return JemallocClassBytes(size_bytes);
    default:
      return size_bytes;
  }
}

// In front of its first byte.
constexpr std::uint64_t HeaderBytes(format::ServingAllocator allocator) {
  return allocator == format::ServingAllocator::kGlibc ? kGlibcHeaderBytes : 0;
}

}  // namespace memtrace::aggregate
