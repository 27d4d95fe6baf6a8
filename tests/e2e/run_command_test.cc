// SPDX-License-Identifier: MIT
// `memtrace run`: the program's own exit code and streams, options, and failures to start.
#include <csignal>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::HasSubstr;

class RunCommand : public EndToEnd {
 protected:
  // Traces in the working folder, where `memtrace run` puts them by default.
  std::vector<fs::path> Found() const {
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(work())) {
      if (entry.path().extension() == ".mtr") found.push_back(entry.path());
    }
    return found;
  }
};

TEST_F(RunCommand, ReturnsTheProgramsExitCodeAndStreams) {
  const Outcome outcome = Memtrace({"run", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 37"});
  EXPECT_EQ(EndOf(outcome), "exit code 37");
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_THAT(outcome.err, HasSubstr("err\n"));
  EXPECT_FALSE(Found().empty());
}

TEST_F(RunCommand, ReturnsOneHundredTwentyEightPlusTheSignal) {
  EXPECT_EQ(EndOf(Memtrace({"run", "--", Program("ends"), "segv"})), "exit code 139");
  EXPECT_EQ(EndOf(Memtrace({"run", "--", Program("ends"), "kill"})), "exit code 137");
}

TEST_F(RunCommand, MissingProgram) {
  const Outcome outcome = Memtrace({"run", "--", "/no/such/program"});
  EXPECT_EQ(EndOf(outcome), "exit code 127");
  EXPECT_THAT(outcome.err, HasSubstr("/no/such/program"));
}

TEST_F(RunCommand, MissingProgramOnThePath) {
  EXPECT_EQ(EndOf(Memtrace({"run", "--", "no-such-program-anywhere"})), "exit code 127");
}

TEST_F(RunCommand, FileThatIsNotExecutable) {
  WriteFile(work() / "text", "not a program\n");
  EXPECT_EQ(EndOf(Memtrace({"run", "--", "./text"})), "exit code 126");
  EXPECT_EQ(EndOf(Memtrace({"run", "--", "/etc"})), "exit code 126");
}

TEST_F(RunCommand, NothingToRun) {
  EXPECT_EQ(EndOf(Memtrace({"run"})), "exit code 125") << "as env and timeout: 2 could be the program's";
}

TEST_F(RunCommand, OutputOption) {
  EXPECT_EQ(EndOf(Memtrace({"run", "-o", "deep/er/name.mtr", "--", "/bin/true"})), "exit code 0");
  EXPECT_TRUE(fs::exists(work() / "deep/er/name.mtr"));
}

TEST_F(RunCommand, QuietSaysNothing) {
  const Outcome outcome = Memtrace({"run", "-q", "--", "/bin/true"});
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(RunCommand, NamesTheTraceAndTheNextCommand) {
  const Outcome outcome = Memtrace({"run", "--", "/bin/true"});
  EXPECT_THAT(outcome.err, HasSubstr(".mtr"));
  EXPECT_THAT(outcome.err, HasSubstr("memtrace top"));
}

TEST_F(RunCommand, DepthOption) {
  EXPECT_EQ(EndOf(Memtrace({"run", "--depth", "2", "-o", "two.mtr", "--", Program("throws")})),
            "exit code 0");
  for (const Row& row : TopOf(work() / "two.mtr", {"-n", "50", "--by", "traceback", "--metric", "total"})) {
    EXPECT_LE(row.machine_frames, 3u) << "two, and the marker that stands for their callers";
  }
}

TEST_F(RunCommand, PassesTerminationOn) {
  Background run(Plain({MemtracePath(), "run", "--", "/bin/sh", "-c",
                        "sleep 60 & trap 'kill $!; exit 5' TERM; echo up; wait"}));
  ASSERT_TRUE(run.AwaitOutput("up\n", std::chrono::seconds(10)));
  run.Signal(SIGTERM);
  EXPECT_EQ(EndOf(run.Finish()), "exit code 5");
}

TEST_F(RunCommand, KeepsOtherPreloads) {
  const Outcome outcome = e2e::Run(Plain(Command{MemtracePath(), "run", "--", Program("counted_malloc")})
                                       .With("LD_PRELOAD", Plugin("counting_malloc")));
  EXPECT_EQ(outcome.out, "seen: 1000\n") << outcome.err;
}

TEST_F(RunCommand, UnwritableFolderIsOurFailureNotTheProgramsEnd) {
  const Outcome outcome = Memtrace({"run", "-o", "/proc/no/such/place.mtr", "--", "/bin/echo", "still runs"});
  EXPECT_EQ(EndOf(outcome), "exit code 0");
  EXPECT_EQ(outcome.out, "still runs\n");
  EXPECT_THAT(outcome.err, HasSubstr("/proc/no/such/place.mtr"));
}

TEST_F(RunCommand, NewestTraceIsTakenWhenNoneIsNamed) {
  Memtrace({"run", "--", "/bin/true"});
  Memtrace({"run", "--", Program("ends"), "exit", "1234"});
  const Outcome top = Memtrace({"top"});
  EXPECT_EQ(EndOf(top), "exit code 0");
  EXPECT_THAT(top.out, HasSubstr("ends.c"));
  EXPECT_THAT(top.err, HasSubstr("memtrace.ends."));
}

}  // namespace
}  // namespace memtrace::e2e
