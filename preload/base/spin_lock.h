// SPDX-License-Identifier: MIT
// A spin lock for the slow paths: taken once in thousands of events, held for nanoseconds. Never taken on the hook
// path. A signal handler cannot meet a lock of its own thread: the recorder's guard turns it away before.
// Zero means unlocked, so one that lies in fork-local memory is free in a forked child.
#pragma once

#include <sched.h>
#include <x86intrin.h>

#include <atomic>

#include "preload/base/syscalls.h"

namespace memtrace::preload {

class SpinLock {
 public:
  void Lock() {
    for (unsigned spins = 0; locked_.exchange(true, std::memory_order_acquire); ++spins) {
      if (spins % 128 == 127) sys::Call(SYS_sched_yield);
      _mm_pause();
    }
  }
  void Unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_;
};

class SpinLockHolder {
 public:
  explicit SpinLockHolder(SpinLock& lock) : lock_(lock) { lock_.Lock(); }
  ~SpinLockHolder() { lock_.Unlock(); }
  SpinLockHolder(const SpinLockHolder&) = delete;
  SpinLockHolder& operator=(const SpinLockHolder&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace memtrace::preload
