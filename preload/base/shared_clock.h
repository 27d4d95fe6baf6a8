// SPDX-License-Identifier: MIT
// One reading of the TSC for several events of a thread that has many. Reading it takes 8 to 12 ns on many
// machines, two of them a third of what a small Python object costs.
//
//     events      A     B B B B B … B     C          D E …
//     the pace    slow  faster than one a microsecond, or slow again
//     times       own   the first one's   own        own
//                       │              └── the kernel's coarse clock has gone on: a pause
//                       └── at most kSharing events
//
// So an event's time is that of an event at most 31 before it in its thread, on average a few hundred
// nanoseconds ago, and never from before the last tick of the kernel (1 to 10 ms; 4 on Debian). Their order
// is not touched: in a trace it is that of the bytes. Order between threads is: who uses this must know that
// no other thread handed out or took what the event is about since this thread's clock was read last.
#pragma once

#include <time.h>

#include <cstdint>

#include "preload/base/clock.h"

namespace memtrace::preload {

// The vDSO's clock_gettime: no system call, 3 to 4 ns for the coarse clock, async-signal-safe. Null: there is
// none.
using ClockFunction = int (*)(clockid_t clock, timespec* now);
extern constinit ClockFunction g_coarse_clock;

// From the library's constructor, when the dynamic linker may be asked.
void FindCoarseClock();

// Thread-safety: each thread has its own. All zero is a good start.
class SharedClock {
 public:
  // Whether the event has the time of the thread's last one; else it is Read's.
  [[gnu::always_inline]] bool Shares() {
    const bool shares = left_ != 0 && CoarseNow() == coarse_;
    left_ -= shares;
    return shares;
  }
  std::uint64_t Read();

  // The next event gets a time of its own: after marks, readings of process memory, another thread's events.
  void Reset() { left_ = 0; }

 private:
  static constexpr std::uint32_t kSharing = 32;
  // Sharing begins and goes on at this pace: 1 us at 2.6 GHz.
  static constexpr std::uint64_t kTicksPerEvent = 40;

  static std::uint64_t CoarseNow() {
    timespec now;
    g_coarse_clock(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) << 30 ^ static_cast<std::uint64_t>(now.tv_nsec);
  }

  std::uint64_t coarse_;
  std::uint64_t read_ticks_;
  std::uint32_t granted_;  // events that may share the last reading, itself not counted
  std::uint32_t left_;     // of them
};

}  // namespace memtrace::preload
