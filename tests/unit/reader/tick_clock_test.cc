// SPDX-License-Identifier: MIT
#include "analyzer/reader/tick_clock.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace memtrace::reader {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(TickClock, MeasuresTheRateBetweenTwoReadings) {
  const TickClock clock({1000, 5 * kSecond}, {1000 + 3 * kSecond, 6 * kSecond}, 0);
  EXPECT_NEAR(clock.ticks_per_second(), 3e9, 10);
  EXPECT_EQ(clock.Ns(1000), 0U);
  EXPECT_NEAR(static_cast<double>(clock.Ns(1000 + 3 * kSecond)), 1e9, 1);
}

TEST(TickClock, PrefersTheNominalRateToReadingsThatLieTooClose) {
  const TickClock clock({0, 0}, {500, 1000}, 2'000'000'000);  // the readings say 0.5e9
  EXPECT_NEAR(clock.ticks_per_second(), 2e9, 1);
}

TEST(TickClock, UsesCloseReadingsRatherThanNothing) {
  EXPECT_NEAR(TickClock({0, 0}, {500, 1000}, 0).ticks_per_second(), 5e8, 1);
}

TEST(TickClock, TakesTicksForNanosecondsWhenNothingIsKnown) {
  EXPECT_NEAR(TickClock({7, 7}, {7, 7}, 0).ticks_per_second(), 1e9, 1);
  EXPECT_EQ(TickClock().Ns(12), 12U);
}

TEST(TickClock, DoesNotBelieveReadingsThatNoClockGives) {
  EXPECT_NEAR(TickClock({0, 0}, {1, 10 * kSecond}, 3'000'000'000).ticks_per_second(), 3e9, 10);  // too slow
  EXPECT_NEAR(TickClock({0, 0}, {kMax, kSecond}, 3'000'000'000).ticks_per_second(), 3e9, 10);    // too fast
  EXPECT_NEAR(TickClock({9, kSecond}, {5, 2}, 3'000'000'000).ticks_per_second(), 3e9, 10);       // backwards
  EXPECT_NEAR(TickClock({0, 0}, {0, 0}, kMax).ticks_per_second(), 1e9, 1);  // nominal too
}

TEST(TickClock, ClampsBeforeTheStartAndNeverOverflows) {
  const TickClock slow({100, 0}, {100 + 20'000, kSecond}, 0);  // 50 µs a tick
  EXPECT_EQ(slow.Ns(0), 0U);
  EXPECT_EQ(slow.Ns(99), 0U);
  EXPECT_EQ(slow.Ns(kMax), kMax);
  EXPECT_EQ(slow.LastTickAt(kMax), kMax / 50'000 + 100);
  EXPECT_EQ(TickClock({0, 0}, {40 * kSecond, kSecond}, 0).LastTickAt(kMax), kMax);  // 40 ticks a nanosecond
}

// LastTickAt is the border: its tick is not after the time, the next one is.
TEST(TickClock, LastTickAtIsTheInverseOfNs) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t start = random() >> (random() % 40 + 2);
    const std::uint64_t rate = 20'000 + random() % 5'000'000'000;
    const TickClock clock({start, 0}, {start + rate, kSecond}, 0);
    const std::uint64_t time = random() >> (random() % 50 + 10);
    const std::uint64_t tick = clock.LastTickAt(time);
    ASSERT_LE(clock.Ns(tick), time);
    ASSERT_GT(clock.Ns(tick + 1), time);
    ASSERT_GE(clock.Ns(tick + 1), clock.Ns(tick));
  }
}

TEST(TickClock, ADurationIsAtLeastOneTick) {
  EXPECT_EQ(TickClock({0, 0}, {20'000, kSecond}, 0).TicksIn(10), 1U);
  EXPECT_EQ(TickClock().TicksIn(10'000), 10'000U);
}

}  // namespace
}  // namespace memtrace::reader
