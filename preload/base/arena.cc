// SPDX-License-Identifier: MIT
#include "preload/base/arena.h"

#include <sys/mman.h>

#include <atomic>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr std::size_t kPageBytes = 4096;
constinit std::atomic<std::uint64_t> g_private_bytes{0};

std::size_t RoundToPage(std::size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

}  // namespace

void* MapPrivate(std::size_t bytes) {
  bytes = RoundToPage(bytes);
  const long result = sys::Call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (sys::IsError(result)) return nullptr;
  g_private_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return reinterpret_cast<void*>(result);
}

void UnmapPrivate(void* address, std::size_t bytes) {
  bytes = RoundToPage(bytes);
  sys::Call(SYS_munmap, sys::AsLong(address), static_cast<long>(bytes));
  g_private_bytes.fetch_sub(bytes, std::memory_order_relaxed);
}

std::uint64_t OwnPrivateBytes() { return g_private_bytes.load(std::memory_order_relaxed); }

}  // namespace memtrace::preload
