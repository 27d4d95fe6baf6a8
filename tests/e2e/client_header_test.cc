// SPDX-License-Identifier: MIT
// memtrace.h from C and C++, with and without the recorder.
#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

class ClientHeader : public EndToEnd {};

TEST_F(ClientHeader, DoesNothingWithoutTheRecorder) {
  EXPECT_EQ(Run({Program("marks")}).out, "active: 0\npaused: 0\nresumed: 0\n");
  EXPECT_EQ(Run({Program("marks_cxx")}).out, "errno 77\n");
}

TEST_F(ClientHeader, PauseAndResume) {
  const ShimRun run = ExpectSoundRun({Program("marks")});
  EXPECT_EQ(run.out, "active: 1\npaused: 0\nresumed: 1\n");
  const auto rows = TopOf(run.trace, {"-n", "100", "--metric", "total"});
  EXPECT_EQ(SumOfFunction(rows, "main", "total"), (Amount{500000, 1000})) << "what was paused is not seen";
  const Summary summary = SummaryOf(run.trace);
  EXPECT_EQ(summary.unknown_frees, 100u) << "its frees are, and are no mistake";
  EXPECT_EQ(SumOfFunction(TopOf(run.trace, {"--metric", "not-freed"}), "main", "not-freed"), Amount{});
}

TEST_F(ClientHeader, MarksAreInTheSummary) {
  const ShimRun run = ExpectSoundRun({Program("marks")});
  const auto marks = SummaryOf(run.trace).marks;
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks[0]["name"], "begin");
  EXPECT_EQ(marks[1]["name"], "grown");
  EXPECT_EQ(marks[2]["name"], "shrunk \xE2\x80\x93 \"quoted\"");
  const std::uint64_t before = marks[0]["live"]["bytes"];
  EXPECT_EQ(marks[1]["live"]["bytes"], before + 500000);
  EXPECT_EQ(marks[2]["live"]["bytes"], before);
  EXPECT_EQ(marks[2]["peak_until_then_bytes"], before + 500000);
  for (const auto& mark : marks) EXPECT_GT(mark["resident_bytes"].get<std::uint64_t>(), 500000u) << mark;
  const std::string text = Memtrace({"summary", run.trace}).out;
  for (const char* name : {"begin", "grown", "shrunk"}) EXPECT_THAT(text, testing::HasSubstr(name));
}

TEST_F(ClientHeader, MarksSelectAMoment) {
  const ShimRun run = ExpectSoundRun({Program("marks")});
  const auto live = [&](const std::string& at) {
    return SumOfFunction(TopOf(run.trace, {"-n", "100", "--at", at}), "main", "live");
  };
  EXPECT_EQ(live("begin"), Amount{});
  EXPECT_EQ(live("grown"), (Amount{500000, 1000}));
  EXPECT_EQ(live("peak"), (Amount{500000, 1000}));
  EXPECT_EQ(live("end"), Amount{});
}

TEST_F(ClientHeader, MarksFromManyThreadsAreAllKept) {
  for (int i = 0; i < 4; ++i) {  // the log grows while others write to it: several chances to lose some
    const ShimRun run = ExpectSoundRun({Program("marks_cxx")});
    EXPECT_EQ(run.out, "errno 77\n");
    std::size_t rounds = 0, cut = 0;
    const Summary summary = SummaryOf(run.trace);
    for (const auto& mark : summary.marks) {
      rounds += mark["name"] == "round";
      cut += mark["name"] == std::string(255, 'x');
    }
    EXPECT_EQ(rounds, 4000u);
    EXPECT_EQ(cut, 1u);
  }
}

}  // namespace
}  // namespace memtrace::e2e
