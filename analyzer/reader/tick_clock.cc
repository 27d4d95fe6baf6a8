// SPDX-License-Identifier: MIT
// TickClock: choice of the rate and fixed-point conversion both ways.
#include "analyzer/reader/tick_clock.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace memtrace::reader {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kMaxTime = std::numeric_limits<std::uint64_t>::max();

// Rates outside of this are damage, not clocks: a tick is between a fiftieth of a nanosecond and 100 µs.
constexpr double kSlowestTicksPerSecond = 1e4;
constexpr double kFastestTicksPerSecond = 5e10;

// Each reading is off by up to some 100 ns (an interrupt between the two clocks). Over 2 ms that is less than
// what a nominal rate is wrong by.
constexpr std::uint64_t kGoodIntervalNs = 2'000'000;

// Nothing known at all: take ticks for nanoseconds.
constexpr double kGuessedTicksPerSecond = 1e9;

bool IsPlausible(double rate) {
  return rate >= kSlowestTicksPerSecond && rate <= kFastestTicksPerSecond;
}

std::optional<double> MeasuredRate(ClockReading start, ClockReading latest, std::uint64_t shortest_ns) {
  if (latest.ticks <= start.ticks || latest.monotonic_ns <= start.monotonic_ns) return std::nullopt;
  const std::uint64_t elapsed_ns = latest.monotonic_ns - start.monotonic_ns;
  if (elapsed_ns < shortest_ns) return std::nullopt;
  const double rate = static_cast<double>(latest.ticks - start.ticks) * 1e9 / static_cast<double>(elapsed_ns);
  if (!IsPlausible(rate)) return std::nullopt;
  return rate;
}

double ChooseRate(ClockReading start, ClockReading latest, std::uint64_t nominal) {
  if (const auto rate = MeasuredRate(start, latest, kGoodIntervalNs)) return *rate;
  if (IsPlausible(static_cast<double>(nominal))) return static_cast<double>(nominal);
  return MeasuredRate(start, latest, 1).value_or(kGuessedTicksPerSecond);
}

std::uint64_t Saturated(Wide value) {
  return value > kMaxTime ? kMaxTime : static_cast<std::uint64_t>(value);
}

}  // namespace

TickClock::TickClock(ClockReading start, ClockReading latest, std::uint64_t nominal_ticks_per_second)
    : start_ticks_(start.ticks) {
  const double rate = ChooseRate(start, latest, nominal_ticks_per_second);
  factor_ = static_cast<std::uint64_t>(1e9 / rate * static_cast<double>(1ULL << kFractionBits) + 0.5);
}

double TickClock::ticks_per_second() const {
  return 1e9 * static_cast<double>(1ULL << kFractionBits) / static_cast<double>(factor_);
}

std::uint64_t TickClock::Ns(std::uint64_t ticks) const {
  if (ticks <= start_ticks_) return 0;
  return Saturated((Wide{ticks - start_ticks_} * factor_) >> kFractionBits);
}

std::uint64_t TickClock::LastTickAt(std::uint64_t time_ns) const {
  // Ns(t) <= time_ns  <=>  (t - start) * factor < (time_ns + 1) << bits
  const Wide delta = (((Wide{time_ns} + 1) << kFractionBits) - 1) / factor_;
  return Saturated(delta + start_ticks_);
}

std::uint64_t TickClock::TicksIn(std::uint64_t duration_ns) const {
  return std::max<std::uint64_t>(1, Saturated((Wide{duration_ns} << kFractionBits) / factor_));
}

}  // namespace memtrace::reader
