// SPDX-License-Identifier: MIT
// Reads of stack memory that may not be there: coroutine stacks, alternate signal stacks, guessed frames.
//
//   low ├────── the thread's own stack, found readable ──────┤ high      read directly
//   elsewhere: one probe a page, remembered for this walk only            then read directly
//
// The probe is rt_sigprocmask with an operation that does not exist: the kernel copies the new mask in first,
// so EFAULT means unreadable and EINVAL readable, and nothing is changed. Every sandbox allows this call.
#pragma once

#include <cerrno>
#include <cstdint>

#include "preload/base/syscalls.h"

namespace memtrace::preload {

inline constexpr std::uintptr_t kStackPageBytes = 4096;

// Whether the eight bytes at a multiple of eight can be read. Address 0 would mean "no mask" to the kernel.
inline bool IsReadable(std::uintptr_t address) {
  constexpr long kNoSuchOperation = -1;
  constexpr long kKernelSignalSetBytes = 8;
  if (address == 0) return false;
  return sys::Call(SYS_rt_sigprocmask, kNoSuchOperation, static_cast<long>(address), 0,
                   kKernelSignalSetBytes) != -EFAULT;
}

class StackMemory {
 public:
  StackMemory(std::uintptr_t low, std::uintptr_t high) : low_(low), high_(high) {}

  bool Read(std::uintptr_t address, std::uint64_t& value) {
    const bool in_own_stack = address >= low_ && address < high_ && high_ - address >= sizeof value;
    if (!in_own_stack && !ReadableElsewhere(address)) return false;
    __builtin_memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return true;
  }

 private:
  bool ReadableElsewhere(std::uintptr_t address) {
    if (address >> 47 != 0) return false;
    return ReadablePage(address / kStackPageBytes) && ReadablePage((address + 7) / kStackPageBytes);
  }
  bool ReadablePage(std::uintptr_t page) {
    if (page == last_page_) return true;
    if (!IsReadable(page * kStackPageBytes)) return false;
    last_page_ = page;
    return true;
  }

  std::uintptr_t low_;
  std::uintptr_t high_;
  std::uintptr_t last_page_ = ~std::uintptr_t{0};  // none yet
};

}  // namespace memtrace::preload
