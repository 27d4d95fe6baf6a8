// SPDX-License-Identifier: MIT
#include "preload/base/arena.h"

#include <sys/mman.h>

#include <atomic>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr std::size_t kPageBytes = 4096;
constinit std::atomic<std::uint64_t> g_private_bytes{0};

// Where each mapping is; start 0: a free place. All places from g_ranges_used on have never been used.
struct RangePlace {
  std::atomic<std::uintptr_t> start;
  std::atomic<std::uintptr_t> end;
};
constinit RangePlace g_ranges[kMaxOwnRanges]{};
constinit std::atomic<std::size_t> g_ranges_used{0};

bool TakePlace(RangePlace& place, std::uintptr_t start, std::uintptr_t end) {
  std::uintptr_t nobody = 0;
  if (!place.start.compare_exchange_strong(nobody, start, std::memory_order_relaxed)) return false;
  place.end.store(end, std::memory_order_relaxed);
  return true;
}

void Remember(std::uintptr_t start, std::uintptr_t end) {
  const std::size_t used = g_ranges_used.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < used && i < kMaxOwnRanges; ++i) {
    if (g_ranges[i].start.load(std::memory_order_relaxed) == 0 && TakePlace(g_ranges[i], start, end)) return;
  }
  for (;;) {
    const std::size_t fresh = g_ranges_used.fetch_add(1, std::memory_order_relaxed);
    if (fresh >= kMaxOwnRanges) {
      g_ranges_used.store(kMaxOwnRanges, std::memory_order_relaxed);
      return;
    }
    if (TakePlace(g_ranges[fresh], start, end)) return;
  }
}

void Forget(std::uintptr_t start) {
  const std::size_t used = g_ranges_used.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < used && i < kMaxOwnRanges; ++i) {
    if (g_ranges[i].start.load(std::memory_order_relaxed) != start) continue;
    g_ranges[i].end.store(0, std::memory_order_relaxed);
    g_ranges[i].start.store(0, std::memory_order_relaxed);
    return;
  }
}

std::size_t RoundToPage(std::size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

}  // namespace

void* MapPrivate(std::size_t bytes) {
  bytes = RoundToPage(bytes);
  const long result = sys::Call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (sys::IsError(result)) return nullptr;
  g_private_bytes.fetch_add(bytes, std::memory_order_relaxed);
  Remember(static_cast<std::uintptr_t>(result), static_cast<std::uintptr_t>(result) + bytes);
  return reinterpret_cast<void*>(result);
}

void UnmapPrivate(void* address, std::size_t bytes) {
  bytes = RoundToPage(bytes);
  Forget(reinterpret_cast<std::uintptr_t>(address));
  sys::Call(SYS_munmap, sys::AsLong(address), static_cast<long>(bytes));
  g_private_bytes.fetch_sub(bytes, std::memory_order_relaxed);
}

void DropPrivate(void* address, std::size_t bytes) {
  sys::Call(SYS_madvise, sys::AsLong(address), static_cast<long>(bytes), MADV_DONTNEED);
  g_private_bytes.fetch_sub(bytes, std::memory_order_relaxed);
}

std::uint64_t OwnPrivateBytes() { return g_private_bytes.load(std::memory_order_relaxed); }

std::size_t OwnRanges(OwnRange* out) {
  const std::size_t used = g_ranges_used.load(std::memory_order_relaxed);
  std::size_t count = 0;
  for (std::size_t i = 0; i < used && i < kMaxOwnRanges; ++i) {
    const OwnRange range{g_ranges[i].start.load(std::memory_order_relaxed),
                         g_ranges[i].end.load(std::memory_order_relaxed)};
    if (range.start < range.end) out[count++] = range;
  }
  return count;
}

}  // namespace memtrace::preload
