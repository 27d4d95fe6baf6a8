// SPDX-License-Identifier: MIT
// Process memory by cause: programs whose memory has one known cause, and what summary makes of it. The parts
// must add up to what the kernel says the process has, and next to nothing may be left unexplained.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>

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

// Those that Debian has and that are installed; "": glibc's.
std::vector<std::string> Allocators() {
  std::vector<std::string> libraries = {""};
  for (const char* library : {"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"}) {
    if (fs::exists(fs::path("/usr/lib/x86_64-linux-gnu") / library)) libraries.emplace_back(library);
  }
  return libraries;
}

Command ServedBy(const std::string& library, const Command& command) {
  return library.empty() ? command : command.With("LD_PRELOAD", library);
}

// malloc_usable_size is each allocator's own word for what a block of a size takes.
TEST_F(ProcessMemory, RoundingIsOverheadWhicheverAllocatorServes) {
  for (const std::string& library : Allocators()) {
    SCOPED_TRACE(library);
    const ShimRun run = RunUnderShim(ServedBy(library, Command{Program("memory_causes"), "sizes"}));
    ASSERT_TRUE(run.Succeeded()) << run.err;
    const double usable = std::stod(run.out);
    const json summary = MemtraceJson({"summary", "--at", "end", run.trace});
    const json& chosen = summary["process_memory"]["chosen"];
    ExpectExplained(chosen);
    const auto asked = summary["live"]["bytes"].get<double>();
    const double headers = library.empty() ? 8 * summary["live"]["blocks"].get<double>() : 0;
    EXPECT_NEAR(Cause(chosen, "live"), asked, 0.01 * asked);
    EXPECT_NEAR(Cause(chosen, "overhead"), usable + headers - asked, 0.1 * (usable - asked) + 0.02 * kMiB);
  }
}

// Also the piece of the heap that the allocator maps for the first block of all.
TEST_F(ProcessMemory, NothingIsUnexplainedWhicheverAllocatorServes) {
  for (const std::string& library : Allocators()) {
    SCOPED_TRACE(library);
    const ShimRun run = RunUnderShim(ServedBy(library, Command{Program("memory_causes"), "pinned"}));
    ASSERT_TRUE(run.Succeeded()) << run.err;
    const json process = ProcessOf(run.trace);
    ExpectExplained(process["highest"]);
    ExpectExplained(process["end"]);
    EXPECT_NEAR(Cause(process["end"], "live"), 100e3, 100e3);
    EXPECT_NEAR(Cause(process["end"], "kept"), 101e6, 10e6);
    for (const json& reading : MemtraceJson({"timeline", "--process", run.trace})["readings"]) {
      EXPECT_LT(Cause(reading, "unexplained"), 0.02 * reading["resident_bytes"].get<double>()) << reading;
    }
  }
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

// A container's first process calls itself 1, as does another one outside.
TEST_F(ProcessMemory, OfARunningProcessInANamespaceOfItsOwn) {
  const std::vector<std::string> apart = {"unshare", "--map-root-user", "--pid", "--fork", "--kill-child"};
  std::vector<std::string> probe = apart;
  probe.emplace_back("true");
  if (!IsInstalled("unshare") || !e2e::Run(Command{probe}).Succeeded()) {
    GTEST_SKIP() << "no namespaces to be had here";
  }
  Command command{apart};
  command.argv.insert(command.argv.end(), {Program("memory_causes"), "wait"});
  Background running(Shimmed(command.With("MEMTRACE_OUT", traces() / "%e.%p.mtr")));
  ASSERT_TRUE(running.AwaitOutput("touched", std::chrono::seconds(20)));
  const fs::path trace = traces() / "memory_causes.1.mtr";
  const json summary = MemtraceJson({"summary", trace});
  EXPECT_TRUE(summary["trace"]["is_running"]);
  ExpectExplained(summary["process_memory"]["end"]);
  EXPECT_EQ(Cause(summary["process_memory"]["end"], "mapped"), 24 * kMiB);
  running.Signal(SIGKILL);  // unshare passes nothing else on
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

// 100 MB live at the mark in the middle, and nothing to speak of at the end.
TEST_F(ProcessMemory, AtAChosenMoment) {
  const ShimRun run = RunMode("pinned");
  ASSERT_TRUE(run.Succeeded()) << run.err;
  const auto at = [&](const std::string& when) {
    return MemtraceJson({"summary", "--at", when, run.trace})["process_memory"];
  };
  const json filled = at("filled");
  ExpectExplained(filled["chosen"]);
  EXPECT_NEAR(Cause(filled["chosen"], "live"), 100e6, 3e6);
  EXPECT_FALSE(filled["freed_but_kept"]["applies"]);
  EXPECT_EQ(filled["chosen"]["moment"], "at mark \"filled\"");
  EXPECT_NEAR(Cause(filled["end"], "live"), 100e3, 20e3);  // as without --at
  const json end = at("end");
  EXPECT_EQ(end["chosen"]["time_ns"], end["end"]["time_ns"]);
  EXPECT_TRUE(end["freed_but_kept"]["applies"]);
  EXPECT_NEAR(Cause(at("peak")["chosen"], "live"), 100e6, 3e6);
  // The reading at the mark is the one next to its time, written as a time.
  const std::string time = std::to_string(filled["chosen"]["moment_time_ns"].get<std::uint64_t>()) + "ns";
  EXPECT_EQ(at(time)["chosen"]["time_ns"], filled["chosen"]["time_ns"]);
  const Outcome text = Memtrace({"summary", "--at", "ready", run.trace});
  EXPECT_THAT(text.out, HasSubstr("Process memory at mark \"ready\""));
  EXPECT_THAT(text.out, HasSubstr("read at 00:0"));
  EXPECT_THAT(text.out, HasSubstr("Freed, but it did not go back until then"));
  EXPECT_THAT(text.out, HasSubstr("Lines that hold the most at mark \"ready\""));
  const Outcome wrong = Memtrace({"summary", "--at", "redy", run.trace});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("\"redy\" is no moment"));
}

TEST_F(ProcessMemory, CausesSideBySideAtAChosenMoment) {
  const std::string pinned = RunMode("pinned").trace.string();
  const std::string mapped = RunMode("mapped").trace.string();
  const std::vector<std::string> traces = {"pinned=" + pinned, "mapped=" + mapped};
  const auto compare = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "compare");
    words.insert(words.end(), traces.begin(), traces.end());
    return words;
  };
  const json rows = MemtraceJson(compare({"--causes", "--at", "ready"}))["rows"];
  EXPECT_NEAR(rows[0]["process_causes"]["kept"].get<double>(), 100.7e6, 3e6);
  EXPECT_EQ(rows[1]["process_causes"]["mapped"], 24 * kMiB);
  EXPECT_NEAR(MemtraceJson(compare({}))["rows"][0]["process_causes"]["live"].get<double>(), 100e6, 3e6);

  const Outcome text = Memtrace(compare({"--causes", "--at", "ready"}));
  EXPECT_THAT(text.out, testing::ContainsRegex("at mark \"ready\" +pinned +mapped"));
  EXPECT_THAT(text.out, testing::ContainsRegex("mapped by the program +0 B +24.0 MiB"));
  EXPECT_THAT(text.out, testing::ContainsRegex("read at +00:[^ ]+"));
  const Outcome markdown = Memtrace(compare({"--causes", "--at", "ready", "--markdown"}));
  EXPECT_THAT(markdown.out, HasSubstr("| run, at mark \"ready\" | live blocks |"));
  const Outcome csv = Memtrace(compare({"--causes", "--csv"}));
  EXPECT_THAT(csv.out,
              HasSubstr(",process_read_at_seconds,process_bytes,live_bytes,overhead_bytes,kept_bytes,"));
  const auto columns = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  std::istringstream lines(csv.out);
  std::string head;
  std::getline(lines, head);
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(columns(line), columns(head)) << line;

  const Outcome alone = Memtrace(compare({"--at", "ready"}));
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.err, HasSubstr("it needs --causes"));
  const Outcome unknown = Memtrace(compare({"--causes", "--at", "filled"}));
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("mapped: \"filled\" is no moment"));
}

}  // namespace
}  // namespace memtrace::e2e
