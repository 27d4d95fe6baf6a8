// SPDX-License-Identifier: MIT
// Trace ticks → nanoseconds since the start of recording, from two readings of both clocks.
//
//     monotonic ns  │            ·latest reading
//                   │        ·             ns(t) = (t - start_ticks) * factor / 2^40
//                   │    ·                 factor: from the readings if they lie far enough apart, else from
//                   the └·───────────── ticks  nominal rate (CPUID), else from the readings anyway, else a
//                   guess
#pragma once

#include <cstdint>

namespace memtrace::reader {

struct ClockReading {
  std::uint64_t ticks = 0;
  std::uint64_t monotonic_ns = 0;
};

// A value: copy it freely. Conversion never overflows (128-bit inside, saturated at 2^64-1) and is monotonic.
class TickClock {
 public:
  TickClock() = default;
  TickClock(ClockReading start, ClockReading latest, std::uint64_t nominal_ticks_per_second);

  double ticks_per_second() const;

  // 0 for ticks before the start.
  std::uint64_t Ns(std::uint64_t ticks) const;

  // The last tick whose Ns() is not above `time_ns`: events up to and with it have happened by then.
  std::uint64_t LastTickAt(std::uint64_t time_ns) const;

  // As many ticks as fit into a duration, at least 1.
  std::uint64_t TicksIn(std::uint64_t duration_ns) const;

 private:
  static constexpr unsigned kFractionBits = 40;

  std::uint64_t start_ticks_ = 0;
  std::uint64_t factor_ = 1ULL << kFractionBits;  // nanoseconds a tick, fixed point; never 0
};

}  // namespace memtrace::reader
