// SPDX-License-Identifier: MIT
// Where libmemtrace.so is looked for, and what LD_PRELOAD cannot express.
#include "analyzer/cli/library_path.h"

#include "tests/unit/report/cli/scratch_folder.h"

namespace memtrace::cli {
namespace {

class LibraryPathTest : public testing::InScratchFolder {
 protected:
  void TearDown() override {
    unsetenv("MEMTRACE_LIBRARY");
    InScratchFolder::TearDown();
  }
};

TEST_F(LibraryPathTest, TheVariableComesFirstAndMayBeRelative) {
  WriteProgram("my.so", "");
  setenv("MEMTRACE_LIBRARY", "my.so", 1);
  EXPECT_EQ(FindPreloadLibrary().value(), std::filesystem::canonical("my.so"));
}

TEST_F(LibraryPathTest, AWrongVariableIsAnErrorAndNotIgnored) {
  setenv("MEMTRACE_LIBRARY", "/no/such/lib.so", 1);
  EXPECT_EQ(FindPreloadLibrary().error().message, "MEMTRACE_LIBRARY=/no/such/lib.so: no such file");
}

TEST_F(LibraryPathTest, BlanksAndColonsCannotBePreloaded) {
  for (const char* name : {"with blank.so", "with:colon.so"}) {
    WriteProgram(name, "");
    setenv("MEMTRACE_LIBRARY", name, 1);
    EXPECT_FALSE(FindPreloadLibrary().ok()) << name;
  }
}

}  // namespace
}  // namespace memtrace::cli
