// SPDX-License-Identifier: MIT
// Finding a trace by age, and by the process that wrote it.
#include "analyzer/cli/trace_choice.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/format/trace_builder.h"
#include "tests/unit/report/cli/scratch_folder.h"

namespace memtrace::cli {
namespace {

class TraceChoiceTest : public testing::InScratchFolder {
 protected:
  static void WriteTrace(const std::string& path, std::uint32_t pid, std::uint64_t start_ns,
                         time_t modified) {
    testing::TraceBuilder trace;
    trace.header().pid = pid;
    trace.header().start_realtime_ns = start_ns;
    trace.WriteTo(path);
    const timespec times[2] = {{modified, 0}, {modified, 0}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
  }
};

constexpr std::uint64_t kSecondNs = 1'000'000'000;

TEST_F(TraceChoiceTest, TheNewestIsTaken) {
  WriteTrace("memtrace.b.1.mtr", 1, 0, 3000);
  WriteTrace("memtrace.a.2.mtr", 2, 0, 5000);
  WriteTrace("memtrace.c.3.mtr", 3, 0, 4000);
  WriteTrace("other.4.mtr", 4, 0, 9000);
  std::filesystem::create_directory("memtrace.folder.mtr");
  EXPECT_EQ(NewestTraceIn(".").value(), "memtrace.a.2.mtr");
}

TEST_F(TraceChoiceTest, WithoutAnyItSaysWhatToDo) {
  EXPECT_EQ(NewestTraceIn(".").error().code, ErrorCode::kUnreadable);
  EXPECT_NE(NewestTraceIn(".").error().message.find("memtrace run"), std::string::npos);
}

TEST_F(TraceChoiceTest, TemplatesBecomePatterns) {
  EXPECT_EQ(GlobOfTemplate(""), "memtrace.*.mtr");
  EXPECT_EQ(GlobOfTemplate("traces/%e-%p.mtr"), "traces/*-**.mtr");
  EXPECT_EQ(GlobOfTemplate("100%%.out"), "100%.out*");
  EXPECT_EQ(GlobOfTemplate("a[b]*.mtr"), "a\\[b]\\**.mtr");
}

TEST_F(TraceChoiceTest, AProcessIsFoundByWhatTheHeaderSays) {
  WriteTrace("x.mtr", 7, 100 * kSecondNs, 200);
  WriteTrace("x.1.mtr", 8, 100 * kSecondNs, 210);
  EXPECT_EQ(TraceOfProcess(7, "x.mtr", 100 * kSecondNs), "x.mtr");
  EXPECT_EQ(TraceOfProcess(8, "x.mtr", 100 * kSecondNs), "x.1.mtr");
  EXPECT_EQ(TraceOfProcess(9, "x.mtr", 100 * kSecondNs), std::nullopt);
}

TEST_F(TraceChoiceTest, AnEarlierProcessOfTheSameNumberIsAnother) {
  WriteTrace("memtrace.app.7.mtr", 7, 50 * kSecondNs, 200);
  EXPECT_EQ(TraceOfProcess(7, "", 100 * kSecondNs), std::nullopt);
}

TEST_F(TraceChoiceTest, AProcessThatReplacedItselfHasItsLastTrace) {
  WriteTrace("memtrace.env.7.mtr", 7, 100 * kSecondNs, 200);
  WriteTrace("memtrace.app.7.mtr", 7, 101 * kSecondNs, 210);
  EXPECT_EQ(TraceOfProcess(7, "", 100 * kSecondNs), "memtrace.app.7.mtr");
}

}  // namespace
}  // namespace memtrace::cli
