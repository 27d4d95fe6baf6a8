// SPDX-License-Identifier: MIT
// Reports on real Python programs: their lines, with source text, in every report that shows places.
#include <algorithm>
#include <map>
#include <sstream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPython = "/usr/bin/python3";

std::string Script(const std::string& name) {
  return std::string(MEMTRACE_SOURCE_ROOT) + "/tests/programs/python/" + name;
}

// The number of the first line of a text that has `part` in it; 0 if none has.
std::uint64_t LineWith(const std::string& text, const std::string& part) {
  std::istringstream lines(text);
  std::uint64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find(part) != std::string::npos) return number;
  }
  return 0;
}

class PythonReports : public EndToEnd {
 protected:
  void SetUp() override {
    if (!IsInstalled(kPython)) GTEST_SKIP() << "python3 is not installed";
  }

  ShimRun RunPython(std::vector<std::string> words) const {
    words.insert(words.begin(), kPython);
    const ShimRun run = RunUnderShim(Command(std::move(words)).With("PYTHONHASHSEED", "0"));
    EXPECT_TRUE(run.Succeeded()) << EndOf(run) << run.err;
    EXPECT_FALSE(run.trace.empty());
    return run;
  }

  const Row* RowOf(const std::vector<Row>& rows, std::uint64_t line) const {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.line == line; });
    return found == rows.end() ? nullptr : &*found;
  }
};

// Line by line what tracemalloc counts in the same process at the same moment.
TEST_F(PythonReports, TheTopTenAreTracemallocs) {
  const ShimRun run = RunPython({Script("known_lines.py"), "trace"});
  const std::vector<Row> rows =
      TopOf(run.trace, {"--at", "full", "--domain", "python", "--include", "known_lines.py", "-n", "10000"});
  std::istringstream lines(run.out);
  std::uint64_t line = 0, bytes = 0, blocks = 0;
  std::size_t count = 0;
  while (lines >> line >> bytes >> blocks) {
    const Row* row = RowOf(rows, line);
    ASSERT_NE(row, nullptr) << "line " << line;
    EXPECT_EQ(row->amounts.at("live"), (Amount{bytes, blocks})) << "line " << line;
    ++count;
  }
  EXPECT_EQ(count, 10U);
}

TEST_F(PythonReports, ALeakingServiceIsToldFromAHealthyOne) {
  const std::string text = ReadFile(Script("poll_service.py"));
  const std::uint64_t kept = LineWith(text, "self.latest = [Event");
  const auto growth = [&](const char* kind) {
    const ShimRun run = RunPython({Script("poll_service.py"), kind});
    const auto at = [&](const char* mark) {
      const std::vector<Row> rows =
          TopOf(run.trace, {"--at", mark, "--include", "poll_service.py", "-n", "10000"});
      const Row* row = RowOf(rows, kept);
      return row == nullptr ? Amount{} : row->amounts.at("live");
    };
    const Amount early = at("poll 4");
    const Amount late = at("poll 19");
    EXPECT_GT(early.blocks, 0U);
    return std::pair(early, late);
  };
  const auto [healthy_early, healthy_late] = growth("healthy");
  EXPECT_LT(healthy_late.bytes, 2 * healthy_early.bytes);
  const auto [leaking_early, leaking_late] = growth("leaking");
  EXPECT_GT(leaking_late.bytes, 3 * leaking_early.bytes);
}

// At an ordinary end the interpreter frees what it has. Services are killed, or looked at while they run.
TEST_F(PythonReports, LeaksNameThePythonLinesOfAKilledService) {
  const ShimRun run = RunUnderShim({kPython, Script("poll_service.py"), "leaking", "20", "killed"});
  ASSERT_EQ(run.signal, 9) << run.err;
  const Outcome leaks = Memtrace({"leaks", run.trace});
  EXPECT_THAT(leaks.out, HasSubstr("poll_service.py:"));
  EXPECT_THAT(leaks.out, HasSubstr("in Service.poll.<locals>.<listcomp>"));
  EXPECT_THAT(leaks.out, HasSubstr("key = (poll_number, event.number)"));
  EXPECT_THAT(leaks.out, Not(HasSubstr("_PyEval")));
}

TEST_F(PythonReports, DiffOfTwoMomentsNamesWhatGrewBetweenThem) {
  const ShimRun run = RunPython({Script("poll_service.py"), "leaking"});
  const json diff = MemtraceJson({"diff", run.trace, "--at", "poll 4", "--at", "poll 18"});
  const std::string text = ReadFile(Script("poll_service.py"));
  const json& rows = diff.at("rows");
  EXPECT_EQ(rows.at(0).at("place").at("line"), LineWith(text, "self.latest = [Event"));
  EXPECT_EQ(rows.at(1).at("place").at("line"), LineWith(text, "key = (poll_number"));
  // 14 polls of 400 events each remembered a key; up to 3.12 a few of the tuples come from CPython's free list and
  // count where they were allocated first.
  EXPECT_NEAR(rows.at(1).at("blocks_change").get<double>(), 14 * 400, 14 * 400 / 20);
}

TEST_F(PythonReports, TopShowsSourceTextAndChains) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  const Outcome top = Memtrace({"top", "--at", "full", "-n", "12", run.trace});
  EXPECT_TRUE(top.Succeeded()) << top.err;
  EXPECT_THAT(top.out, HasSubstr("self.large = bytearray(700_000)"));
  EXPECT_THAT(top.out, HasSubstr("Table.__init__ <- <module> of known_lines.py"));
  EXPECT_THAT(top.out, HasSubstr("reuses some freed objects"));
  EXPECT_THAT(top.out, Not(HasSubstr("_PyEval_EvalFrameDefault")));
  // The interpreter's own frames come back when asked for.
  EXPECT_TRUE(Memtrace({"top", "--no-skip", run.trace}).Succeeded());
}

TEST_F(PythonReports, GroupsAndFiltersSeePythonFrames) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  const auto labels = [&](std::vector<std::string> options) {
    std::vector<std::string> words = {"top", "-n", "10000", "--at", "full"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(run.trace);
    return Memtrace(words).out;
  };
  EXPECT_THAT(labels({"--by", "function"}), HasSubstr("Table.__init__ in "));
  EXPECT_THAT(labels({"--by", "function"}), HasSubstr("nested.<locals>.inner in "));
  EXPECT_THAT(labels({"--by", "file"}), HasSubstr("known_lines.py: "));
  EXPECT_THAT(labels({"--by", "module"}), HasSubstr("importlib: "));
  const json focused = MemtraceJson({"top", "--at", "full", "--focus", "^nested", run.trace});
  const json whole = MemtraceJson({"top", "--at", "full", run.trace});
  EXPECT_GT(focused.at("matching").at("bytes"), 0U);
  EXPECT_LT(focused.at("matching").at("bytes"), whole.at("matching").at("bytes"));
  const std::string hidden = labels({"--hide", "inner", "--focus", "nested"});
  EXPECT_THAT(hidden, Not(HasSubstr("return bytes(n)")));
  EXPECT_THAT(hidden, HasSubstr("known_lines.py:"));
}

TEST_F(PythonReports, LinesListsAPythonFileWithItsFunctions) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  const Outcome lines = Memtrace({"lines", run.trace, "known_lines.py:nested", "--at", "full"});
  EXPECT_TRUE(lines.Succeeded()) << lines.err;
  EXPECT_THAT(lines.out, HasSubstr("def nested(count):"));
  EXPECT_THAT(lines.out, HasSubstr("    return kept"));
  EXPECT_THAT(lines.out, Not(HasSubstr("def numbers")));
  EXPECT_THAT(lines.out, testing::ContainsRegex("[0-9.]+ KiB .* 400 +return bytes\\(n\\)"));
  EXPECT_TRUE(Memtrace({"lines", run.trace, "known_lines.py:50"}).Succeeded());
  EXPECT_THAT(Memtrace({"lines", run.trace, "Table.__init__"}).out, HasSubstr("def __init__(self):"));
}

TEST_F(PythonReports, SummaryTellsOfInterpreterObjectsAndArenas) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  const Outcome summary = Memtrace({"summary", run.trace});
  EXPECT_THAT(summary.out, HasSubstr("objects with their lines"));
  EXPECT_THAT(summary.out, HasSubstr("arenas"));
  const json python = MemtraceJson({"summary", run.trace}).at("python");
  EXPECT_EQ(python.at("runtimes").front().at("support"), "full");
  EXPECT_GT(python.at("code_objects"), 20U);
  const json peak = python.at("at_peak");
  EXPECT_GT(peak.at("objects").at("bytes"), peak.at("in_arenas").at("bytes"));
  EXPECT_GE(peak.at("arenas").at("bytes"), peak.at("in_arenas").at("bytes"));
  EXPECT_THAT(Memtrace({"info", run.trace}).out, HasSubstr("code objects"));
  EXPECT_THAT(Memtrace({"stats", run.trace}).out, HasSubstr("PyObject_Malloc"));
  EXPECT_THAT(Memtrace({"dump", run.trace}).out, HasSubstr("python interpreters: 1"));
}

// The two parts are the whole, and arenas are not counted on top.
TEST_F(PythonReports, PythonAndNativeMemoryAreTheHeap) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  const auto total = [&](const char* domain) {
    const json all = MemtraceJson({"top", "--metric", "total", "--domain", domain, run.trace}).at("matching");
    return Amount{all.at("bytes"), all.at("blocks")};
  };
  const Amount heap = total("heap");
  const Amount python = total("python");
  const Amount native = total("native");
  EXPECT_EQ(python.bytes + native.bytes, heap.bytes);
  EXPECT_EQ(python.blocks + native.blocks, heap.blocks);
  EXPECT_GT(python.blocks, native.blocks);
  EXPECT_GT(total("arenas").bytes, 0U);
}

TEST_F(PythonReports, TreesFlamesAndExportsCarryPythonLines) {
  const ShimRun run = RunPython({Script("known_lines.py")});
  EXPECT_THAT(Memtrace({"tree", run.trace}).out, HasSubstr("Table.__init__"));
  const Outcome svg = Memtrace({"flame", "-o", "flame.svg", run.trace});
  EXPECT_TRUE(svg.Succeeded()) << svg.err;
  EXPECT_THAT(ReadFile(work() / "flame.svg"), HasSubstr(">Python packages</text>"));
  EXPECT_TRUE(Memtrace({"report", "-o", "page.html", run.trace}).Succeeded());
  EXPECT_THAT(Memtrace({"export", "-f", "folded", "-o", "-", run.trace}).out,
              HasSubstr("Table.__init__;texts"));
  const json speedscope = json::parse(Memtrace({"export", "-f", "speedscope", "-o", "-", run.trace}).out);
  const json& frames = speedscope.at("shared").at("frames");
  EXPECT_TRUE(std::any_of(frames.begin(), frames.end(), [](const json& frame) {
    return frame.at("name") == "Table.__init__" &&
           frame.at("file").get<std::string>().ends_with("known_lines.py") &&
           frame.at("line").get<int>() > 40;
  }));
  for (const char* format :
       {"pprof", "dhat", "massif", "heaptrack", "chrome", "heapprofile", "mprof", "csv", "json"}) {
    EXPECT_TRUE(Memtrace({"export", "-f", format, "-o", std::string("out.") + format, run.trace}).Succeeded())
        << format;
  }
}

TEST_F(PythonReports, APackedTraceKeepsPythonLinesAndBringsTheirText) {
  const fs::path script = work() / "copied.py";
  WriteFile(script, ReadFile(Script("known_lines.py")));
  const ShimRun run = RunPython({script});
  const std::vector<std::string> words = {"top", "--at", "full", "--include", "copied.py"};
  const auto top = [&](const fs::path& trace) {
    std::vector<std::string> all = words;
    all.push_back(trace);
    return Memtrace(all).out;
  };
  const std::string before = top(run.trace);
  ASSERT_TRUE(Memtrace({"pack", "--sources", "-o", "packed.mtr", run.trace}).Succeeded());
  fs::remove(script);
  EXPECT_EQ(top(work() / "packed.mtr"), before);
}

// Marks without a package: an environment variable that the program sets itself. Children may inherit it.
TEST_F(PythonReports, AnEnvironmentVariableSetsMarks) {
  const char* code =
      "import os, subprocess\n"
      "os.environ['MEMTRACE_MARK'] = 'begin'\n"
      "kept = [bytes(500) for n in range(1000)]\n"
      "os.environ['MEMTRACE_MARK'] = 'grown \u2013 \"1000\"'\n"
      "os.environ['MEMTRACE_MARKS'] = 'another'\n"
      "os.environ['MEMTRACE_MARK'] = ''\n"
      "del os.environ['MEMTRACE_MARK'], kept\n"
      "os.environ['MEMTRACE_MARK'] = 'begin'\n"
      "print(subprocess.check_output('echo $MEMTRACE_MARK', shell=True))\n";
  const ShimRun run = RunPython({"-c", code});
  EXPECT_EQ(run.out, Run({kPython, "-c", code}).out);
  EXPECT_EQ(WithoutOwnLines(run.err), "");
  const json marks = MemtraceJson({"summary", run.trace}).at("marks");
  ASSERT_EQ(marks.size(), 3U) << marks.dump(1);
  EXPECT_EQ(marks[0].at("name"), "begin");
  EXPECT_EQ(marks[1].at("name"), "grown \u2013 \"1000\"");
  EXPECT_EQ(marks[2].at("name"), "begin");
  const auto live = [&](int mark) { return marks[mark].at("live").at("bytes").get<std::uint64_t>(); };
  EXPECT_GE(live(1) - live(0), 500'000U);
  EXPECT_LT(live(2), live(1) - 500'000);
}

// The function moved, and another one was put before it: the lines are found again.
TEST_F(PythonReports, DiffFollowsLinesOfAnEditedScript) {
  const std::string body =
      "def load(count):\n"
      "    kept = []\n"
      "    for n in range(count):\n"
      "        kept.append(bytes(1000))\n"
      "    return kept\n";
  const std::string end = "rows = load(";
  WriteFile(work() / "app.py", body + end + "500)\n");
  const ShimRun before = RunPython({(work() / "app.py").string()});
  fs::copy(before.trace, work() / "before.mtr");
  WriteFile(work() / "app.py", "import sys\n\ndef unused():\n    return 3\n\n" + body + end + "700)\n");
  const ShimRun after = RunPython({(work() / "app.py").string()});
  const json diff = MemtraceJson({"diff", "before.mtr", after.trace, "--metric", "total"});
  const json& rows = diff.at("rows");
  const auto row = std::find_if(rows.begin(), rows.end(), [](const json& one) {
    return one.at("place").is_object() && one.at("place").at("function") == "load" &&
           one.at("bytes") > 600'000;
  });
  ASSERT_NE(row, rows.end()) << diff.dump(1).substr(0, 3000);
  EXPECT_EQ(row->at("place_before").at("line"), 4);
  EXPECT_EQ(row->at("place").at("line"), 9);
  // 200 more blocks, and a few more steps of the growing list.
  EXPECT_GE(row->at("blocks_change"), 200);
  EXPECT_LT(row->at("blocks_change"), 210);
}

}  // namespace
}  // namespace memtrace::e2e
