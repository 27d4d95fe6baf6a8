// SPDX-License-Identifier: MIT
// Reports and exports of a Python program, through the real symbolizer, against golden/python/. How to write
// them anew is said in golden_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "analyzer/export/format.h"
#include "analyzer/html/flame_svg.h"
#include "analyzer/reader/pack_file.h"
#include "analyzer/report/diff.h"
#include "analyzer/report/lines.h"
#include "analyzer/report/summary.h"
#include "analyzer/report/symbolized_stacks.h"
#include "analyzer/report/top.h"
#include "analyzer/report/tree.h"
#include "analyzer/symbolize/collect_symbols.h"
#include "tests/unit/report/sample_python.h"

namespace memtrace::report {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kPython311 = 0x030b02f0;
constexpr std::uint32_t kPython313 = 0x030d00f0;

// In a folder of its own, which reports take for the one the person is in.
class PythonGoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
    before_ = fs::current_path();
    std::string folder = (fs::temp_directory_path() / "memtrace-golden-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    fs::current_path(folder_);
    render_.working_directory = folder_.string();
    Use(kPython311);
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

  void Use(std::uint32_t hex_version) {
    testing::WriteSamplePython(folder_, hex_version);
    Open("shop.mtr");
  }
  void Open(const std::string& trace) {
    stacks_.reset();
    Result<reader::TraceReader> reader = reader::TraceReader::Open(trace);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    ASSERT_TRUE(reader->trace().damage.empty());
    reader_.emplace(std::move(*reader));
    stacks_.emplace(reader_->trace());
  }

  const model::Trace& trace() const { return reader_->trace(); }
  aggregate::Profile ProfileAt(const std::string& moment) {
    return aggregate::BuildProfile(*reader_, {.moment = *aggregate::ParseMoment(moment, trace())});
  }
  std::string Top(const std::string& moment, TopOptions options = {}) {
    const aggregate::Profile profile = ProfileAt(moment);
    return TopReport::Build(trace(), profile, *stacks_, std::move(options))->Text(render_);
  }

  // The folder has another name each time.
  void Expect(const std::string& name, std::string text) const {
    for (std::size_t at; (at = text.find(folder_.string())) != std::string::npos;)
      text.replace(at, folder_.string().size(), "/home/me");
    const fs::path path = fs::path(MEMTRACE_GOLDEN_FOLDER) / "python" / name;
    if (getenv("MEMTRACE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
    std::ifstream file(path);
    ASSERT_TRUE(file) << path << " is missing; the top of golden_test.cc says how to write it";
    std::ostringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str()) << "differs from " << path;
  }

  fs::path before_, folder_;
  std::optional<reader::TraceReader> reader_;
  std::optional<SymbolizedStacks> stacks_;
  RenderOptions render_;
};

TEST_F(PythonGoldenTest, Top) {
  Expect("top.txt", Top("peak"));
  Expect("top_by_function.txt", Top("peak", {.rows = {GroupBy::kFunction, Metric::kLive, true}}));
  Expect("top_count.txt", Top("end", {.rows = {GroupBy::kLine, Metric::kCount, true}}));
}

TEST_F(PythonGoldenTest, ObjectsHandedOutAgainCountForTheirNewLine) {
  EXPECT_THAT(Top("end"), Not(HasSubstr("largest = ")));
  Use(kPython313);
  const std::string top = Top("end");
  EXPECT_THAT(top, HasSubstr("largest = (orders[0], orders[1])"));
  EXPECT_THAT(top, Not(HasSubstr("reuses some freed objects")));
  Expect("top_reuse.txt", top);
}

TEST_F(PythonGoldenTest, Tree) {
  const aggregate::Profile profile = ProfileAt("peak");
  Expect("tree.txt", TreeReport::Build(trace(), profile, *stacks_, {})->Text(render_));
  TreeOptions inverted{.tree = {.inverted = true}};
  Expect("tree_inverted.txt", TreeReport::Build(trace(), profile, *stacks_, inverted)->Text(render_));
}

TEST_F(PythonGoldenTest, Lines) {
  const aggregate::Profile profile = ProfileAt("peak");
  for (const std::string target : {"orders.py", "Order.__init__"}) {
    const auto lines = LinesReport::Build(trace(), {&profile}, *stacks_, {LineTarget::Parse(target), target});
    ASSERT_TRUE(lines.ok()) << lines.error().message;
    Expect("lines_" + target + ".txt", lines->Text(render_));
  }
}

TEST_F(PythonGoldenTest, Summary) {
  const aggregate::Profile profile = ProfileAt("peak");
  const std::uint64_t end_ns = trace().info.duration_ns;
  const std::vector<aggregate::ProcessSplit> no_readings;
  const SummaryReport summary(trace(), profile, *stacks_, no_readings,
                              aggregate::PythonHeapAt(*reader_, {profile.moment_time_ns, end_ns}));
  Expect("summary.txt", summary.Text(render_));
}

TEST_F(PythonGoldenTest, Diff) {
  const aggregate::Profile before = ProfileAt("0.15"), after = ProfileAt("end");
  const auto diff = DiffReport::Build({trace(), before, *stacks_}, {trace(), after, *stacks_}, DiffOptions{});
  Expect("diff.txt", diff->Text(render_));
}

TEST_F(PythonGoldenTest, Flame) {
  const aggregate::Profile profile = ProfileAt("peak");
  StackFilter filter = *StackFilter::Create({});
  const exporting::Stacks stacks(profile, *stacks_, filter);
  html::PageRequest request{html::PagePart{trace(), profile, stacks}};
  request.flame_only = true;
  exporting::StringSink sink;
  html::WriteFlameSvg(request, sink);
  Expect("flame.svg", sink.text());
}

class PythonExportTest : public PythonGoldenTest {
 protected:
  std::string Export(const exporting::Format& format) {
    const aggregate::Profile profile = ProfileAt("peak");
    StackFilter filter = *StackFilter::Create({});
    const exporting::Stacks stacks(profile, *stacks_, filter);
    exporting::Input input{trace(), profile, stacks, Metric::kLive};
    const aggregate::BlockChoice all;
    input.curve = aggregate::BuildLiveCurve(*reader_, {.blocks = all});
    input.for_each_life = [&](aggregate::BlockLives::Visitor& visitor, const auto& lives_on) {
      aggregate::VisitLives(*reader_, all, visitor, lives_on);
    };
    input.time_ns = [this](std::uint64_t ticks) { return reader_->TimeNs(ticks); };
    exporting::StringSink sink;
    format.write(input, sink);
    return sink.text();
  }
};

TEST_F(PythonExportTest, EveryFormatThatHasNamesHasPythons) {
  std::size_t with_names = 0;
  for (const exporting::Format& format : exporting::Formats()) {
    SCOPED_TRACE(format.name);
    const std::string text = Export(format);
    EXPECT_FALSE(text.empty());
    const bool is_compressed = format.name == "pprof" || format.name == "heaptrack";
    const bool is_a_curve = format.name == "mprof" || format.name == "chrome";
    if (is_compressed || is_a_curve) continue;
    ++with_names;
    for (const char* name : {"Order.__init__", "libpq.so.5"})
      EXPECT_NE(text.find(name), std::string::npos) << name;
    EXPECT_EQ(text.find("orders.py") != std::string::npos, format.name != "folded");  // function names alone
  }
  EXPECT_GE(with_names, 7U);
}

TEST_F(PythonExportTest, Folded) {
  Expect("folded.txt", Export(**exporting::FindFormat("folded")));
}

TEST_F(PythonExportTest, Speedscope) {
  Expect("speedscope.json", Export(**exporting::FindFormat("speedscope")));
}

TEST_F(PythonExportTest, Csv) {
  Expect("csv.txt", Export(**exporting::FindFormat("csv")));
}

// A packed trace brings names and source text with it, and the reuse of objects comes back from it.
TEST_F(PythonGoldenTest, PackedItReadsTheSameWithoutItsSources) {
  for (const std::uint32_t version : {kPython311, kPython313}) {
    Use(version);
    const std::string top = Top("end"), at_peak = Top("peak");
    symbolize::Symbolizer symbolizer(trace());
    symbolize::SourceCache sources(&trace().symbols);
    const auto collected = symbolize::CollectSymbols(trace(), symbolizer, &sources);
    EXPECT_GT(collected.source_lines, 3U);
    ASSERT_TRUE(reader::PackFile("shop.mtr", "packed.mtr", collected.symbols).ok());
    fs::remove_all(folder_ / "shop");
    fs::rename("packed.mtr", "shop.mtr");
    Open("shop.mtr");
    EXPECT_EQ(Top("end"), top);
    EXPECT_EQ(Top("peak"), at_peak);
  }
}

}  // namespace
}  // namespace memtrace::report
