// SPDX-License-Identifier: MIT
// System calls without libc: no errno, no cancellation point, no hook of ours on the way.
// Each returns the kernel's answer: a value, or a negative errno.
#pragma once

#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

namespace memtrace::sys {

inline long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline bool IsError(long result) { return result < 0 && result >= -4095; }

template <typename T>
long AsLong(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

}  // namespace memtrace::sys
