// SPDX-License-Identifier: MIT
// CPython under the recorder. What is in the traces is read by tests/programs/python/read_trace.py, which
// knows the format's text and nothing of the analyzer; what should be in them is what tracemalloc says in the
// same process.
//
// The interpreters: Debian's /usr/bin/python3, and those named in MEMTRACE_TEST_PYTHONS (paths, parted by
// colons).
#include <cstdlib>
#include <sstream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;

constexpr char kDebianPython[] = "/usr/bin/python3";

std::vector<std::string> Interpreters() {
  std::vector<std::string> found{kDebianPython};
  const char* more = std::getenv("MEMTRACE_TEST_PYTHONS");
  std::istringstream list(more == nullptr ? "" : more);
  for (std::string path; std::getline(list, path, ':');) found.push_back(path);
  return found;
}

std::string Script(const std::string& name) {
  return std::string(MEMTRACE_SOURCE_ROOT) + "/tests/programs/python/" + name;
}

class Python : public EndToEnd {
 protected:
  void SetUp() override {
    if (!IsInstalled("python3")) GTEST_SKIP() << "python3 is not installed";
  }

  Command Running(const std::string& interpreter, const std::string& script,
                  std::vector<std::string> options = {}) {
    std::vector<std::string> words{interpreter};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(Script(script));
    return Command(words).With("MEMTRACE_COMPRESS", "0").With("PYTHONDONTWRITEBYTECODE", "1");
  }

  json Read(const fs::path& trace, std::vector<std::string> options = {}) {
    std::vector<std::string> words{kDebianPython, Script("read_trace.py"), trace.string()};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome outcome = Run(Command(words));
    EXPECT_TRUE(outcome.Succeeded()) << outcome.err;
    return outcome.Succeeded() ? json::parse(outcome.out) : json{{"rows", json::array()}};
  }

  // The only trace of a run with Python in it (threads of other programs, such as a shell's, leave none).
  ShimRun Record(const Command& command) {
    const ShimRun run = RunUnderShim(command);
    EXPECT_TRUE(run.Succeeded()) << EndOf(run) << "\n" << run.err;
    EXPECT_FALSE(run.trace.empty());
    return run;
  }
};

bool IsPythons(const json& row) {
  return row["kind"] == "PyMem" || row["kind"] == "PyObject";
}

// Blocks of that size whose stack has a frame of `function`.
int BlocksUnder(const json& report, const std::string& function, int size) {
  int blocks = 0;
  for (const json& row : report["rows"]) {
    bool is_under = false;
    for (const std::string frame : row["stack"]) {
      const std::string name = frame.substr(0, frame.rfind(':'));
      is_under |= name == function || name.ends_with("." + function);
    }
    if (is_under && IsPythons(row)) blocks += row["sizes"].value(std::to_string(size), 0);
  }
  return blocks;
}

// ---- exactness

struct Mode {
  const char* name;
  const char* variable;  // PYTHONMALLOC; null: not set
  std::vector<std::string> options;
};

void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.name;
}

class PythonModes : public Python, public testing::WithParamInterface<Mode> {};

TEST_P(PythonModes, TotalsAreTracemallocsToTheByte) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    Command command = Running(interpreter, "totals.py", GetParam().options);
    if (GetParam().variable != nullptr) command = command.With("PYTHONMALLOC", GetParam().variable);
    const ShimRun run = Record(command);
    const json truth = json::parse(run.out);
    const json report = Read(run.trace, {"--after", "1111112", "--until", "1234568"});

    std::uint64_t bytes = 0;
    std::map<std::string, std::array<std::int64_t, 2>> lines;
    for (const json& row : report["rows"]) {
      if (!IsPythons(row)) continue;
      bytes += row["bytes"].get<std::uint64_t>();
      if (row["file"] != Script("totals.py")) continue;
      auto& line = lines[std::to_string(row["line"].get<int>())];
      line[0] += row["bytes"].get<std::int64_t>();
      line[1] += row["blocks"].get<std::int64_t>();
    }
    EXPECT_EQ(bytes, truth["bytes"].get<std::uint64_t>());
    EXPECT_GT(bytes, 2'000'000u);

    // Line by line; but to 3.12 a free list hands out a block or two, small, of another line.
    const bool sees_reuse = report.value("reuse", 0) == 1;
    EXPECT_EQ(sees_reuse, std::stoi(report["runtimes"].at(0)["version"].get<std::string>().substr(2)) >= 13);
    const std::int64_t others_blocks = sees_reuse ? 0 : 2, others_bytes = sees_reuse ? 0 : 200;
    int compared = 0;
    for (const auto& [line, amount] : truth["lines"].items()) {
      if (amount[1] < 100) continue;  // the measuring itself
      ++compared;
      EXPECT_LE(std::abs(lines[line][1] - amount[1].get<std::int64_t>()), others_blocks) << "line " << line;
      EXPECT_LE(std::abs(lines[line][0] - amount[0].get<std::int64_t>()), others_bytes) << "line " << line;
    }
    EXPECT_GE(compared, 6);
  }
}

INSTANTIATE_TEST_SUITE_P(AllocatorsOf, PythonModes,
                         testing::Values(Mode{"Default", nullptr, {}}, Mode{"Malloc", "malloc", {}},
                                         Mode{"Pymalloc", "pymalloc", {}}, Mode{"Debug", "debug", {}},
                                         Mode{"MallocDebug", "malloc_debug", {}},
                                         Mode{"DevMode", nullptr, {"-X", "dev"}}),
                         [](const auto& param) { return param.param.name; });

// ---- stacks

TEST_F(Python, EveryWayToBeInPythonCodeIsSeen) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const ShimRun run = Record(Running(interpreter, "shapes.py"));
    const json report = Read(run.trace, {"--until", "77778"});
    constexpr int kBlock = 133;  // of bytes(100)
    const std::map<std::string, int> expected{{"in_coroutines", 300},
                                              {"in_finally", 32},
                                              {"in_exec", 35},
                                              {"in_eval", 500},
                                              {"at_the_bottom", 36},
                                              {"in_callback", 38},
                                              {"fill", 1315},
                                              {"in_method", 34},
                                              {"größe", 37},
                                              {"pieces", 31},
                                              {"run", 239 + (interpreter == kDebianPython ? 0 : 0)}};
    for (const auto& [function, blocks] : expected) {
      if (function == "run") continue;  // Thread.run, and asyncio's from some version on
      EXPECT_EQ(BlocksUnder(report, function, kBlock), blocks) << function;
    }
    EXPECT_GE(BlocksUnder(report, "run", kBlock), 239);
    EXPECT_EQ(report["unknown_frees"], 0);
    ASSERT_EQ(report["runtimes"].size(), 1u);
    EXPECT_EQ(report["runtimes"][0]["support"], 0) << report["runtimes"];

    std::size_t deepest = 0;
    for (const json& row : report["rows"]) deepest = std::max(deepest, row["stack"].size());
    EXPECT_GE(deepest, 902u);
  }
}

TEST_F(Python, GreenletsAreNeverTakenForEachOther) {
  if (!Run({kDebianPython, "-c", "import greenlet"}).Succeeded())
    GTEST_SKIP() << "python3-greenlet is not installed";
  const json report = Read(Record(Running(kDebianPython, "greenlets.py")).trace, {"--until", "77778"});
  std::map<int, int> blocks;  // by how many frames of body()
  for (const json& row : report["rows"]) {
    int frames = 0;
    for (const std::string frame : row["stack"]) frames += frame.starts_with("body:");
    if (row["function"] == "fill") blocks[frames] += row["sizes"].value("133", 0);
  }
  ASSERT_EQ(blocks.size(), 20u);
  for (const auto& [frames, count] : blocks) EXPECT_EQ(count, 50) << frames;
}

// A comparison with what is remembered of a stack once read memory that CPython had unmapped: the program died.
TEST_F(Python, FramesThatAreGoneAreNotLookedAt) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const ShimRun run = Record(Running(interpreter, "gone_frames.py")
                                   .With("MALLOC_MMAP_THRESHOLD_", "100000")
                                   .With("MALLOC_TRIM_THRESHOLD_", "4096"));
    EXPECT_EQ(run.out, "ok\n");
  }
}

TEST_F(Python, SurvivesDisorder) {
  for (const std::string& interpreter : Interpreters()) {
    for (const std::string allocator : {"default", "malloc", "debug"}) {
      SCOPED_TRACE(interpreter + " " + allocator);
      Command command = Running(interpreter, "disorder.py", {"-W", "ignore"});
      command.argv.push_back("1");
      const ShimRun run = Record(command.With("PYTHONMALLOC", allocator));
      EXPECT_EQ(run.out, "fine\n");
      EXPECT_EQ(MemtraceJson({"summary", run.trace.string()})["heap"]["mismatched_frees"], 0);
    }
  }
}

TEST_F(Python, BlocksOfMallocHaveBothStacksAndAreThereOnce) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const json report = Read(Record(Running(interpreter, "shapes.py")).trace, {"--until", "77778"});
    int own = 0, large = 0;
    for (const json& row : report["rows"]) {
      const int of_own = row["sizes"].value("54321", 0), of_large = row["sizes"].value("65433", 0);
      own += of_own;
      large += of_large;
      if (of_own + of_large == 0) continue;
      EXPECT_EQ(row["function"], "native_blocks");
      EXPECT_EQ(row["stack"].back(), "native");
      EXPECT_NE(row["stack"].front(), "native") << "frames outside of the eval loop: " << row["stack"];
      EXPECT_EQ(row["kind"] == "malloc", of_own != 0) << row;
    }
    EXPECT_EQ(own, 1);
    EXPECT_EQ(large, 1);
  }
}

TEST_F(Python, DepthLimitKeepsTheInnermostFrames) {
  const json report = Read(Record(Running(kDebianPython, "shapes.py").With("MEMTRACE_DEPTH", "3")).trace,
                           {"--until", "77778"});
  EXPECT_EQ(BlocksUnder(report, "fill", 133), 1315);
  EXPECT_EQ(BlocksUnder(report, "in_method", 133), 34);
  for (const json& row : report["rows"]) {
    if (!IsPythons(row)) continue;
    EXPECT_LE(row["stack"].size(), 4u) << row["stack"];  // and one that says that more was there
  }
}

TEST_F(Python, ArenasAreTheirOwnKindAndHoldTheSmallBlocks) {
  const json report = Read(Record(Running(kDebianPython, "shapes.py")).trace, {"--until", "77778"});
  const json& arenas = report["arenas"];
  EXPECT_GE(arenas["bytes"], 1 << 20);
  EXPECT_GT(arenas["live_bytes"], 1'000'000);
  // Blocks that were large once and shrank stay where malloc had put them.
  EXPECT_LT(arenas["outside"], 10'000);
}

// What C extensions ask malloc for has the Python line that called them, also in threads and without the
// lock.
TEST_F(Python, CompressorsBlocksAreUnderThePythonLine) {
  const char* code =
      "import zlib, threading\n"
      "kept = []\n"
      "def compressor():\n"
      "    kept.append(zlib.compressobj(1))\n"
      "compressor()\n"
      "t = threading.Thread(target=compressor); t.start(); t.join()\n"
      "end = bytearray(77777)\n";
  for (const std::string& interpreter : Interpreters()) {
    const ShimRun run = Record(Command{interpreter, "-c", code}.With("MEMTRACE_COMPRESS", "0"));
    const json report = Read(run.trace, {"--until", "77778"});
    int states = 0;
    for (const json& row : report["rows"]) {
      if (row["function"] == "compressor" && !IsPythons(row) && row["bytes"] > 5000)
        states += int{row["blocks"]};
    }
    EXPECT_GE(states, 2) << interpreter;
  }
}

TEST_F(Python, AllocatorsMayBeCalledWithoutTheLock) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const Command command = Running(interpreter, "without_lock.py");
    if (Run(command).err == "crashes\n") continue;
    const ShimRun run = Record(command);
    EXPECT_EQ(run.out, "end\n");
    int found = 0;
    const json report = Read(run.trace, {"--until", "77778"});
    for (const json& row : report["rows"]) {
      if (row["sizes"].value("54321", 0) == 0) continue;
      ++found;
      EXPECT_EQ(row["kind"], "PyMem");
      EXPECT_EQ(row["function"], "<module>") << row["stack"];
    }
    EXPECT_EQ(found, 1);
  }
}

// Small objects share readings of the clock; not so far that a block were freed before it is there.
TEST_F(Python, BlocksThatThreadsHandOverAreInOrder) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const ShimRun run = Record(Running(interpreter, "hand_over.py"));
    EXPECT_EQ(run.out, "end\n");
    const json heap = MemtraceJson({"summary", run.trace.string()})["heap"];
    EXPECT_EQ(heap["unknown_frees"], 0);
    EXPECT_EQ(heap["mismatched_frees"], 0);
    EXPECT_GT(heap["frees"], 100000);
    EXPECT_LT(heap["allocations"].get<int>() - heap["frees"].get<int>(), 20000) << "what the interpreter keeps";
  }
}

TEST_F(Python, CanBeSwitchedOff) {
  const json report = Read(Record(Running(kDebianPython, "shapes.py").With("MEMTRACE_PYTHON", "0")).trace);
  EXPECT_TRUE(report["runtimes"].empty());
  EXPECT_TRUE(report["functions"].empty());
  for (const json& row : report["rows"]) EXPECT_FALSE(IsPythons(row)) << row;
}

TEST_F(Python, AnInterpreterThatShowsNothingIsSpokenOf) {
  fs::copy_file("/bin/true", work() / "python3.99");
  const ShimRun run = Record(Command{(work() / "python3.99").string()});
  const json report = Read(run.trace);
  ASSERT_EQ(report["runtimes"].size(), 1u);
  EXPECT_EQ(report["runtimes"][0]["support"], 2);
  EXPECT_THAT(report["runtimes"][0]["why"].get<std::string>(), testing::HasSubstr("not visible"));
}

// ---- processes

TEST_F(Python, AForkedChildTellsItsOwnStory) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const ShimRun run = Record(Running(interpreter, "forks.py"));
    EXPECT_EQ(run.out, "7\n");
    EXPECT_EQ(WithoutOwnLines(run.err), "");
    for (const fs::path& trace : run.traces) {
      if (trace == run.trace) continue;
      const json report = Read(trace);
      EXPECT_EQ(BlocksUnder(report, "known_to_both", 133), 50);
      EXPECT_EQ(BlocksUnder(report, "only_in_the_child", 133), 60);
    }
    EXPECT_EQ(BlocksUnder(Read(run.trace, {}), "only_in_the_child", 133), 0);
    for (const fs::path& trace : run.traces) fs::remove(trace);
  }
}

TEST_F(Python, SubInterpretersAreSeen) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const ShimRun run = Record(Running(interpreter, "interpreters.py"));
    EXPECT_THAT(Read(run.trace)["functions"], testing::Contains("in_interpreter"));
  }
}

TEST_F(Python, DaemonThreadsMayOutliveTheInterpreter) {
  for (const std::string& interpreter : Interpreters()) {
    for (int i = 0; i < 3; ++i) {
      const ShimRun run = Record(Running(interpreter, "daemons.py"));
      EXPECT_EQ(run.out, "end\n") << interpreter;
    }
  }
}

// The runtime library beside an interpreter, as the interpreter itself names it.
TEST_F(Python, AProgramMayOpenItRunItThriceAndCloseIt) {
  for (const std::string& interpreter : Interpreters()) {
    SCOPED_TRACE(interpreter);
    const Outcome where = Run({interpreter, "-c",
                               "import sysconfig as s, sys; print(s.get_config_var('LIBDIR') + '/' + "
                               "s.get_config_var('INSTSONAME')); print(sys.base_prefix)"});
    std::istringstream lines(where.out);
    std::string library, home;
    std::getline(lines, library);
    std::getline(lines, home);
    if (!fs::exists(library)) {
      const std::string debian = "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0";
      if (interpreter != kDebianPython || !fs::exists(debian)) continue;
      library = debian;
    }
    const ShimRun run = Record(Command{Program("embeds_python"), library, library}
                                   .With("PYTHONHOME", home)
                                   .With("MEMTRACE_COMPRESS", "0"));
    EXPECT_EQ(run.out, "round 0\nround 1\nround 2\nround 0\nround 1\nround 2\n");
    const json report = Read(run.trace);
    EXPECT_GE(report["runtimes"].size(), 2u) << "opened twice";
    EXPECT_THAT(report["functions"], testing::Contains("embedded"));
  }
}

// ---- the host program comes first

TEST_F(Python, BehavesAsWithoutUs) {
  for (const char* script : {"shapes.py", "forks.py", "interpreters.py"}) {
    SCOPED_TRACE(script);
    ExpectSameBehaviour(Running(kDebianPython, script));
  }
}

// Debian's package of CPython's own tests. One is known to fail: test_sys.test_debugmallocstats, for CPython
// looks whether the function in its table is pymalloc's; it fails in the same way under tracemalloc.
class CPythonsOwnTests : public Python, public testing::WithParamInterface<const char*> {};

TEST_P(CPythonsOwnTests, PassAsWithoutUs) {
  const Outcome there = Run({kDebianPython, "-c", "import test.test_code"});
  if (!there.Succeeded()) GTEST_SKIP() << "CPython's tests are not installed (libpython3.11-testsuite)";
  const Command command{kDebianPython, "-m", "unittest", "-q", std::string("test.") + GetParam()};
  const Outcome plain = Run(command);
  const ShimRun ours = RunUnderShim(command);
  EXPECT_EQ(EndOf(ours), EndOf(plain)) << ours.err;
}

INSTANTIATE_TEST_SUITE_P(Module, CPythonsOwnTests,
                         testing::Values("test_code", "test_generators", "test_coroutines", "test_frame",
                                         "test_list", "test_exceptions", "test_contextlib", "test_raise",
                                         "test_sys_setprofile", "test_weakref", "test_tracemalloc",
                                         "test_fork1", "test_memoryview"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace memtrace::e2e
