// SPDX-License-Identifier: MIT
// Source lines from files of all kinds.
#include "analyzer/symbolize/source_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

TEST(SourceCacheTest, GivesLinesFromOne) {
  const TemporaryFolder folder;
  WriteFile(folder / "a.cc", "first\n\n  third  \r\nlast without end");
  SourceCache sources;
  EXPECT_EQ(sources.Line(folder / "a.cc", 1), "first");
  EXPECT_EQ(sources.Line(folder / "a.cc", 2), "");
  EXPECT_EQ(sources.Line(folder / "a.cc", 3), "  third  ");
  EXPECT_EQ(sources.Line(folder / "a.cc", 4), "last without end");
  EXPECT_EQ(sources.Line(folder / "a.cc", 0), std::nullopt);
  EXPECT_EQ(sources.Line(folder / "a.cc", 5), std::nullopt);
  EXPECT_EQ(sources.LineCount(folder / "a.cc"), 4U);
}

TEST(SourceCacheTest, ReadsAFileOnce) {
  const TemporaryFolder folder;
  WriteFile(folder / "a.cc", "before\n");
  SourceCache sources;
  EXPECT_EQ(sources.Line(folder / "a.cc", 1), "before");
  WriteFile(folder / "a.cc", "after\n");
  EXPECT_EQ(sources.Line(folder / "a.cc", 1), "before");
}

TEST(SourceCacheTest, GivesNothingWhereThereIsNoSource) {
  const TemporaryFolder folder;
  WriteFile(folder / "empty.cc", "");
  SourceCache sources;
  EXPECT_EQ(sources.Line(folder / "empty.cc", 1), std::nullopt);
  EXPECT_EQ(sources.Line(folder / "missing.cc", 1), std::nullopt);
  EXPECT_EQ(sources.Line(folder.path(), 1), std::nullopt);
  EXPECT_EQ(sources.Line("", 1), std::nullopt);
  EXPECT_EQ(sources.Line("/dev/zero", 1), std::nullopt);
}

TEST(SourceCacheTest, DoesNotWaitForAFifo) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo.cc").c_str(), 0600), 0);
  EXPECT_EQ(SourceCache().Line(folder / "fifo.cc", 1), std::nullopt);
}

TEST(SourceCacheTest, LeavesHugeFilesAlone) {
  const TemporaryFolder folder;
  WriteFile(folder / "huge.cc", "line\n");
  std::filesystem::resize_file(folder / "huge.cc", SourceCache::kMaxFileBytes + 1);
  EXPECT_EQ(SourceCache().Line(folder / "huge.cc", 1), std::nullopt);
}

}  // namespace
}  // namespace memtrace::symbolize
