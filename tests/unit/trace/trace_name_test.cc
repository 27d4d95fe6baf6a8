// SPDX-License-Identifier: MIT
// Tests where traces go.
#include "preload/trace/trace_name.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace memtrace::preload {
namespace {

const NameFacts kFacts{"my/app", "box", 4131, 1'700'000'000'123'456'789ULL};

TEST(ExpandNameTest, KnowsTheFields) {
  EXPECT_STREQ(ExpandName("/t/%e.%p.%h.%t.mtr", kFacts, 0).c_str(), "/t/my_app.4131.box.1700000000.mtr");
}

TEST(ExpandNameTest, NumbersNamesThatAreTaken) {
  EXPECT_STREQ(ExpandName("a.mtr", kFacts, 2).c_str(), "a.2.mtr");
  EXPECT_STREQ(ExpandName("a.trace", kFacts, 2).c_str(), "a.trace.2");
  EXPECT_STREQ(ExpandName("a.%n.mtr", kFacts, 2).c_str(), "a.2.mtr");
  EXPECT_STREQ(ExpandName("a.%n.mtr", kFacts, 0).c_str(), "a.0.mtr");
}

TEST(ExpandNameTest, LeavesUnknownPairsAlone) {
  EXPECT_STREQ(ExpandName("100%%-%x-%", kFacts, 0).c_str(), "100%-%x-%");
}

class CreateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "memtrace_name_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Creates and closes; the path it got, or "errno N".
  std::string Create(const std::string& name) {
    Path path;
    const int fd = CreateTraceFile((folder_ + "/" + name).c_str(), kFacts, &path);
    if (fd < 0) return "errno " + std::to_string(-fd);
    last_fd_ = fd;
    close(fd);
    return std::string(path.c_str()).substr(folder_.size() + 1);
  }

  std::string folder_;
  int last_fd_ = -1;
};

TEST_F(CreateTest, NeverOverwrites) {
  EXPECT_EQ(Create("a.mtr"), "a.mtr");
  EXPECT_EQ(Create("a.mtr"), "a.1.mtr");
  EXPECT_EQ(Create("a.mtr"), "a.2.mtr");
}

TEST_F(CreateTest, MakesParentsAndKeepsTheFilePrivate) {
  EXPECT_EQ(Create("x/y/%p.mtr"), "x/y/4131.mtr");
  struct stat status {};
  ASSERT_EQ(stat((folder_ + "/x/y/4131.mtr").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(CreateTest, TakesAHighDescriptor) {
  Create("a.mtr");
  EXPECT_GE(last_fd_, 250);
}

TEST_F(CreateTest, DoesNotFollowALinkLeftAtItsName) {
  std::ofstream(folder_ + "/victim") << "precious";
  ASSERT_EQ(symlink("victim", (folder_ + "/a.mtr").c_str()), 0);
  EXPECT_EQ(Create("a.mtr"), "a.1.mtr");
}

TEST_F(CreateTest, SaysWhatIsWrong) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_EQ(Create("file/a.mtr"), "errno " + std::to_string(ENOTDIR));
  EXPECT_EQ(Create(std::string(2000, 'a')), "errno " + std::to_string(ENAMETOOLONG));
}

}  // namespace
}  // namespace memtrace::preload
