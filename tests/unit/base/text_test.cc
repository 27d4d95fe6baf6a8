// SPDX-License-Identifier: MIT
// Tests the fixed-buffer text that the preload library writes with.
#include "preload/base/text.h"

#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

TEST(TextTest, BuildsALine) {
  Text<64> text;
  text.Add("pid ").AddNumber(42).Add(',').AddNumber(7, 3);
  EXPECT_STREQ(text.c_str(), "pid 42,007");
  EXPECT_EQ(text.size(), 10u);
}

TEST(TextTest, CutsWhatDoesNotFit) {
  Text<8> text;
  text.Add("0123456789");
  EXPECT_STREQ(text.c_str(), "0123456");
  EXPECT_TRUE(text.full());
}

TEST(TextTest, TruncateShortens) {
  Text<16> text;
  text.Add("name.mtr").Truncate(4);
  EXPECT_STREQ(text.c_str(), "name");
}

struct SizeCase {
  std::uint64_t bytes;
  const char* text;
};

class SizeTextTest : public testing::TestWithParam<SizeCase> {};

TEST_P(SizeTextTest, RoundsAsTracemallocDoes) {
  Text<32> text;
  text.AddSize(GetParam().bytes);
  EXPECT_STREQ(text.c_str(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SizeTextTest,
                         testing::Values(SizeCase{0, "0 B"}, SizeCase{10'239, "10239 B"}, SizeCase{10'240, "10.0 KiB"},
                                         SizeCase{102'400, "100 KiB"}, SizeCase{10'485'760, "10.0 MiB"},
                                         SizeCase{5'368'709'120, "5120 MiB"}, SizeCase{~0ULL / 16, "1048575 TiB"}));

TEST(CStringTest, ComparesWithoutLibc) {
  EXPECT_TRUE(Equal("abc", "abc"));
  EXPECT_FALSE(Equal("abc", "ab"));
  EXPECT_FALSE(Equal("ab", "abc"));
  EXPECT_TRUE(StartsWith("MEMTRACE_OUT=x", "MEMTRACE_"));
  EXPECT_FALSE(StartsWith("MEM", "MEMTRACE_"));
}

}  // namespace
}  // namespace memtrace::preload
