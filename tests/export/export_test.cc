// SPDX-License-Identifier: MIT
// Every export format, read by the program that it is made for, which must come to the sums of `top --json`.
#include <regex>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using Json = nlohmann::json;

// "real" programs too: libraries without debug information, several threads, C++ with inlined calls.
struct Recorded {
  const char* name;
  std::vector<std::string> argv;
};

void PrintTo(const Recorded& recorded, std::ostream* out) {
  *out << recorded.name;
}

class ExportTest : public EndToEnd, public testing::WithParamInterface<Recorded> {
 protected:
  void SetUp() override {
    if (!IsInstalled(fs::path(GetParam().argv[0]).filename()) && GetParam().argv[0][0] != '/') {
      GTEST_SKIP() << GetParam().argv[0] << " is not installed";
    }
    run_ = ExpectSoundRun(Command(GetParam().argv).With("PYTHONMALLOC", "malloc"));
    ASSERT_FALSE(run_.trace.empty());
  }

  Amount TotalOf(const std::string& metric, std::vector<std::string> options = {}) const {
    std::vector<std::string> words = {"top", run_.trace, "-n", "1", "--metric", metric};
    words.insert(words.end(), options.begin(), options.end());
    const Json report = MemtraceJson(words);
    return {report["matching"]["bytes"], report["matching"]["blocks"]};
  }

  // The file's path.
  fs::path Export(const std::string& format, std::vector<std::string> options = {}) const {
    const fs::path path = work() / ("export." + format);
    std::vector<std::string> words = {"export", "-f", format, "-o", path, run_.trace};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome outcome = Memtrace(words);
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    return path;
  }

  // What the format's consumer, behind totals.py, makes of an export.
  Json Totals(const std::string& format, std::vector<std::string> options = {},
              const std::string& schema = {}) const {
    Command read = {"python3", std::string(MEMTRACE_EXPORT_TESTS) + "/totals.py", format,
                    Export(format, std::move(options))};
    if (!schema.empty()) read.argv.push_back(schema);
    return Parsed(Run(read.With("GOCACHE", work() / "gocache").With("PPROF_TMPDIR", work())));
  }

  static Json Parsed(const Outcome& outcome) {
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    Json json = Json::parse(outcome.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << outcome.out << outcome.err;
    return json;
  }

  static Amount In(const Json& totals, const std::string& metric) {
    return {totals.at(metric).at("bytes"), totals.at(metric).at("blocks")};
  }

  void ExpectAllMetrics(const Json& totals) const {
    EXPECT_EQ(In(totals, "live"), TotalOf("live"));
    EXPECT_EQ(In(totals, "peak"), TotalOf("peak"));
    EXPECT_EQ(In(totals, "not_freed"), TotalOf("not-freed"));
    EXPECT_EQ(In(totals, "total"), TotalOf("total"));
    EXPECT_EQ(In(totals, "temporary"), TotalOf("temporary"));
  }

  ShimRun run_;
};

TEST_P(ExportTest, GoToolPprof) {
  if (!IsInstalled("go")) GTEST_SKIP() << "go is not installed";
  const Json totals = Totals("pprof", {"--at", "end"});
  EXPECT_EQ(totals["default"], Json::array({"inuse_space"}));
  EXPECT_EQ(In(totals, "live"), TotalOf("not-freed"));
  ExpectAllMetrics(Totals("pprof"));
}

TEST_P(ExportTest, FoldedOfEveryMetric) {
  for (const std::string metric : {"live", "not-freed", "total"}) {
    EXPECT_EQ(Totals("folded", {"--metric", metric})["sum"], TotalOf(metric).bytes) << metric;
  }
  for (const std::string metric : {"count", "temporary"}) {
    EXPECT_EQ(Totals("folded", {"--metric", metric})["sum"], TotalOf(metric).blocks) << metric;
  }
}

TEST_P(ExportTest, SpeedscopeHoldsItsSchema) {
  if (Run({"python3", "-c", "import jsonschema"}).exit_code != 0) {
    GTEST_SKIP() << "python3-jsonschema is not installed";
  }
  const Json totals =
      Totals("speedscope", {}, std::string(MEMTRACE_EXPORT_TESTS) + "/speedscope/file-format-schema.json");
  EXPECT_EQ(totals["Live at peak"], TotalOf("live").bytes);
  EXPECT_EQ(totals["Not freed"], TotalOf("not-freed").bytes);
  EXPECT_EQ(totals["Allocated in total"], TotalOf("total").bytes);
  EXPECT_EQ(totals["Allocations"], TotalOf("count").blocks);
  EXPECT_EQ(totals["Temporary allocations"], TotalOf("temporary").blocks);
}

TEST_P(ExportTest, ValgrindsDhView) {
  const fs::path viewer = "/usr/libexec/valgrind/dh_view.js";
  if (!fs::exists(viewer) || !IsInstalled("node")) GTEST_SKIP() << "valgrind or node is not installed";
  const Json totals = Parsed(
      Run({"node", std::string(MEMTRACE_EXPORT_TESTS) + "/dh_view_totals.js", viewer, Export("dhat")}));
  EXPECT_EQ(In(totals, "total"), TotalOf("total"));
  EXPECT_EQ(In(totals, "peak"), TotalOf("peak"));
  EXPECT_EQ(In(totals, "not_freed"), TotalOf("not-freed"));
}

TEST_P(ExportTest, MsPrint) {
  if (!IsInstalled("ms_print")) GTEST_SKIP() << "valgrind is not installed";
  const Outcome printed = Run({"ms_print", Export("massif")});
  ASSERT_EQ(EndOf(printed), "exit code 0") << printed.err;
  std::smatch peak;
  ASSERT_TRUE(std::regex_search(printed.out, peak, std::regex("\\[[^\\]]*?(\\d+) \\(peak\\)")));
  // "  n   time(ms)   total(B)   useful-heap(B) …", with commas in the numbers; n of three digits begins the line
  std::smatch row;
  const std::regex peak_row("\n *" + peak[1].str() + " +[\\d,]+ +([\\d,]+) +([\\d,]+) ");
  ASSERT_TRUE(std::regex_search(printed.out, row, peak_row)) << printed.out;
  EXPECT_EQ(std::stoull(std::regex_replace(row[1].str(), std::regex(","), "")), TotalOf("peak").bytes);
  std::smatch tree;  // the root of the peak's call tree
  const std::string after = row.suffix();
  ASSERT_TRUE(std::regex_search(after, tree, std::regex("100\\.00% \\(([\\d,]+)B\\)")));
  EXPECT_EQ(std::stoull(std::regex_replace(tree[1].str(), std::regex(","), "")), TotalOf("peak").bytes);
}

// heaptrack prints sizes in powers of 1000 with two digits behind the point.
std::string HeaptrackSize(std::uint64_t bytes) {
  double size = static_cast<double>(bytes);
  const char* units[] = {"B", "K", "M", "G"};
  std::size_t unit = 0;
  for (; size >= 1000 && unit < 3; ++unit) size /= 1000;
  char text[32];
  snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.2f%s", size, units[unit]);
  return text;
}

TEST_P(ExportTest, HeaptrackPrint) {
  if (!IsInstalled("heaptrack_print")) GTEST_SKIP() << "heaptrack is not installed";
  const fs::path file = work() / "export.heaptrack.gz";
  fs::rename(Export("heaptrack"), file);
  const Outcome printed =
      Run({"heaptrack_print", "--disable-embedded-suppressions", "--disable-builtin-suppressions", file});
  ASSERT_EQ(EndOf(printed), "exit code 0") << printed.err;
  EXPECT_THAT(
      printed.out,
      testing::HasSubstr("calls to allocation functions: " + std::to_string(TotalOf("count").blocks) + " "));
  EXPECT_THAT(
      printed.out,
      testing::HasSubstr("peak heap memory consumption: " + HeaptrackSize(TotalOf("peak").bytes) + "\n"));
  EXPECT_THAT(printed.out,
              testing::HasSubstr("total memory leaked: " + HeaptrackSize(TotalOf("not-freed").bytes) + "\n"));
}

TEST_P(ExportTest, ChromeCounters) {
  const Json totals = Totals("chrome");
  EXPECT_EQ(totals["peak"], TotalOf("peak").bytes);
  EXPECT_EQ(totals["end"], TotalOf("not-freed").bytes);
}

TEST_P(ExportTest, ChromeHeapProfile) {
  EXPECT_EQ(Totals("heapprofile")["sum"], TotalOf("live").bytes);
  EXPECT_EQ(Totals("heapprofile", {"--metric", "total"})["sum"], TotalOf("total").bytes);
}

TEST_P(ExportTest, MprofLines) {
  const Json totals = Totals("mprof");
  EXPECT_EQ(totals["peak"], TotalOf("peak").bytes);
  EXPECT_EQ(totals["end"], TotalOf("not-freed").bytes);
}

TEST_P(ExportTest, CsvAndJsonHoldAllMetrics) {
  ExpectAllMetrics(Totals("csv"));
  ExpectAllMetrics(Totals("json"));
}

TEST_P(ExportTest, FocusChoosesStacksInAllFormats) {
  const std::vector<std::string> focus = {"--focus", "libc"};
  const Amount peak = TotalOf("peak", focus);
  EXPECT_EQ(In(Totals("json", focus), "peak"), peak);
  EXPECT_EQ(In(Totals("csv", focus), "peak"), peak);
  // Of a curve's own choice of stacks the peak is another moment, and not below.
  EXPECT_GE(Totals("chrome", focus)["peak"].get<std::uint64_t>(), peak.bytes);
  EXPECT_EQ(Totals("chrome", focus)["end"], TotalOf("not-freed", focus).bytes);
}

constexpr const char* kPython =
    "import json,threading\n"
    "def load(n): return [json.loads('{\"a\": [1, 2, %d]}' % i) for i in range(n)]\n"
    "keep = load(500)\n"
    "t = threading.Thread(target=lambda: load(900)); t.start(); t.join()\n";

INSTANTIATE_TEST_SUITE_P(
    Programs, ExportTest,
    testing::Values(Recorded{"threads", {std::string(MEMTRACE_KNOWN_PROGRAMS) + "/known_threads"}},
                    Recorded{"inlined", {std::string(MEMTRACE_KNOWN_PROGRAMS) + "/known_inlined"}},
                    Recorded{"python", {"python3", "-c", kPython}}),
    [](const auto& program) { return program.param.name; });

class ExportCommandTest : public EndToEnd {
 protected:
  void SetUp() override {
    trace_ = ExpectSoundRun({std::string(MEMTRACE_KNOWN_PROGRAMS) + "/known_peak"}).trace;
  }
  fs::path trace_;
};

TEST_F(ExportCommandTest, WritesBesideTheTraceAndSaysSo) {
  const Outcome outcome = Memtrace({"export", "-f", "folded", trace_});
  const fs::path expected = fs::path(trace_).replace_extension(".folded");
  EXPECT_EQ(EndOf(outcome), "exit code 0");
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "memtrace: wrote " + expected.string() + "\n");
  EXPECT_THAT(ReadFile(expected), testing::HasSubstr("main;"));
}

TEST_F(ExportCommandTest, WritesToStdout) {
  const Outcome outcome = Memtrace({"export", "-f", "csv", "-o", "-", trace_});
  EXPECT_THAT(outcome.out, testing::StartsWith("thread,thread_name,live_bytes"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ExportCommandTest, JsonTellsWhatWasWritten) {
  const Json report = MemtraceJson({"export", "-f", "pprof", "-o", work() / "a.pb.gz", trace_});
  EXPECT_EQ(report["format"], "pprof");
  EXPECT_EQ(report["path"], (work() / "a.pb.gz").string());
  EXPECT_EQ(report["totals"]["peak"]["bytes"], MemtraceJson({"top", trace_})["peak"]["bytes"]);
  EXPECT_EQ(ReadFile(work() / "a.pb.gz").substr(0, 2), "\x1f\x8b");
}

TEST_F(ExportCommandTest, NeverOverwritesTheTrace) {
  const std::string before = ReadFile(trace_);
  const Outcome outcome = Memtrace({"export", "-f", "csv", "-o", trace_, trace_});
  EXPECT_EQ(EndOf(outcome), "exit code 2");
  EXPECT_THAT(outcome.err, testing::HasSubstr("is the trace itself"));
  EXPECT_EQ(ReadFile(trace_), before);
}

TEST_F(ExportCommandTest, WrongWordsGetOneLine) {
  EXPECT_EQ(Memtrace({"export", "-f", "pproff", trace_}).err,
            "memtrace: --format \"pproff\" is not known: pprof, folded, speedscope, dhat, massif, heaptrack, "
            "chrome, heapprofile, mprof, csv or json; did you mean \"pprof\"?\n");
  const Outcome metric = Memtrace({"export", "-f", "dhat", "--metric", "total", trace_});
  EXPECT_EQ(EndOf(metric), "exit code 2");
  const Outcome full = Memtrace({"export", "-f", "json", "-o", "/dev/full", trace_});
  EXPECT_EQ(EndOf(full), "exit code 3");
  EXPECT_THAT(full.err, testing::HasSubstr("cannot write /dev/full"));
}

}  // namespace
}  // namespace memtrace::e2e
