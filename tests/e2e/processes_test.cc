// SPDX-License-Identifier: MIT
// fork, vfork, spawn, exec, daemons: every process has a trace of its own, and nobody else's is touched.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

class Processes : public EndToEnd {
 protected:
  // Allocations of `bytes` each, over all rows of a trace.
  std::uint64_t BlocksIn(const fs::path& trace, const std::string& function) const {
    const auto rows = TopOf(trace, {"-n", "1000", "--metric", "total", "--by", "function"});
    return SumOfFunction(rows, function, "total").blocks;
  }
};

TEST_F(Processes, ForkUnderLoad) {
  const ShimRun run = ExpectSoundRun(Command{Program("fork_under_load")}.Within(std::chrono::seconds(50)));
  EXPECT_EQ(run.out, "40 forks, 0 failed\n");
  EXPECT_EQ(run.traces.size(), 81u) << "the parent, 40 children, 40 grandchildren";
  int checked = 0;
  for (const fs::path& trace : run.traces) {
    if (trace == run.trace || ++checked % 10 != 0) continue;  // every tenth: reading them takes longest here
    EXPECT_EQ(BlocksIn(trace, "AllocateSome"), 2 * 777u) << trace;
  }
}

TEST_F(Processes, ForkedChildSeesItsParentsBlocksFreed) {
  // The child frees what the parent allocated: frees of blocks that its own trace does not know.
  const ShimRun run = RunUnderShim({"/usr/bin/python3", "-c",
                                    "import os\nb = [bytes(10000) for _ in range(1000)]\n"
                                    "if os.fork() == 0:\n    del b\n    os._exit(0)\nos.wait()\n"});
  EXPECT_EQ(EndOf(run), "exit code 0") << run.err;
  ASSERT_EQ(run.traces.size(), 2u);
  const fs::path child = run.traces[0] == run.trace ? run.traces[1] : run.traces[0];
  EXPECT_GE(SummaryOf(child).unknown_frees, 1000u);
  EXPECT_EQ(SummaryOf(run.trace).unknown_frees, 0u);
}

TEST_F(Processes, VforkAndSpawnLeaveTheParentsTraceWhole) {
  const ShimRun run = ExpectSoundRun({Program("vfork_spawn")});
  EXPECT_EQ(BlocksIn(run.trace, "Allocate1000"), 3000u);
  EXPECT_EQ(SummaryOf(run.trace).end, "exit") << "not what a child made of it";
}

TEST_F(Processes, ExecChainLeavesATraceOfEachStage) {
  const ShimRun run = RunUnderShim({Program("exec_chain"), "9"});
  EXPECT_EQ(EndOf(run), "exit code 0") << run.out << run.err;
  ASSERT_EQ(run.traces.size(), 10u) << "the same process, ten programs";
  for (const fs::path& trace : run.traces) EXPECT_EQ(BlocksIn(trace, "main"), 100u) << trace;
}

// There was a limit of 1,024 arguments, and E2BIG beyond.
TEST_F(Processes, ExeclTakesAnyNumberOfArguments) {
  const ShimRun run = RunUnderShim({Program("exec_many")});
  EXPECT_EQ(EndOf(run), "exit code 0") << run.err;
  EXPECT_EQ(run.out, "first: 2002 arguments, (not set)\nsecond: 2002 arguments, set\n");
}

TEST_F(Processes, ExecThatFailsGoesOnRecording) {
  const ShimRun run = ExpectSoundRun({"/bin/bash", "-c",
                                      "shopt -s execfail; exec /no/such/program 2>/dev/null; "
                                      "for i in {1..2000}; do a[$i]=$i; done; exit 0"});
  EXPECT_EQ(SummaryOf(run.trace).end, "exit");
  EXPECT_GT(SummaryOf(run.trace).allocs, 2000u);
}

TEST_F(Processes, OtherPreloadsStayAndFollowCanBeTurnedOff) {
  const Command chain = Command{Program("exec_chain"), "1"}.With("LD_PRELOAD", Plugin("counting_malloc"));
  EXPECT_EQ(RunUnderShim(chain).out, "end " + ShimPath() + ":" + Plugin("counting_malloc") + "\n");
  const ShimRun alone =
      RunUnderShim(chain.With("MEMTRACE_FOLLOW", "0").With("MEMTRACE_OUT", traces() / "f%p.mtr"));
  EXPECT_EQ(alone.out, "end " + Plugin("counting_malloc") + "\n");
  const ShimRun unset = RunUnderShim(Command{Program("exec_chain"), "1"}.With("MEMTRACE_FOLLOW", "0"));
  EXPECT_EQ(unset.out, "end (not set)\n");
}

TEST_F(Processes, NotFollowedChildrenLeaveNoTrace) {
  const ShimRun run = RunUnderShim(
      Command{"/bin/bash", "-c", "/bin/ls / > /dev/null; /bin/true; exit 0"}.With("MEMTRACE_FOLLOW", "0"));
  for (const fs::path& trace : run.traces) {
    EXPECT_THAT(trace.filename().string(), testing::StartsWith("bash."))
        << "forks of bash may, exec'd programs not";
  }
}

TEST_F(Processes, FollowedChildrenLeaveTheirs) {
  const ShimRun run =
      RunUnderShim({"/bin/bash", "-c", "/bin/ls / > /dev/null; /bin/date > /dev/null; exit 0"});
  std::vector<std::string> names;
  for (const fs::path& trace : run.traces) names.push_back(trace.filename());
  EXPECT_THAT(names, testing::Contains(testing::StartsWith("ls.")));
  EXPECT_THAT(names, testing::Contains(testing::StartsWith("date.")));
}

TEST_F(Processes, ProgramsThatCloseEveryDescriptor) {
  for (const char* how : {"close", "close_range", "closefrom"}) {
    const ShimRun run = RunUnderShim(Command{Program("closes_all"), work(), how}.With(
        "MEMTRACE_OUT", traces() / (std::string(how) + ".%p.mtr")));
    EXPECT_EQ(EndOf(run), "exit code 0") << how << ": 5 means that the program's own files were written to";
    EXPECT_EQ(BlocksIn(run.trace, "main"), 200000u) << how;
  }
}

TEST_F(Processes, Daemon) {
  const ShimRun run = RunUnderShim({Program("daemon"), root() / "done"});
  EXPECT_EQ(EndOf(run), "exit code 0");
  ASSERT_TRUE(Await([&] { return fs::exists(root() / "done"); }, std::chrono::seconds(10)));
  // The daemon is not our child: its end shows in its trace.
  const auto ended_whole = [&] {
    const ShimRun now = WithTraces(run);
    for (const fs::path& trace : now.traces) {
      if (BlocksIn(trace, "main") == 5000 && SummaryOf(trace).end == "exit") return true;
    }
    return false;
  };
  EXPECT_TRUE(Await(ended_whole, std::chrono::seconds(10)));
}

TEST_F(Processes, ForkedChildWritesBesideItsParent) {
  // A daemon goes to "/", where it may not even write; its trace belongs where its parent's is.
  const Outcome outcome = e2e::Run(
      Plain(Command{"/bin/bash", "-c", "mkdir far; cd far; (for i in {1..50}; do a[$i]=$i; done; :); exit 0"})
          .With("LD_PRELOAD", ShimPath())
          .With("MEMTRACE_FOLLOW", "0"));
  EXPECT_EQ(EndOf(outcome), "exit code 0");
  EXPECT_TRUE(fs::is_empty(work() / "far")) << fs::directory_iterator(work() / "far")->path();
}

TEST_F(Processes, SetUserIdProgramsAreLeftAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make a set-user-id program";
  const fs::path copy = root() / "id";
  fs::copy_file("/usr/bin/id", copy);
  if (chown(copy.c_str(), 65534, 65534) != 0 || chmod(copy.c_str(), 04755) != 0)
    GTEST_SKIP() << "cannot chown";
  const Outcome plain = Run({copy, "-un"});
  if (plain.out != "nobody\n") GTEST_SKIP() << "this file system ignores set-user-id bits";
  const ShimRun run = RunUnderShim({copy, "-un"});
  EXPECT_EQ(run.out, plain.out);
  EXPECT_TRUE(run.traces.empty()) << "the linker does not preload into such programs";
  const Outcome by_command = Memtrace({"run", "--", copy, "-un"});
  EXPECT_EQ(by_command.out, plain.out);
  EXPECT_THAT(by_command.err, testing::HasSubstr("set-uid"));
}

TEST_F(Processes, StaticProgramsAreLeftAlone) {
  const Outcome outcome = Memtrace({"run", "--", Program("static_program")});
  EXPECT_EQ(outcome.out, "done\n");
  EXPECT_EQ(EndOf(outcome), "exit code 0");
  EXPECT_THAT(outcome.err, testing::HasSubstr("static"));
}

TEST_F(Processes, StrictSeccompChild) {
  ExpectSameBehaviour({Program("seccomp_strict")});
  const ShimRun run = RunUnderShim({Program("seccomp_strict")});
  EXPECT_EQ(run.out, "child ended with 21\n");
}

}  // namespace
}  // namespace memtrace::e2e
