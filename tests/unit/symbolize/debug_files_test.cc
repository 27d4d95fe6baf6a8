// SPDX-License-Identifier: MIT
// Modules whose debug information is elsewhere, whose file moved, changed or vanished.
#include "analyzer/symbolize/debug_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "analyzer/symbolize/symbolizer.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The stripped fixture, copied into a folder of the test's own. Its debug file is put where the test wants
// it.
class DebugFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    fixture_ = LoadFixture("stripped");
    trace_ = TraceOf(fixture_, {PcOf(fixture_.Call("inlined twice"))});
    build_id_ = trace_.modules[0].build_id;
    debug_ = ReadFile(std::string(MEMTRACE_FIXTURE_FOLDER) + "/libfixture_stripped.debug");
    ASSERT_FALSE(debug_.empty());
    ASSERT_GE(build_id_.size(), 16U);
    Install("app/libfixture.so");
  }

  void Install(const std::string& name) {
    trace_.modules[0].path = folder_ / name;
    WriteFile(folder_ / name, ReadFile(fixture_.path));
  }

  void PutDebugFile(const std::string& name) const { WriteFile(folder_ / name, debug_); }
  std::string BuildIdName() const {
    return ".build-id/" + build_id_.substr(0, 2) + "/" + build_id_.substr(2) + ".debug";
  }

  std::vector<Frame> Frames(std::vector<std::string> debug_paths = {}) {
    SymbolizerOptions options;
    options.debug_paths = std::move(debug_paths);
    Symbolizer symbolizer(trace_, options);
    std::vector<Frame> frames = symbolizer.FramesOf(1);
    problems_ = symbolizer.problems();
    return frames;
  }

  bool HasLines(std::vector<std::string> debug_paths = {}) {
    const std::vector<Frame> frames = Frames(std::move(debug_paths));
    return frames.size() == 3 &&
           frames[0].line == static_cast<std::uint32_t>(fixture_.Call("inlined twice").line);
  }

  TemporaryFolder folder_;
  LoadedFixture fixture_;
  model::Trace trace_;
  std::string build_id_;
  std::string debug_;
  std::vector<std::string> problems_;
};

TEST_F(DebugFilesTest, WithoutDebugFileThereAreOnlyExportedNames) {
  const std::vector<Frame> frames = Frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].function, "store::OuterFunction(int)");
  EXPECT_FALSE(frames[0].has_line());
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DebugFilesTest, FindsDebugFileByBuildId) {
  PutDebugFile("debug/" + BuildIdName());
  EXPECT_TRUE(HasLines({folder_ / "debug"}));
  EXPECT_FALSE(HasLines({folder_ / "elsewhere"}));
}

TEST_F(DebugFilesTest, FindsDebugFileByLink) {
  const std::string global = "debug" + folder_.path() + "/app/";
  for (const std::string& place :
       {std::string("app/"), std::string("app/.debug/"), std::string("debug/"), global}) {
    PutDebugFile(place + "libfixture_stripped.debug");
    EXPECT_TRUE(HasLines({folder_ / "debug"})) << place;
    std::filesystem::remove(folder_ / (place + "libfixture_stripped.debug"));
    EXPECT_FALSE(HasLines({folder_ / "debug"})) << place;
  }
}

TEST_F(DebugFilesTest, FindsLinkBesideTheRealFileOfASymbolicLink) {
  PutDebugFile("app/libfixture_stripped.debug");
  std::filesystem::create_symlink(folder_ / "app/libfixture.so", folder_ / "libfixture.so.1");
  trace_.modules[0].path = folder_ / "libfixture.so.1";
  EXPECT_TRUE(HasLines());
}

TEST_F(DebugFilesTest, RefusesDebugFileOfAnotherBuild) {
  WriteFile(folder_ / "app/libfixture_stripped.debug", ReadFile(FixturePath("full")));
  EXPECT_FALSE(HasLines());
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("libfixture_stripped.debug belongs to another build")));
}

TEST_F(DebugFilesTest, WithoutBuildIdsTheChecksumDecides) {
  fixture_ = LoadFixture("no_build_id");
  trace_ = TraceOf(fixture_, {PcOf(fixture_.Call("inlined twice"))});
  ASSERT_TRUE(trace_.modules[0].build_id.empty());
  Install("app/libfixture.so");
  debug_ = ReadFile(std::string(MEMTRACE_FIXTURE_FOLDER) + "/libfixture_no_build_id.debug");
  PutDebugFile("app/libfixture_no_build_id.debug");
  EXPECT_TRUE(HasLines());
  debug_.back() ^= 1;
  PutDebugFile("app/libfixture_no_build_id.debug");
  EXPECT_FALSE(HasLines());
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("belongs to another build")));
}

TEST_F(DebugFilesTest, ReportsAMissingModule) {
  std::filesystem::remove(folder_ / "app/libfixture.so");
  const std::vector<Frame> frames = Frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].function, "");
  EXPECT_EQ(frames[0].module, "libfixture.so");
  EXPECT_THAT(problems_, ElementsAre("libfixture.so: not found"));
}

TEST_F(DebugFilesTest, ReportsAChangedModule) {
  WriteFile(folder_ / "app/libfixture.so", ReadFile(FixturePath("full")));
  EXPECT_EQ(Frames()[0].function, "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("libfixture.so: changed since the recording (build-id " +
                                               build_id_.substr(0, 12) + " then")));
}

TEST_F(DebugFilesTest, ReportsWhatIsNoModule) {
  WriteFile(folder_ / "app/libfixture.so", "#!/bin/sh\n");
  EXPECT_EQ(Frames().size(), 1U);
  EXPECT_THAT(problems_, ElementsAre("libfixture.so: not a 64-bit ELF file"));
  std::filesystem::remove(folder_ / "app/libfixture.so");
  ASSERT_EQ(mkfifo((folder_ / "app/libfixture.so").c_str(), 0600), 0);
  EXPECT_EQ(Frames().size(), 1U);
  EXPECT_THAT(problems_, ElementsAre("libfixture.so: not a regular file"));
}

TEST_F(DebugFilesTest, ReportsAModuleOnce) {
  trace_.modules.push_back(trace_.modules[0]);
  trace_.sites.push_back(trace_.sites[1]);
  trace_.sites[2].module = 1;
  std::filesystem::remove(folder_ / "app/libfixture.so");
  Symbolizer symbolizer(trace_);
  symbolizer.FramesOf(1);
  symbolizer.FramesOf(2);
  EXPECT_EQ(symbolizer.problems().size(), 1U);
}

TEST_F(DebugFilesTest, ADebugFileReplacesAMissingModule) {
  std::filesystem::remove(folder_ / "app/libfixture.so");
  PutDebugFile("debug/" + BuildIdName());
  EXPECT_TRUE(HasLines({folder_ / "debug"}));
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DebugFilesTest, FindsModulesUnderADebugPath) {
  const std::string recorded = trace_.modules[0].path;
  std::filesystem::remove(recorded);
  for (const std::string& place : {"sysroot" + recorded, std::string("sysroot/libfixture.so")}) {
    WriteFile(folder_ / place, ReadFile(fixture_.path));
    EXPECT_EQ(Frames({folder_ / "sysroot"})[0].function, "store::OuterFunction(int)") << place;
    std::filesystem::remove(folder_ / place);
    EXPECT_EQ(Frames({folder_ / "sysroot"})[0].function, "") << place;
  }
}

TEST_F(DebugFilesTest, ReadsLocalSymbolsPackedIntoAStrippedFile) {
  if (!HasFixture("mini")) GTEST_SKIP() << "xz was not found";
  fixture_ = LoadFixture("mini");
  trace_ = TraceOf(fixture_, {PcOf(fixture_.Call("static function"))});
  EXPECT_EQ(Frames()[0].function, "StaticFunction()");
}

TEST_F(DebugFilesTest, ReadsPathsAsTheKernelAndTheProgramWroteThem) {
  trace_.modules[0].path += " (deleted)";
  EXPECT_EQ(Frames()[0].function, "store::OuterFunction(int)");
  trace_.modules[0].path = "app/libfixture.so";
  trace_.info.working_directory = folder_.path();
  EXPECT_EQ(Frames()[0].function, "store::OuterFunction(int)");
}

}  // namespace
}  // namespace memtrace::symbolize
