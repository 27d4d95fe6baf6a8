// SPDX-License-Identifier: MIT
// Which typing mistakes are recognised, and which words are too far away to guess.
#include "analyzer/util/suggest.h"

#include <vector>

#include <gtest/gtest.h>

namespace memtrace {
namespace {

const std::vector<std::string> kWords = {"live", "peak", "not-freed", "total", "count", "temporary"};

TEST(Nearest, FindsTypingMistakes) {
  EXPECT_EQ(Nearest("lvie", kWords), "live");
  EXPECT_EQ(Nearest("peek", kWords), "peak");
  EXPECT_EQ(Nearest("notfreed", kWords), "not-freed");
  EXPECT_EQ(Nearest("temporry", kWords), "temporary");
}

TEST(Nearest, TakesTheBeginningOfAWord) {
  EXPECT_EQ(Nearest("temp", kWords), "temporary");
}

TEST(Nearest, DoesNotGuessWildly) {
  EXPECT_EQ(Nearest("bytes", kWords), "");
  EXPECT_EQ(Nearest("x", kWords), "");
  EXPECT_EQ(Nearest("", kWords), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'a'), kWords), "");
}

TEST(DidYouMean, IsEmptyWithoutACandidate) {
  EXPECT_EQ(DidYouMean("peek", kWords), "; did you mean \"peak\"?");
  EXPECT_EQ(DidYouMean("zzzzzz", kWords), "");
}

TEST(ListOf, JoinsWithOr) {
  EXPECT_EQ(ListOf(std::vector<std::string>{"a", "b", "c"}), "a, b or c");
  EXPECT_EQ(ListOf(std::vector<std::string>{"a"}), "a");
}

}  // namespace
}  // namespace memtrace
