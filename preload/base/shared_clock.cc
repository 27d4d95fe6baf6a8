// SPDX-License-Identifier: MIT
#include "preload/base/shared_clock.h"

#include <dlfcn.h>

namespace memtrace::preload {

constinit ClockFunction g_coarse_clock = nullptr;

void FindCoarseClock() {
  void* vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  void* found = vdso == nullptr ? nullptr : dlsym(vdso, "__vdso_clock_gettime");
  dlerror();  // a failure of ours is nothing that the program should be told
  timespec now{};
  const auto function = reinterpret_cast<ClockFunction>(found);
  if (function != nullptr && function(CLOCK_MONOTONIC_COARSE, &now) == 0) g_coarse_clock = function;
}

std::uint64_t SharedClock::Read() {
  const std::uint64_t now = NowTicks();
  if (g_coarse_clock == nullptr) return now;
  const std::uint64_t events = std::uint64_t{granted_ - left_} + 1;
  granted_ = now - read_ticks_ <= events * kTicksPerEvent ? kSharing - 1 : 0;
  left_ = granted_;
  if (left_ != 0) coarse_ = CoarseNow();
  read_ticks_ = now;
  return now;
}

}  // namespace memtrace::preload
