// SPDX-License-Identifier: MIT
// memtrace's own memory: anonymous mappings, counted. Nothing here calls malloc.
// Thread-safe; no locks. Returned memory is zero and page aligned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memtrace::preload {

// Null when the kernel has no memory for us; callers then stop recording, never the program.
// Pages count as used only once touched (MAP_NORESERVE), yet own_private_bytes counts them all.
void* MapPrivate(std::size_t bytes);
void UnmapPrivate(void* address, std::size_t bytes);
// Gives the pages back and keeps the addresses, which read as zero from then on. For memory that a late reader may still
// look at; it is not to be unmapped any more. Both must be multiples of a page, within one mapping.
void DropPrivate(void* address, std::size_t bytes);

// Bytes that MapPrivate has handed out and not got back.
std::uint64_t OwnPrivateBytes();

struct OwnRange {
  std::uintptr_t start;
  std::uintptr_t end;
};

// Where they lie, in no order: at most kMaxOwnRanges of them go into `out`, their number is returned. Beyond that
// number mappings are not remembered; a program with so many threads has them elsewhere in its sums.
inline constexpr std::size_t kMaxOwnRanges = 4096;
std::size_t OwnRanges(OwnRange* out);

// A zero-initialised array of `count` elements, or null.
template <typename T>
T* MapArray(std::size_t count) {
  return static_cast<T*>(MapPrivate(count * sizeof(T)));
}

}  // namespace memtrace::preload
