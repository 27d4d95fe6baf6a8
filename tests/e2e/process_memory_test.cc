// SPDX-License-Identifier: MIT
// Process memory by cause: programs whose memory has one known cause, and what summary makes of it. The parts
// must add up to what the kernel says the process has, and next to nothing may be left unexplained.
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr double kMiB = 1 << 20;

class ProcessMemory : public EndToEnd {
 protected:
  ShimRun RunMode(const std::string& mode, const std::string& argument = "") {
    Command command{Program("memory_causes"), mode};
    if (!argument.empty()) command.argv.push_back(argument);
    return RunUnderShim(command);
  }

  json ProcessOf(const fs::path& trace) { return MemtraceJson({"summary", trace})["process_memory"]; }

  static double Cause(const json& split, const std::string& name) {
    return split["causes"][name].get<double>();
  }

  // The parts are what the kernel's own sum says, and all are explained.
  static void ExpectExplained(const json& split) {
    const auto all = split["resident_bytes"].get<double>();
    double sum = 0;
    for (const auto& [name, bytes] : split["causes"].items()) sum += bytes.get<double>();
    EXPECT_EQ(sum, all);
    // The kernel keeps its sum by thread, and is behind by up to 64 pages of each.
    EXPECT_NEAR(split["kernel_resident_bytes"].get<double>(), all, 0.02 * all + kMiB);
    EXPECT_LT(Cause(split, "unexplained"), 0.02 * all) << split.dump(1);
  }

  static std::size_t LineOf(const std::string& label) {
    std::ifstream source(fs::path(MEMTRACE_SOURCE_ROOT) / "tests/programs/memory_causes.c");
    std::size_t number = 0;
    for (std::string line; std::getline(source, line);) {
      ++number;
      if (line.find("// LINE " + label) != std::string::npos) return number;
    }
    ADD_FAILURE() << "no line " << label;
    return 0;
  }
};

TEST_F(ProcessMemory, FreedBlocksStayBelowTheFewThatArePinned) {
  const ShimRun run = RunMode("pinned");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const json process = ProcessOf(run.trace);
  ExpectExplained(process["highest"]);
  ExpectExplained(process["end"]);
  // 100,000 blocks of 1000 bytes, a hundred of them kept; each takes 1008.
  EXPECT_NEAR(Cause(process["highest"], "live"), 100e6, 3e6);
  EXPECT_NEAR(Cause(process["highest"], "overhead"), 0.8e6, 0.1e6);
  EXPECT_NEAR(Cause(process["end"], "live"), 100e3, 20e3);
  EXPECT_NEAR(Cause(process["end"], "kept"), 100.7e6, 3e6);
  const json& kept = process["freed_but_kept"];
  EXPECT_TRUE(kept["applies"]);
  ASSERT_FALSE(kept["pinned_by"].empty());
  EXPECT_EQ(kept["pinned_by"][0]["blocks"], 100);
  EXPECT_EQ(kept["pinned_by"][0]["line"], LineOf("block"));
  // Whole pages between the blocks: malloc_trim gives them back.
  EXPECT_NEAR(kept["trim_would_return_bytes"].get<double>(), 100e6, 3e6);

  const Outcome text = Memtrace({"summary", run.trace});
  EXPECT_THAT(text.out, HasSubstr("Freed, but it did not go back"));
  EXPECT_THAT(text.out, HasSubstr("memory_causes.c:" + std::to_string(LineOf("block"))));
  EXPECT_THAT(text.out, HasSubstr("malloc_trim(0)"));
}

TEST_F(ProcessMemory, JemallocServesTheSameProgram) {
  for (const char* how : {"option", "variable"}) {
    const std::string trace = (traces() / (std::string(how) + ".mtr")).string();
    const Outcome run = std::string(how) == "option"
                            ? Memtrace({"run", "-q", "--allocator", "jemalloc", "-o", trace, "--",
                                        Program("memory_causes"), "pinned"})
                            : e2e::Run(Shimmed(Command{Program("memory_causes"), "pinned"})
                                           .With("MEMTRACE_ALLOCATOR", "jemalloc")
                                           .With("MEMTRACE_OUT", trace));
    ASSERT_TRUE(run.Succeeded()) << how << run.err;
    EXPECT_EQ(run.out, "ready\n");
    const json process = ProcessOf(trace);
    ExpectExplained(process["highest"]);
    ExpectExplained(process["end"]);
    EXPECT_NEAR(Cause(process["highest"], "live"), 100e6, 3e6) << how;
    // Blocks of 1000 bytes are of the class of 1024.
    EXPECT_NEAR(Cause(process["highest"], "overhead"), 2.4e6, 0.2e6) << how;
  }
}

// jemalloc's own statistics are an independent truth for what its blocks take.
TEST_F(ProcessMemory, JemallocsOwnFiguresAgree) {
  const ShimRun run =
      RunUnderShim(Command{Program("memory_causes"), "pinned"}.With("MEMTRACE_ALLOCATOR", "jemalloc"));
  ASSERT_TRUE(run.Succeeded()) << run.err;
  std::size_t marks = 0;
  const json report = MemtraceJson({"timeline", "--process", run.trace});
  for (const json& reading : report["readings"]) {
    if (!reading.contains("jemalloc")) continue;
    ++marks;
    const double blocks = Cause(reading, "live") + Cause(reading, "overhead");
    // Blocks in its threads' caches count as given out.
    EXPECT_NEAR(reading["jemalloc"]["allocated_bytes"].get<double>(), blocks, 0.01 * blocks + kMiB);
  }
  EXPECT_EQ(marks, 2u);
}

TEST_F(ProcessMemory, WrongAllocatorsAreRefused) {
  const Outcome option = Memtrace({"run", "--allocator", "jemaloc", "--", "true"});
  EXPECT_EQ(option.exit_code, 125);
  EXPECT_THAT(option.err, HasSubstr("--allocator \"jemaloc\" is not known: jemalloc"));
  const ShimRun variable = RunUnderShim(Command{"true"}.With("MEMTRACE_ALLOCATOR", "dlmalloc"));
  EXPECT_TRUE(variable.Succeeded());
  EXPECT_THAT(variable.err, HasSubstr("MEMTRACE_ALLOCATOR=dlmalloc is not understood; allowed: jemalloc"));
  EXPECT_TRUE(variable.traces.empty());
}

TEST_F(ProcessMemory, ArenasOfThreads) {
  const ShimRun run = RunMode("arenas");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const json process = ProcessOf(run.trace);
  ExpectExplained(process["end"]);
  EXPECT_GE(process["end"]["kept"]["arenas"], 4);  // two may share one on a machine with few processors
  EXPECT_GT(process["end"]["kept"]["in_arenas_bytes"].get<double>(), 20e6);
  EXPECT_THAT(process["freed_but_kept"]["text"].get<std::string>(), HasSubstr("MALLOC_ARENA_MAX"));
}

TEST_F(ProcessMemory, MappedByTheProgramAsFarAsItIsThere) {
  const ShimRun run = RunMode("mapped");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const json process = ProcessOf(run.trace);
  ExpectExplained(process["end"]);
  EXPECT_EQ(Cause(process["end"], "mapped"), 24 * kMiB);  // zeros that were only read are nobody's memory
  ASSERT_FALSE(process["mapped"].empty());
  EXPECT_EQ(process["mapped"][0]["line"], LineOf("mapped"));
  EXPECT_EQ(process["mapped"][0]["bytes"], 40 * kMiB);
  EXPECT_EQ(process["mapped"][0]["resident_bytes"], 24 * kMiB);
  const Outcome text = Memtrace({"summary", run.trace});
  EXPECT_THAT(text.out, HasSubstr("memory_causes.c:" + std::to_string(LineOf("mapped")) +
                                  ": 24.0 MiB resident of 40.0 MiB"));
  EXPECT_THAT(text.out, Not(HasSubstr("did not go back")));
}

TEST_F(ProcessMemory, StacksOfThreads) {
  const ShimRun run = RunMode("stacks");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const json process = ProcessOf(run.trace);
  ExpectExplained(process["highest"]);
  EXPECT_GE(Cause(process["highest"], "stacks"), 16 * kMiB);
  EXPECT_LT(Cause(process["highest"], "stacks"), 17 * kMiB);
}

TEST_F(ProcessMemory, AMappedFileIsItsCallSites) {
  WriteFile(root() / "data", std::string(12 << 20, 'x'));
  const ShimRun run = RunMode("files", (root() / "data").string());
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const json process = ProcessOf(run.trace);
  ExpectExplained(process["end"]);
  EXPECT_EQ(Cause(process["end"], "mapped"), 12 * kMiB);
  EXPECT_EQ(process["mapped"][0]["line"], LineOf("file"));
}

TEST_F(ProcessMemory, AForkedChildHasItsParentsMemoryApart) {
  const ShimRun run = RunMode("forked");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  ASSERT_EQ(run.traces.size(), 2u);
  const fs::path child = run.traces[0] == run.trace ? run.traces[1] : run.traces[0];
  const json process = ProcessOf(child);
  ExpectExplained(process["end"]);
  EXPECT_NEAR(Cause(process["end"], "inherited"), 20 * kMiB, 0.5 * kMiB);
  EXPECT_NEAR(Cause(process["end"], "live"), 5 * 1024 * 1000, 0.3 * kMiB);
}

// The page cache's share of a library, thread-local variables, an interpreter's arenas: all has its row.
TEST_F(ProcessMemory, RealProgramsAreExplained) {
  const std::vector<Command> commands = {
      Command{"/usr/bin/python3", "-c", "import json; x = [str(i) for i in range(100000)]; del x[::2]"},
      Command{
          "/usr/bin/sqlite3", ":memory:",
          "create table t(a,b); with recursive c(i) as (select 1 union all select i+1 from c where i<30000) "
          "insert into t select i, hex(i) from c; create index i on t(b); select count(*) from t;"},
      Command{"/usr/bin/perl", "-e", "my %h; $h{$_} = \"x\" x 100 for 1..20000; print scalar(%h)"},
      Command{"/bin/bash", "-c", "for i in $(seq 2000); do a[$i]=$i; done; echo ${#a[@]}"}};
  for (const Command& command : commands) {
    if (!IsInstalled(fs::path(command.argv[0]).filename())) continue;
    const ShimRun run = RunUnderShim(command);
    ASSERT_TRUE(run.Succeeded()) << command.argv[0] << run.err;
    SCOPED_TRACE(command.argv[0]);
    const json process = ProcessOf(run.trace);
    ExpectExplained(process["highest"]);
    ExpectExplained(process["end"]);
  }
}

// What has been touched since the recorder looked, without an allocation, is there too.
TEST_F(ProcessMemory, OfARunningProcessAsItIsNow) {
  const fs::path trace = traces() / "running.mtr";
  Background running(Shimmed(Command{Program("memory_causes"), "wait"}.With("MEMTRACE_OUT", trace.string())));
  ASSERT_TRUE(running.AwaitOutput("touched", std::chrono::seconds(20)));
  const json process = ProcessOf(trace);
  ExpectExplained(process["end"]);
  EXPECT_EQ(Cause(process["end"], "mapped"), 24 * kMiB);
  running.Signal(SIGTERM);
  running.Finish();
}

TEST_F(ProcessMemory, TheSmallestProgramToo) {
  const ShimRun run = RunUnderShim(Command{"true"});
  ASSERT_FALSE(run.trace.empty());
  const json process = ProcessOf(run.trace);
  ASSERT_TRUE(process.is_object());
  ExpectExplained(process["end"]);
  EXPECT_FALSE(process["freed_but_kept"]["applies"]);
}

}  // namespace
}  // namespace memtrace::e2e
