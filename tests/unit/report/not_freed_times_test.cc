// SPDX-License-Identifier: MIT
// Which blocks survive, since when, and what counts as growth.
#include "analyzer/report/not_freed_times.h"

#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/format/trace_builder.h"

namespace memtrace::report {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

class NotFreedTimesTest : public ::testing::Test {
 protected:
  NotFreedTimesTest() { node_ = trace_.Node(0, 0x401000); }

  NotFreedTimes TimesAfter(std::uint64_t duration_ns) {
    trace_.Thread(0, 1, "app").Thread(1, 2, "other").End(duration_ns, format::EndReason::kExit, 0);
    std::string path = ::testing::TempDir() + "memtrace-times-XXXXXX";
    close(mkstemp(path.data()));
    trace_.WriteTo(path);
    Result<reader::TraceReader> reader = reader::TraceReader::Open(path);
    unlink(path.c_str());
    EXPECT_TRUE(reader.ok());
    return FindNotFreedTimes(*reader)[node_];
  }

  testing::TraceBuilder trace_;
  std::uint32_t node_ = 0;
};

TEST_F(NotFreedTimesTest, FreedBlocksHaveNone) {
  trace_.On(0).Alloc(10, 0x1000, 8, node_).Free(20, 0x1000);
  EXPECT_TRUE(TimesAfter(100).is_empty());
}

TEST_F(NotFreedTimesTest, KeepsFirstAndLast) {
  trace_.On(0).Alloc(10, 0x1000, 8, node_).Alloc(40, 0x2000, 8, node_).Alloc(70, 0x3000, 8, node_);
  trace_.On(1).Free(50, 0x1000);
  const NotFreedTimes times = TimesAfter(100);
  EXPECT_EQ(times.first_ns, 40U);
  EXPECT_EQ(times.last_ns, 70U);
}

TEST_F(NotFreedTimesTest, AFailedReallocKeepsTheBlockAndItsTime) {
  trace_.On(0).Alloc(10, 0x1000, 8, node_).ReallocBegin(20, 0x1000).ReallocCancel(21, 0x1000);
  EXPECT_EQ(TimesAfter(100).first_ns, 10U);
}

TEST_F(NotFreedTimesTest, AReallocatedBlockIsNew) {
  trace_.On(0).Alloc(10, 0x1000, 8, node_).ReallocBegin(20, 0x1000).Alloc(21, 0x2000, 16, node_);
  const NotFreedTimes times = TimesAfter(100);
  EXPECT_EQ(times.first_ns, 21U);
  EXPECT_EQ(times.last_ns, 21U);
}

NotFreedTimes BlocksAt(std::initializer_list<std::uint64_t> seconds, std::uint64_t duration_s) {
  NotFreedTimes times;
  for (const std::uint64_t second : seconds) times.Add(second * kSecondNs, duration_s * kSecondNs);
  return times;
}

TEST(IsGrowing, NeedsBlocksOfEveryQuarter) {
  EXPECT_TRUE(BlocksAt({1, 11, 21, 31, 32, 33, 34, 40}, 40).is_growing(40 * kSecondNs));
  EXPECT_FALSE(BlocksAt({1, 2, 3, 4, 5, 6, 7, 8}, 40).is_growing(40 * kSecondNs))
      << "a cache filled at the start";
  EXPECT_FALSE(BlocksAt({1, 11, 21, 31}, 40).is_growing(40 * kSecondNs)) << "too few to say";
}

TEST(IsGrowing, IsNotSaidOfShortRecordings) {
  NotFreedTimes times;
  for (std::uint64_t i = 0; i < 100; ++i) times.Add(i, 100);
  EXPECT_FALSE(times.is_growing(100));
}

TEST(TimesText, TellsOneMomentFromASpan) {
  EXPECT_EQ(TimesText({}, 1), "");
  EXPECT_EQ(TimesText(BlocksAt({2, 2}, 40), 40 * kSecondNs), "all at 00:02.00");
  EXPECT_EQ(TimesText(BlocksAt({2, 30}, 40), 40 * kSecondNs), "first 00:02.00, last 00:30.00");
}

}  // namespace
}  // namespace memtrace::report
