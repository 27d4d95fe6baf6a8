// SPDX-License-Identifier: MIT
// Grouping of stacks into rows: what shares a row, who is charged, what order rows are in.
#include "analyzer/report/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/report/made_up_profile.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;
using ::testing::ElementsAre;
using testing::LibraryFrame;
using testing::LineFrame;

class RowsTest : public ::testing::Test {
 protected:
  std::vector<Row> Rows(RowOptions options = {}) { return Build(options).rows; }
  RowSet Build(RowOptions options = {}) { return BuildRows(*profile_, stacks_, filter_, options); }

  static std::vector<std::uint64_t> Bytes(const std::vector<Row>& rows) {
    std::vector<std::uint64_t> bytes;
    for (const Row& row : rows) bytes.push_back(row.amounts.live.bytes);
    return bytes;
  }

  testing::MadeUpProfile profile_;
  testing::MadeUpStacks stacks_;
  StackFilter filter_;
};

TEST_F(RowsTest, StacksThatEndInOneLineShareARow) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 5), LineFrame("main", "/a.cc", 90)});
  stacks_.Stack(2, {LineFrame("f", "/a.cc", 5), LineFrame("main", "/a.cc", 91)});
  profile_.Site(1, 0, 100, 1).Site(2, 0, 300, 2).Site(1, 1, 50, 1);
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].amounts.live.bytes, 450U);
  EXPECT_EQ(rows[0].amounts.live.blocks, 4U);
  EXPECT_EQ(rows[0].largest_node, 2U);
  EXPECT_THAT(rows[0].nodes, ElementsAre(1, 2));
  EXPECT_THAT(rows[0].by_thread, ElementsAre(std::pair(0U, Amount{400, 3}), std::pair(1U, Amount{50, 1})));
}

TEST_F(RowsTest, TheLargestStackIsChosenOverAllThreads) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 5)}).Stack(2, {LineFrame("f", "/a.cc", 5)});
  profile_.Site(1, 0, 100, 1).Site(2, 0, 60, 1).Site(2, 1, 60, 1);
  EXPECT_EQ(Rows()[0].largest_node, 2U);
}

TEST_F(RowsTest, OperatorNewIsSkippedUnlessAskedFor) {
  stacks_.Stack(
      1, {LibraryFrame("operator new(unsigned long)", "/lib/libstdc++.so.6"), LineFrame("f", "/a.cc", 5)});
  profile_.Site(1, 0, 100, 1);
  EXPECT_EQ(Rows()[0].frame.function, "f");
  EXPECT_EQ(Rows({GroupBy::kLine, Metric::kLive, false})[0].frame.function, "operator new(unsigned long)");
}

TEST_F(RowsTest, AFunctionWithoutLinesIsOneRowWithItsCallersLargestFirst) {
  stacks_.Stack(1, {LibraryFrame("PQexec", "/lib/libpq.so.5"), LineFrame("a", "/a.cc", 1)});
  stacks_.Stack(2, {LibraryFrame("PQexec", "/lib/libpq.so.5"), LineFrame("b", "/a.cc", 2)});
  stacks_.Stack(3, {LibraryFrame("PQexec", "/other/libpq.so.5"), LineFrame("b", "/a.cc", 2)});
  profile_.Site(1, 0, 100, 1).Site(2, 0, 300, 1).Site(3, 0, 10, 1);
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 2U) << "libraries are told apart by their path";
  ASSERT_EQ(rows[0].callers.size(), 2U);
  EXPECT_EQ(rows[0].callers[0].frame.line, 2U);
  EXPECT_EQ(rows[0].callers[0].amount.bytes, 300U);
}

TEST_F(RowsTest, ACallerWithNothingOfTheMetricIsNone) {
  stacks_.Stack(1, {LibraryFrame("PQexec", "/lib/libpq.so.5"), LineFrame("a", "/a.cc", 1)});
  stacks_.Stack(2, {LibraryFrame("PQexec", "/lib/libpq.so.5"), LibraryFrame("b", "/lib/b.so")});
  profile_.Site(1, 0, 0, 0).Site(2, 0, 300, 1);
  EXPECT_TRUE(Rows()[0].callers.empty());
}

TEST_F(RowsTest, TheCLibrarysStartCodeIsNobodysCaller) {
  stacks_.Stack(1, {LibraryFrame("", "/usr/bin/ls"), LineFrame("__libc_start_call_main", "/start.h", 58)});
  profile_.Site(1, 0, 100, 1);
  EXPECT_TRUE(Rows()[0].callers.empty());
}

TEST_F(RowsTest, RowsAreOrderedByTheMetricThenByTheOtherNumber) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1)}).Stack(2, {LineFrame("f", "/a.cc", 2)});
  stacks_.Stack(3, {LineFrame("f", "/a.cc", 3)});
  profile_.Site(1, 0, 100, 1).Site(2, 0, 100, 7).Site(3, 0, 900, 2);
  EXPECT_THAT(Bytes(Rows()), ElementsAre(900, 100, 100));
  EXPECT_EQ(Rows()[1].frame.line, 2U);
  EXPECT_EQ(Rows({GroupBy::kLine, Metric::kCount, true})[0].frame.line, 2U);
}

TEST_F(RowsTest, BlocksOfNoBytesCount) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1)});
  profile_.Site(1, 0, 0, 3);
  EXPECT_EQ(Rows().size(), 1U);
}

TEST_F(RowsTest, RowsWithNothingOfTheMetricAreLeftOut) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1)});
  profile_.Site(1, 0, 10, 3);
  EXPECT_TRUE(Rows({GroupBy::kLine, Metric::kTemporary, true}).empty());
}

TEST_F(RowsTest, GroupsByFileFunctionModuleStackAndThread) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1), LineFrame("main", "/a.cc", 9)});
  stacks_.Stack(2, {LineFrame("f", "/a.cc", 2), LineFrame("main", "/a.cc", 9)});
  stacks_.Stack(3, {LineFrame("g", "/b.cc", 1), LineFrame("main", "/a.cc", 9)});
  stacks_.Stack(4, {LineFrame("g", "/b.cc", 1), LineFrame("main", "/a.cc", 9)});  // other pcs, the same stack
  profile_.Site(1, 0, 1, 1).Site(2, 0, 20, 1).Site(3, 1, 300, 1).Site(4, 0, 4000, 1);
  EXPECT_THAT(Bytes(Rows({GroupBy::kFile})), ElementsAre(4300, 21));
  EXPECT_THAT(Bytes(Rows({GroupBy::kFunction})), ElementsAre(4300, 21));
  EXPECT_THAT(Bytes(Rows({GroupBy::kModule})), ElementsAre(4321));
  EXPECT_THAT(Bytes(Rows({GroupBy::kTraceback})), ElementsAre(4300, 20, 1));
  EXPECT_THAT(Bytes(Rows({GroupBy::kThread})), ElementsAre(4021, 300));
}

TEST_F(RowsTest, CumulativeCreditsEachFrameOnceAStack) {
  const auto f = LineFrame("f", "/a.cc", 1);
  stacks_.Stack(1, {LibraryFrame("operator new(unsigned long)", "/lib/libstdc++.so.6"), f, f,
                    LineFrame("main", "/a.cc", 9), LibraryFrame("__libc_start_call_main", "/lib/libc.so.6")});
  stacks_.Stack(2, {LineFrame("main", "/a.cc", 9)});
  profile_.Site(1, 0, 100, 1).Site(2, 0, 5, 1);
  const auto rows = Rows({GroupBy::kFunction, Metric::kLive, true, true});
  ASSERT_EQ(rows.size(), 2U) << "neither operator new nor the start code";
  EXPECT_EQ(rows[0].frame.function, "main");
  EXPECT_EQ(rows[0].amounts.live.bytes, 105U);
  EXPECT_EQ(rows[0].own.live.bytes, 5U);
  EXPECT_EQ(rows[1].frame.function, "f");
  EXPECT_EQ(rows[1].amounts.live.bytes, 100U) << "recursion counts once";
  EXPECT_EQ(rows[1].own.live.bytes, 100U);
  EXPECT_EQ(Rows({GroupBy::kFunction, Metric::kLive, false, true}).size(), 4U);
}

TEST_F(RowsTest, GroupsBySizeClass) {
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1)});
  profile_.Site(1, 0, 96, 2).Site(1, 0, 1000, 1);
  (*profile_).sites[0].size_class = 3;
  (*profile_).sites[1].size_class = 5;
  (*profile_).size_classes.resize(6);
  (*profile_).size_classes[3] = {48, 48};
  (*profile_).size_classes[5] = {1000, 1000};
  const auto rows = Rows({GroupBy::kSize});
  EXPECT_THAT(Bytes(rows), ElementsAre(1000, 96));
  EXPECT_EQ(rows[1].size_bytes, (aggregate::Bounds{48, 48}));
}

TEST_F(RowsTest, TheLargestStackIsAsTheFilterLeavesIt) {
  filter_ = *StackFilter::Create({.hide = {"^g$"}});
  stacks_.Stack(1, {LineFrame("g", "/a.cc", 2), LineFrame("main", "/a.cc", 9)});
  profile_.Site(1, 0, 20, 1);
  const auto rows = Rows();
  EXPECT_EQ(rows[0].frame.function, "main");
  EXPECT_EQ(rows[0].largest_stack.size(), 1U);
  EXPECT_EQ(rows[0].charged_frame, 0U);
}

TEST_F(RowsTest, TheEmptyStackHasARow) {
  profile_.Site(0, 0, 100, 1);
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].frame.module.empty());
}

TEST_F(RowsTest, FilteredStacksAreInNeitherRowsNorSum) {
  filter_ = *StackFilter::Create({.focus = {"main"}, .ignore = {"^g$"}});
  stacks_.Stack(1, {LineFrame("f", "/a.cc", 1), LineFrame("main", "/a.cc", 9)});
  stacks_.Stack(2, {LineFrame("g", "/a.cc", 2), LineFrame("main", "/a.cc", 9)});
  stacks_.Stack(3, {LineFrame("thread", "/a.cc", 3)});
  profile_.Site(1, 0, 1, 1).Site(2, 0, 20, 1).Site(3, 0, 300, 1);
  const RowSet set = Build();
  EXPECT_THAT(Bytes(set.rows), ElementsAre(1));
  EXPECT_EQ(set.matching.live.bytes, 1U);
}

TEST(ParseGroupBy, SuggestsWhatWasMeant) {
  EXPECT_EQ(ParseGroupBy("thread").value(), GroupBy::kThread);
  EXPECT_EQ(ParseGroupBy("lines").error().message,
            "--by \"lines\" is not known: line, file, function, module, traceback, thread or size; did you "
            "mean "
            "\"line\"?");
}

}  // namespace
}  // namespace memtrace::report
