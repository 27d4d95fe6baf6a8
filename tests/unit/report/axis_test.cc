// SPDX-License-Identifier: MIT
// Labels of axes: round, few, and in one unit.
#include "analyzer/report/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/util/size_units.h"

namespace memtrace::report {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMs;

TEST(Axis, SizesAreRoundedUpToWhatPeopleWrite) {
  EXPECT_EQ(RoundSizeAbove(0), 1U);
  EXPECT_EQ(RoundSizeAbove(7), 8U);
  EXPECT_EQ(RoundSizeAbove(801), 1024U);
  EXPECT_EQ(RoundSizeAbove((59ULL << 20) + 1), 60ULL << 20);
  EXPECT_EQ(RoundSizeAbove(~0ULL), ~0ULL);
}

TEST(Axis, SizesAreInTheUnitOfTheirStep) {
  EXPECT_EQ(AxisSize(0, 5), "0");
  EXPECT_EQ(AxisSize(2400, 800), "2400 B");
  EXPECT_EQ(AxisSize(2400 << 10, 600 << 10), "2400 KiB");
  EXPECT_EQ(AxisSize(5ULL << 30, 1ULL << 30), "5 GiB");
}

// Other units, for one test.
class Units {
 public:
  explicit Units(SizeUnits units) { SetSizeUnits(units); }
  ~Units() { SetSizeUnits(SizeUnits::kBinary); }
};

TEST(Axis, SizesInPowersOfAThousand) {
  const Units units(SizeUnits::kDecimal);
  EXPECT_EQ(RoundSizeAbove(801), 1000U);
  EXPECT_EQ(RoundSizeAbove(59'000'001), 60'000'000U);
  EXPECT_EQ(RoundSizeAbove(~0ULL), ~0ULL);
  EXPECT_EQ(AxisSize(2'400'000, 600'000), "2400 kB");
  EXPECT_EQ(AxisSize(5'000'000'000, 1'000'000'000), "5 GB");
}

TEST(Axis, SizesWithAllTheirDigits) {
  const Units units(SizeUnits::kBytes);
  EXPECT_EQ(RoundSizeAbove(59'000'001), 60'000'000U);
  EXPECT_EQ(AxisSize(0, 600'000), "0");
  EXPECT_EQ(AxisSize(2'400'000, 600'000), "2,400,000");
}

TEST(Axis, TimesAreInOneUnit) {
  EXPECT_THAT(TimeLabelsFor(0, 4 * kSecond, 5).texts, ElementsAre("0", "1 s", "2 s", "3 s", "4 s"));
  EXPECT_THAT(TimeLabelsFor(0, 1200 * kMs, 4).texts, ElementsAre("0", "0.5 s", "1 s"));
  EXPECT_THAT(TimeLabelsFor(310 * kMs, 520 * kMs, 5).texts,
              ElementsAre("350 ms", "400 ms", "450 ms", "500 ms"));
  EXPECT_THAT(TimeLabelsFor(0, 200 * kSecond, 4).texts, ElementsAre("0", "1:00", "2:00", "3:00"));
  EXPECT_THAT(TimeLabelsFor(0, 7300 * kSecond, 3).texts, ElementsAre("0", "1:00:00", "2:00:00"));
  EXPECT_THAT(TimeLabelsFor(0, 90'000, 4).texts, ElementsAre("0", "50 us"));
}

TEST(Axis, NeverMoreLabelsThanAskedFor) {
  for (std::uint64_t to = 1; to < ~0ULL / 3; to = to * 3 + 7) {
    for (const std::uint64_t from : {std::uint64_t{0}, to / 3, to - 1}) {
      for (const std::size_t most : {1U, 4U, 10U}) {
        EXPECT_LE(TimeLabelsFor(from, to, most).times_ns.size(), most) << from << " to " << to;
      }
    }
  }
}

}  // namespace
}  // namespace memtrace::report
