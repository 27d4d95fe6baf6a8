// SPDX-License-Identifier: MIT
// Sizes against a table that CPython 3.11's tracemalloc._format_size wrote, unsigned and signed.
#include "analyzer/util/size_format.h"

#include "analyzer/util/size_units.h"

#include <gtest/gtest.h>

namespace memtrace {
namespace {

struct SizeCase {
  double bytes;
  const char* text;
  const char* change;
};

class FormatSizeTest : public testing::TestWithParam<SizeCase> {};

TEST_P(FormatSizeTest, AgreesWithTracemalloc) {
  EXPECT_EQ(FormatSize(GetParam().bytes), GetParam().text);
  EXPECT_EQ(FormatSizeChange(GetParam().bytes), GetParam().change);
}

INSTANTIATE_TEST_SUITE_P(
    Tracemalloc, FormatSizeTest,
    testing::Values(
        // clang-format off
        SizeCase{0.0, "0 B", "+0 B"},
        SizeCase{1.0, "1 B", "+1 B"},
        SizeCase{512.0, "512 B", "+512 B"},
        SizeCase{1023.0, "1023 B", "+1023 B"},
        SizeCase{1024.0, "1024 B", "+1024 B"},
        SizeCase{9999.0, "9999 B", "+9999 B"},
        SizeCase{10239.0, "10239 B", "+10239 B"},
        SizeCase{10240.0, "10.0 KiB", "+10.0 KiB"},
        SizeCase{10241.0, "10.0 KiB", "+10.0 KiB"},
        SizeCase{10752.0, "10.5 KiB", "+10.5 KiB"},
        SizeCase{102399.0, "100.0 KiB", "+100.0 KiB"},
        SizeCase{102400.0, "100 KiB", "+100 KiB"},
        SizeCase{102912.0, "100 KiB", "+100 KiB"},
        SizeCase{103936.0, "102 KiB", "+102 KiB"},
        SizeCase{104857.0, "102 KiB", "+102 KiB"},
        SizeCase{4971520.0, "4855 KiB", "+4855 KiB"},
        SizeCase{5241856.0, "5119 KiB", "+5119 KiB"},
        SizeCase{10484736.0, "10239 KiB", "+10239 KiB"},
        SizeCase{10485759.0, "10240 KiB", "+10240 KiB"},
        SizeCase{10485760.0, "10.0 MiB", "+10.0 MiB"},
        SizeCase{12345678.0, "11.8 MiB", "+11.8 MiB"},
        SizeCase{103809024.0, "99.0 MiB", "+99.0 MiB"},
        SizeCase{104857600.0, "100 MiB", "+100 MiB"},
        SizeCase{237478176.0, "226 MiB", "+226 MiB"},
        SizeCase{10736369664.0, "10239 MiB", "+10239 MiB"},
        SizeCase{10737418240.0, "10.0 GiB", "+10.0 GiB"},
        SizeCase{5497558138880.0, "5120 GiB", "+5120 GiB"},
        SizeCase{108851651149824.0, "99.0 TiB", "+99.0 TiB"},
        SizeCase{11258999068426240.0, "10240 TiB", "+10240 TiB"},
        SizeCase{9223372036854775808.0, "8388608 TiB", "+8388608 TiB"},
        SizeCase{-1.0, "-1 B", "-1 B"},
        SizeCase{-3125248.0, "-3052 KiB", "-3052 KiB"},
        SizeCase{-12582912.0, "-12.0 MiB", "-12.0 MiB"}));
// clang-format on

TEST(FormatGrouped, SetsCommasLikeValgrind) {
  EXPECT_EQ(FormatGrouped(0), "0");
  EXPECT_EQ(FormatGrouped(999), "999");
  EXPECT_EQ(FormatGrouped(1000), "1,000");
  EXPECT_EQ(FormatGrouped(1234567), "1,234,567");
}

TEST(FormatShare, OfNothingIsNothing) {
  EXPECT_EQ(FormatShare(487, 1000), "48.7%");
  EXPECT_EQ(FormatShare(0, 0), "0.0%");
}

TEST(ParseSize, ReadsBinaryUnits) {
  EXPECT_EQ(ParseSize("0").value(), 0U);
  EXPECT_EQ(ParseSize("4096").value(), 4096U);
  EXPECT_EQ(ParseSize("64KiB").value(), 65536U);
  EXPECT_EQ(ParseSize("64k").value(), 65536U);
  EXPECT_EQ(ParseSize("1.5 MiB").value(), 1572864U);
  EXPECT_EQ(ParseSize("2GB").value(), 2147483648U);
  EXPECT_EQ(ParseSize("10b").value(), 10U);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const char* wrong : {"", "KiB", "-1", "1e3", "12 parsecs", "1KiBx", "nan", "inf", "99999999T"}) {
    ASSERT_FALSE(ParseSize(wrong).ok()) << wrong;
    EXPECT_EQ(ParseSize(wrong).error().code, ErrorCode::kUsage);
  }
}

// Other units, for one test.
class Units {
 public:
  explicit Units(SizeUnits units) { SetSizeUnits(units); }
  ~Units() { SetSizeUnits(SizeUnits::kBinary); }
};

TEST(SizeFormatTest, DecimalUnitsArePowersOfAThousand) {
  const Units units(SizeUnits::kDecimal);
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(9999), "9999 B");
  EXPECT_EQ(FormatSize(10'000), "10.0 kB");
  EXPECT_EQ(FormatSize(4'971'520), "4972 kB");
  EXPECT_EQ(FormatSize(412'600'000), "413 MB");
  EXPECT_EQ(FormatSizeChange(-3'000'000), "-3000 kB");
}

TEST(SizeFormatTest, BytesHaveAllTheirDigits) {
  const Units units(SizeUnits::kBytes);
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(4'971'520), "4,971,520 B");
  EXPECT_EQ(FormatSize(160.6), "161 B");
  EXPECT_EQ(FormatSizeChange(-3'000'000), "-3,000,000 B");
  EXPECT_EQ(FormatSizeChange(12), "+12 B");
}

}  // namespace
}  // namespace memtrace
