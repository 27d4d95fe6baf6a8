// SPDX-License-Identifier: MIT
// Time: the TSC for events (3 to 6 ns, the same on all cores of a machine that memtrace supports), the
// monotonic clock for telling how long a tick is.
#pragma once

#include <cpuid.h>
#include <time.h>
#include <x86intrin.h>

#include <cstdint>

#include "preload/base/syscalls.h"

namespace memtrace::preload {

// One tick is 2^kTickShift TSC cycles: 64 cycles, about 25 ns. Finer time is mostly noise that does not compress: at 16
// cycles traces of real programs are 6 to 50 % larger. It still tells a free from the malloc that gets the same
// address on another core: what lies between the two stamps takes longer. Ties are for the reader to settle.
inline constexpr unsigned kTickShift = 6;

inline std::uint64_t NowTicks() { return __rdtsc() >> kTickShift; }

inline std::uint64_t ClockNs(int clock) {
  timespec now{};
  sys::Call(SYS_clock_gettime, clock, sys::AsLong(&now));
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t MonotonicNs() { return ClockNs(CLOCK_MONOTONIC); }
inline std::uint64_t RealtimeNs() { return ClockNs(CLOCK_REALTIME); }
// Of the calling thread: what others take from it does not count.
inline std::uint64_t ThreadCpuNs() { return ClockNs(CLOCK_THREAD_CPUTIME_ID); }

// From CPUID leaf 0x15 (Intel SDM vol. 2, CPUID: crystal frequency times the TSC ratio); 0 if the CPU does not
// say. Only a fall-back: readings of both clocks are in the trace.
inline std::uint64_t NominalTicksPerSecond() {
  unsigned denominator = 0, numerator = 0, crystal_hz = 0, unused = 0;
  if (__get_cpuid(0x15, &denominator, &numerator, &crystal_hz, &unused) == 0) return 0;
  if (denominator == 0 || numerator == 0 || crystal_hz == 0) return 0;
  return (static_cast<std::uint64_t>(crystal_hz) * numerator / denominator) >> kTickShift;
}

}  // namespace memtrace::preload
