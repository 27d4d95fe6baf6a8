// SPDX-License-Identifier: MIT
// Maps that JITs write, and whether one belongs to the recorded process.
#include "analyzer/symbolize/perf_map.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "analyzer/symbolize/symbolizer.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

std::string NameAt(const std::string& map, std::uint64_t pc) {
  const TemporaryFolder folder;
  WriteFile(folder / "perf.map", map);
  const PerfMap names(folder / "perf.map");
  const std::string* name = names.Find(pc);
  return name == nullptr ? "" : *name;
}

TEST(PerfMapTest, FindsNamesWithSpaces) {
  const std::string map = "7f0000001000 10 LazyCompile:*parse /srv/app.js:12\n0x7f0000002000 0x20 other\n";
  EXPECT_EQ(NameAt(map, 0x7f0000001000), "LazyCompile:*parse /srv/app.js:12");
  EXPECT_EQ(NameAt(map, 0x7f000000100f), "LazyCompile:*parse /srv/app.js:12");
  EXPECT_EQ(NameAt(map, 0x7f0000001010), "");
  EXPECT_EQ(NameAt(map, 0x7f0000002001), "other");
}

TEST(PerfMapTest, TheLaterOfTwoCounts) {
  EXPECT_EQ(NameAt("1000 10 first\n1000 10 second\n", 0x1004), "second");
}

TEST(PerfMapTest, SkipsWhatItCannotRead) {
  EXPECT_EQ(NameAt("rubbish\n1000\n1000 10\n1000 10 \nffffffffffffffff 2 wraps\n\n1000 10 good", 0x1004),
            "good");
  EXPECT_EQ(NameAt("", 0x1004), "");
  EXPECT_EQ(PerfMap("/nonexistent/perf.map").Find(0x1004), nullptr);
}

// The file has a fixed place; this process's own id keeps it apart from others'.
class PerfMapOfProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    info_.pid = static_cast<std::uint32_t>(getpid());
    char host[256] = {};
    ASSERT_EQ(gethostname(host, sizeof host - 1), 0);
    info_.host = host;
    path_ = "/tmp/perf-" + std::to_string(info_.pid) + ".map";
    WriteFile(path_, "7f0012345000 1000 Builtin:Run\n");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  model::TraceInfo info_;
  std::string path_;
};

TEST_F(PerfMapOfProcessTest, IsUsedForCodeWithoutModule) {
  model::Trace trace;
  trace.info = info_;
  trace.sites.resize(2);
  trace.sites[1].pc = 0x7f0012345678;
  EXPECT_EQ(Symbolizer(trace).FramesOf(1)[0].function, "Builtin:Run");
}

TEST_F(PerfMapOfProcessTest, IsRefusedFromAnotherHostOrAnEarlierProcess) {
  EXPECT_EQ(PerfMap::PathFor(info_), path_);
  info_.start_realtime_ns = ~std::uint64_t{0};
  EXPECT_EQ(PerfMap::PathFor(info_), "");
  info_.start_realtime_ns = 0;
  info_.host += "x";
  EXPECT_EQ(PerfMap::PathFor(info_), "");
}

}  // namespace
}  // namespace memtrace::symbolize
