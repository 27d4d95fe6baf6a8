// SPDX-License-Identifier: MIT
// Rows before and after an edit: what is the same, moved, new, gone.
#include "analyzer/report/match_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace memtrace::report {
namespace {

using symbolize::Frame;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// One recording's rows, told one by one.
class Side {
 public:
  Side() { trace_.info.exe = "/usr/bin/app"; }

  // A line `line` of a function that begins at `function_line`.
  Side& Line(const std::string& function, const std::string& file, std::uint32_t function_line,
             std::uint32_t line, std::uint64_t block_bytes = 100) {
    Frame frame = FrameOf(function, "/usr/bin/app");
    frame.file = file;
    frame.line = line;
    frame.function_line = function_line;
    return Add(frame, block_bytes);
  }
  Side& Function(const std::string& function, const std::string& module_path) {
    return Add(FrameOf(function, module_path), 100);
  }
  Side& Exe(const std::string& path) {
    trace_.info.exe = path;
    return *this;
  }
  Side& Thread(const std::string& name) {
    Row row;
    row.thread = static_cast<model::ThreadId>(trace_.threads.size());
    trace_.threads.push_back({.tid = 1, .name = name});
    rows_.push_back(row);
    return *this;
  }
  // The last row was allocated through this function.
  Side& By(const std::string& allocator) {
    frames_.push_back(FrameOf(allocator, "/lib/libc.so.6"));
    rows_.back().largest_stack.insert(rows_.back().largest_stack.begin(), &frames_.back());
    ++rows_.back().charged_frame;
    return *this;
  }

  MatchSide side() const { return {rows_, trace_}; }
  std::string LabelOf(std::size_t row) const {
    const Frame& frame = rows_[row].frame;
    if (frame.has_line()) return frame.file + ":" + std::to_string(frame.line);
    return frame.function.empty() ? trace_.threads[rows_[row].thread].name : frame.function;
  }

 private:
  static Frame FrameOf(const std::string& function, const std::string& module_path) {
    Frame frame;
    frame.function = function;
    frame.module_path = module_path;
    frame.module = module_path.substr(module_path.rfind('/') + 1);
    return frame;
  }
  Side& Add(const Frame& frame, std::uint64_t block_bytes) {
    frames_.push_back(frame);
    Row row;
    row.frame = frame;
    row.amounts.total = {block_bytes * 10, 10};
    row.largest_stack = {&frames_.back()};
    rows_.push_back(row);
    return *this;
  }

  std::deque<Frame> frames_;
  std::vector<Row> rows_;
  model::Trace trace_;
};

// "a.cc:3 = a.cc:5 moved", "a.cc:9 gone", "a.cc:9 new".
std::vector<std::string> Match(const Side& before, const Side& after, GroupBy by = GroupBy::kLine) {
  std::vector<std::string> lines;
  for (const RowPair& pair : MatchRows(before.side(), after.side(), by)) {
    if (!pair.after) {
      lines.push_back(before.LabelOf(*pair.before) + " gone");
    } else if (!pair.before) {
      lines.push_back(after.LabelOf(*pair.after) + " new");
    } else {
      lines.push_back(before.LabelOf(*pair.before) + " = " + after.LabelOf(*pair.after) +
                      (pair.is_moved ? " moved" : ""));
    }
  }
  return lines;
}

TEST(MatchRows, NothingMatchesNothing) {
  EXPECT_THAT(Match(Side(), Side()), IsEmpty());
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 1, 2), Side()), UnorderedElementsAre("a.cc:2 gone"));
  EXPECT_THAT(Match(Side(), Side().Line("f", "a.cc", 1, 2)), UnorderedElementsAre("a.cc:2 new"));
}

TEST(MatchRows, LinesStayWithTheirFunctionWhenItMoves) {
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 10, 12).Line("g", "a.cc", 20, 22),
                    Side().Line("f", "a.cc", 110, 112).Line("g", "a.cc", 10, 12)),
              UnorderedElementsAre("a.cc:12 = a.cc:112", "a.cc:22 = a.cc:12"));
}

TEST(MatchRows, LinesBehindAnInsertionKeepTheirOrder) {
  // Two lines more at the function's beginning: 5 is where 3 was, not where 5 was.
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 1, 3).Line("f", "a.cc", 1, 5),
                    Side().Line("f", "a.cc", 1, 5).Line("f", "a.cc", 1, 7)),
              UnorderedElementsAre("a.cc:3 = a.cc:5 moved", "a.cc:5 = a.cc:7 moved"));
}

TEST(MatchRows, OfTwoTheNearestIsTaken) {
  EXPECT_THAT(
      Match(Side().Line("f", "a.cc", 1, 10), Side().Line("f", "a.cc", 1, 12).Line("f", "a.cc", 1, 30)),
      UnorderedElementsAre("a.cc:10 = a.cc:12 moved", "a.cc:30 new"));
}

TEST(MatchRows, SizesOfBlocksAndAllocatorsOutweighAFewLines) {
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 1, 3, 1000),
                    Side().Line("f", "a.cc", 1, 2, 123).Line("f", "a.cc", 1, 5, 1000)),
              UnorderedElementsAre("a.cc:3 = a.cc:5 moved", "a.cc:2 new"));
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 1, 3).By("calloc"),
                    Side().Line("f", "a.cc", 1, 3).By("malloc").Line("f", "a.cc", 1, 6).By("calloc")),
              UnorderedElementsAre("a.cc:3 = a.cc:6 moved", "a.cc:3 new"));
}

TEST(MatchRows, FarAwayIsAnotherLine) {
  EXPECT_THAT(Match(Side().Line("f", "a.cc", 1, 10), Side().Line("f", "a.cc", 1, 500)),
              UnorderedElementsAre("a.cc:10 gone", "a.cc:500 new"));
}

TEST(MatchRows, FoldersAndInstancesDoNotMatter) {
  EXPECT_THAT(Match(Side().Line("Table<int>::Put(int)", "/build/1.0/table.h", 5, 7),
                    Side().Line("Table<long>::Put(long)", "/build/1.1/table.h", 5, 7)),
              UnorderedElementsAre("/build/1.0/table.h:7 = /build/1.1/table.h:7"));
}

TEST(MatchRows, AFunctionThatMovedToAnotherFileIsMoved) {
  EXPECT_THAT(Match(Side().Line("f()", "a.cc", 5, 7), Side().Line("f()", "b.cc", 50, 52)),
              UnorderedElementsAre("a.cc:7 = b.cc:52 moved"));
}

TEST(MatchRows, StaticFunctionsOfOneNameStayInTheirFiles) {
  EXPECT_THAT(Match(Side().Line("init()", "a.cc", 1, 2).Line("init()", "b.cc", 1, 2),
                    Side().Line("init()", "b.cc", 1, 3).Line("init()", "a.cc", 1, 3)),
              UnorderedElementsAre("a.cc:2 = a.cc:3 moved", "b.cc:2 = b.cc:3 moved"));
}

TEST(MatchRows, WithoutFunctionsBeginningsLinesOfTheFileCount) {
  EXPECT_THAT(Match(Side().Line("f", "a.js", 0, 10), Side().Line("f", "a.js", 0, 13)),
              UnorderedElementsAre("a.js:10 = a.js:13 moved"));
}

TEST(MatchRows, LibrariesMatchWithoutTheirVersionsAndTheProgramByItsRole) {
  EXPECT_THAT(Match(Side().Function("PQexec", "/usr/lib/libpq.so.5.15").Function("main", "/usr/bin/app"),
                    Side()
                        .Exe("/tmp/app.new")
                        .Function("main", "/tmp/app.new")
                        .Function("PQexec", "/opt/libpq.so.5.16")),
              UnorderedElementsAre("PQexec = PQexec", "main = main"));
  EXPECT_THAT(Match(Side().Function("init", "/lib/a.so"), Side().Function("init", "/lib/b.so")),
              UnorderedElementsAre("init gone", "init new"));
}

TEST(MatchRows, ThreadsOfOneNameMatchInOrder) {
  EXPECT_THAT(Match(Side().Thread("app").Thread("io").Thread("io"), Side().Thread("app2").Thread("io"),
                    GroupBy::kThread),
              UnorderedElementsAre("app = app2", "io = io", "io gone"));
}

TEST(MatchRows, AFunctionOfThousandsOfLinesTakesNoTimeForIt) {
  Side before, after;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    before.Line("generated", "a.cc", 1, 2 + i);
    after.Line("generated", "a.cc", 1, 2 + i + (i < 1500 ? 0 : 1));
  }
  const std::vector<RowPair> pairs = MatchRows(before.side(), after.side(), GroupBy::kLine);
  EXPECT_EQ(pairs.size(), 3001U);  // lines where they were: all but one on each side
}

}  // namespace
}  // namespace memtrace::report
