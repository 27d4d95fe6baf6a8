// SPDX-License-Identifier: MIT
#include "preload/base/shared_clock.h"

#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

constexpr int kSharing = 32;

// The kernel's coarse clock, turned by hand.
timespec g_coarse_now{};
int CoarseByHand(clockid_t, timespec* now) {
  *now = g_coarse_now;
  return 0;
}

class SharedClockTest : public testing::Test {
 protected:
  void SetUp() override {
    g_coarse_now = {.tv_sec = 5, .tv_nsec = 4'000'000};
    g_coarse_clock = CoarseByHand;
  }
  void TearDown() override { g_coarse_clock = nullptr; }

  // How many of the next `events` had a time of their own.
  int OwnTimes(int events) {
    int own = 0;
    for (int i = 0; i < events; ++i) {
      if (clock_.Shares()) continue;
      clock_.Read();
      ++own;
    }
    return own;
  }
  // As fast as a thread can be, until nothing comes between two readings: then the next event shares the last
  // one.
  void ShareOnce() {
    for (int tries = 0; tries < 1'000'000; ++tries) {
      clock_.Read();
      if (clock_.Shares()) return;
    }
    FAIL() << "never two readings within a microsecond";
  }
  static void Wait(std::uint64_t ticks) {
    const std::uint64_t start = NowTicks();
    while (NowTicks() - start < ticks) {
    }
  }

  SharedClock clock_{};
};

TEST_F(SharedClockTest, TheFirstEventHasItsOwnTime) {
  EXPECT_FALSE(clock_.Shares());
}

TEST_F(SharedClockTest, WithoutACoarseClockAllHaveTheirOwn) {
  g_coarse_clock = nullptr;
  EXPECT_EQ(OwnTimes(100), 100);
}

TEST_F(SharedClockTest, OneReadingForAtMost32Events) {
  ShareOnce();
  EXPECT_EQ(OwnTimes(kSharing - 2), 0);
  EXPECT_FALSE(clock_.Shares());
}

TEST_F(SharedClockTest, AfterAPauseTheClockIsRead) {
  ShareOnce();
  g_coarse_now.tv_nsec += 4'000'000;
  EXPECT_FALSE(clock_.Shares());
  ShareOnce();
  g_coarse_now = {.tv_sec = 6, .tv_nsec = g_coarse_now.tv_nsec};
  EXPECT_FALSE(clock_.Shares()) << "the same fraction of another second";
}

TEST_F(SharedClockTest, AfterAResetTheClockIsRead) {
  ShareOnce();
  clock_.Reset();
  EXPECT_FALSE(clock_.Shares());
}

TEST_F(SharedClockTest, AThreadThatHasFewEventsDoesNotShare) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(clock_.Shares());
    clock_.Read();
    Wait(1000);
  }
}

TEST_F(SharedClockTest, ReadingsGoForward) {
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t now = clock_.Read();
    EXPECT_GE(now, last);
    last = now;
  }
}

// The real one, as at load.
TEST_F(SharedClockTest, TheVdsoIsAsked) {
  g_coarse_clock = nullptr;
  FindCoarseClock();
  if (g_coarse_clock == nullptr) GTEST_SKIP() << "no vDSO here, as under valgrind";
  timespec now{};
  timespec by_call{};
  ASSERT_EQ(g_coarse_clock(CLOCK_MONOTONIC_COARSE, &now), 0);
  ASSERT_EQ(clock_gettime(CLOCK_MONOTONIC, &by_call), 0);
  EXPECT_LE(now.tv_sec, by_call.tv_sec);
  EXPECT_GE(now.tv_sec, by_call.tv_sec - 1);
}

}  // namespace
}  // namespace memtrace::preload
