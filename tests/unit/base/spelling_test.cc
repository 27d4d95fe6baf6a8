// SPDX-License-Identifier: MIT
#include "preload/base/spelling.h"

#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

TEST(SpellingTest, OneChangeIsASlip) {
  EXPECT_TRUE(IsSlipOf("DEPHT", "DEPTH"));   // swapped
  EXPECT_TRUE(IsSlipOf("DEPT", "DEPTH"));    // left out at the end
  EXPECT_TRUE(IsSlipOf("EPTH", "DEPTH"));    // and at the beginning
  EXPECT_TRUE(IsSlipOf("DEPTHS", "DEPTH"));  // put in
  EXPECT_TRUE(IsSlipOf("DDEPTH", "DEPTH"));
  EXPECT_TRUE(IsSlipOf("DEBTH", "DEPTH"));  // replaced
}

TEST(SpellingTest, EqualWordsAndOtherWordsAreNot) {
  EXPECT_FALSE(IsSlipOf("DEPTH", "DEPTH"));
  EXPECT_FALSE(IsSlipOf("", ""));
  EXPECT_FALSE(IsSlipOf("DPETS", "DEPTH"));
  EXPECT_FALSE(IsSlipOf("DEP", "DEPTH"));
  EXPECT_FALSE(IsSlipOf("DEPTH_X", "DEPTH"));
  EXPECT_FALSE(IsSlipOf("", "DEPTH"));
}

TEST(SpellingTest, AWordOfOneLetterIsNearNoneAndAnyOther) {
  EXPECT_TRUE(IsSlipOf("", "A"));
  EXPECT_TRUE(IsSlipOf("A", ""));
  EXPECT_TRUE(IsSlipOf("A", "B"));
}

}  // namespace
}  // namespace memtrace::preload
