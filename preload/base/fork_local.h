// SPDX-License-Identifier: MIT
// Memory that the kernel gives to a forked child as zeros (MADV_WIPEONFORK, Linux 4.14).
//
// Why: everything that must not be shared with a child (the file, the windows, the threads' states) lies in
// such memory. A child then finds "not initialised" by itself, however it was made: fork, _Fork, clone, a raw
// system call. No fork hook, no lock to repair. A vfork child shares its parent's memory and is not wiped,
// which is right: what it allocates is in its parent's heap.
#pragma once

#include <cstddef>

#include "preload/base/arena.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {

inline void* MapForkLocal(std::size_t bytes) {
  constexpr long kWipeOnFork = 18;
  void* memory = MapPrivate(bytes);
  if (memory == nullptr) return nullptr;
  const long rounded = static_cast<long>((bytes + 4095) & ~std::size_t{4095});
  if (sys::Call(SYS_madvise, sys::AsLong(memory), rounded, kWipeOnFork) != 0) {
    UnmapPrivate(memory, bytes);
    return nullptr;
  }
  return memory;
}

}  // namespace memtrace::preload
