// SPDX-License-Identifier: MIT
// Tests the MEMTRACE_* variables and taking ourselves out of LD_PRELOAD.
#include "preload/base/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memtrace::preload {
namespace {

// An environment as a program has it: strings that may be changed in place.
class Environment {
 public:
  explicit Environment(std::vector<std::string> entries) : entries_(std::move(entries)) {
    for (std::string& entry : entries_) pointers_.push_back(entry.data());
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }
  std::vector<std::string> Entries() const {
    std::vector<std::string> result;
    for (char* const* entry = pointers_.data(); *entry != nullptr; ++entry) result.emplace_back(*entry);
    return result;
  }

 private:
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

TEST(OptionsTest, DefaultsAreFullAndFollowing) {
  Environment environment({"HOME=/root", "PATH=/bin"});
  Options options;
  ASSERT_TRUE(ReadOptions(environment.get(), &options));
  EXPECT_EQ(options.out, nullptr);
  EXPECT_EQ(options.depth, 0u);
  EXPECT_TRUE(options.follow);
  EXPECT_FALSE(options.quiet);
  EXPECT_TRUE(options.compress);
  EXPECT_TRUE(options.helper);
}

TEST(OptionsTest, ReadsEachVariable) {
  Environment environment({"MEMTRACE_OUT=/tmp/%p.mtr", "MEMTRACE_DEPTH=64", "MEMTRACE_FOLLOW=0",
                           "MEMTRACE_QUIET=1", "MEMTRACE_COMPRESS=0", "MEMTRACE_HELPER=0",
                           "MEMTRACE_REPORT=top", "MEMTRACE_MODE=full"});
  Options options;
  ASSERT_TRUE(ReadOptions(environment.get(), &options));
  EXPECT_STREQ(options.out, "/tmp/%p.mtr");
  EXPECT_EQ(options.depth, 64u);
  EXPECT_FALSE(options.follow);
  EXPECT_TRUE(options.quiet);
  EXPECT_FALSE(options.compress);
  EXPECT_FALSE(options.helper);
  EXPECT_TRUE(options.report_top);
}

TEST(OptionsTest, JemallocIsWantedUntilItIsPreloaded) {
  Environment wanting({"LD_PRELOAD=/lib/libmemtrace.so", "MEMTRACE_ALLOCATOR=jemalloc"});
  Options options;
  ASSERT_TRUE(ReadOptions(wanting.get(), &options));
  EXPECT_TRUE(options.wants_jemalloc);
  Environment served({"MEMTRACE_ALLOCATOR=jemalloc", "LD_PRELOAD=/lib/libmemtrace.so:libjemalloc.so.2"});
  options = {};
  ASSERT_TRUE(ReadOptions(served.get(), &options));
  EXPECT_FALSE(options.wants_jemalloc);
}

class WrongValueTest : public testing::TestWithParam<const char*> {};

TEST_P(WrongValueTest, IsRefusedInOneLine) {
  Environment environment({GetParam()});
  Options options;
  testing::internal::CaptureStderr();
  EXPECT_FALSE(ReadOptions(environment.get(), &options));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("memtrace: "), 0u) << said;
  EXPECT_NE(said.find(GetParam()), std::string::npos) << said;
  EXPECT_NE(said.find("allowed: "), std::string::npos) << said;
  EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

INSTANTIATE_TEST_SUITE_P(Values, WrongValueTest,
                         testing::Values("MEMTRACE_DEPTH=", "MEMTRACE_DEPTH=many", "MEMTRACE_DEPTH=-1",
                                         "MEMTRACE_DEPTH=1000001", "MEMTRACE_FOLLOW=yes", "MEMTRACE_QUIET=2",
                                         "MEMTRACE_OUT=", "MEMTRACE_MODE=sample", "MEMTRACE_REPORT=html",
                                         "MEMTRACE_ALLOCATOR=dlmalloc"));

TEST(OptionsTest, AMisspeltVariableIsSaidAndIgnored) {
  Environment environment({"MEMTRACE_DEPHT=5", "MEMTRACE_SOMEONE_ELSES=1"});
  Options options;
  testing::internal::CaptureStderr();
  EXPECT_TRUE(ReadOptions(environment.get(), &options));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "memtrace: MEMTRACE_DEPHT is not a setting; did you mean MEMTRACE_DEPTH? It is ignored.\n");
  EXPECT_EQ(options.depth, 0u);
}

TEST(RemoveFromPreloadTest, KeepsOtherEntries) {
  Environment environment({"A=1", "LD_PRELOAD=/x/first.so:/opt/lib/libmemtrace.so:second.so", "B=2"});
  RemoveFromPreload(environment.get(), "libmemtrace.so");
  EXPECT_EQ(environment.Entries(),
            (std::vector<std::string>{"A=1", "LD_PRELOAD=/x/first.so:second.so", "B=2"}));
}

TEST(RemoveFromPreloadTest, UnderstandsBlanksAndPosition) {
  Environment environment({"LD_PRELOAD=libmemtrace.so a.so b.so libmemtrace.so"});
  RemoveFromPreload(environment.get(), "libmemtrace.so");
  EXPECT_EQ(environment.Entries(), (std::vector<std::string>{"LD_PRELOAD=a.so b.so"}));
}

TEST(RemoveFromPreloadTest, DropsAnEmptyVariable) {
  Environment environment({"LD_PRELOAD=/opt/libmemtrace.so", "A=1"});
  RemoveFromPreload(environment.get(), "libmemtrace.so");
  EXPECT_EQ(environment.Entries(), (std::vector<std::string>{"A=1"}));
}

TEST(RemoveFromPreloadTest, DoesNotTouchSimilarNames) {
  Environment environment({"LD_PRELOAD=notlibmemtrace.so:libmemtrace.so.bak"});
  RemoveFromPreload(environment.get(), "libmemtrace.so");
  EXPECT_EQ(environment.Entries(),
            (std::vector<std::string>{"LD_PRELOAD=notlibmemtrace.so:libmemtrace.so.bak"}));
}

}  // namespace
}  // namespace memtrace::preload
