// SPDX-License-Identifier: MIT
// Times split into hours, minutes, seconds and hundredths.
#include "analyzer/util/time_format.h"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace memtrace {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

TEST(FormatTime, WritesMinutesAndHundredths) {
  EXPECT_EQ(FormatTime(0), "00:00.00");
  EXPECT_EQ(FormatTime(7'414'999'999), "00:07.41");
  EXPECT_EQ(FormatTime(7'415'000'000), "00:07.42");
  EXPECT_EQ(FormatTime(12'900'000'000), "00:12.90");
}

TEST(FormatTime, RoundsUpIntoTheNextMinuteAndHour) {
  EXPECT_EQ(FormatTime(59'999'999'999), "01:00.00");
  EXPECT_EQ(FormatTime(3600 * kSecondNs - 1), "1:00:00.00");
}

TEST(FormatTime, WritesHoursOfLongRecordings) {
  EXPECT_EQ(FormatTime(3727 * kSecondNs), "1:02:07.00");
  EXPECT_EQ(FormatTime(100 * 3600 * kSecondNs), "100:00:00.00");
}

TEST(FormatWallClock, UsesTheLocalTimeZone) {
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_EQ(FormatWallClock(1'700'000'000 * kSecondNs), "2023-11-14 22:13:20");
}

}  // namespace
}  // namespace memtrace
