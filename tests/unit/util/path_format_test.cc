// SPDX-License-Identifier: MIT
// Paths are shortened without looking at the file system.
#include "analyzer/util/path_format.h"

#include <gtest/gtest.h>

namespace memtrace {
namespace {

TEST(ShortPath, IsRelativeBelowTheCurrentFolder) {
  EXPECT_EQ(ShortPath("/home/me/app/src/deep/down/a.cc", "/home/me/app"), "src/deep/down/a.cc");
  EXPECT_EQ(ShortPath("/home/me/app/src/a.cc", "/home/me/app/"), "src/a.cc");
}

TEST(ShortPath, KeepsThreeComponentsElsewhere) {
  EXPECT_EQ(ShortPath("/usr/include/c++/12/bits/vector.h", "/home/me"), "12/bits/vector.h");
  EXPECT_EQ(ShortPath("/home/me/application/a.cc", "/home/me/app"), "me/application/a.cc");
  EXPECT_EQ(ShortPath("/tmp/a.cc", "/home/me"), "/tmp/a.cc");
  EXPECT_EQ(ShortPath("a.cc", ""), "a.cc");
}

TEST(ShortPath, TheRootFolderIsNoFolderToBeRelativeTo) {
  EXPECT_EQ(ShortPath("/usr/src/lib/a.c", "/"), "src/lib/a.c");
}

TEST(ShortPath, ResolvesStepsUp) {
  EXPECT_EQ(ShortPath("/w/build/../src/./a.cc", "/w"), "src/a.cc");
}

}  // namespace
}  // namespace memtrace
