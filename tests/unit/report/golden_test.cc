// SPDX-License-Identifier: MIT
// Each report on the sample program against the text in golden/, see tests/golden/golden_file.h:
//     MEMTRACE_UPDATE_GOLDEN=1 build/.../tests/unit_report --gtest_filter='*Golden*'
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "analyzer/report/check.h"
#include "analyzer/report/compare.h"
#include "analyzer/report/diff.h"
#include "analyzer/report/info.h"
#include "analyzer/report/leaks.h"
#include "analyzer/report/lines.h"
#include "analyzer/report/stats.h"
#include "analyzer/report/summary.h"
#include "analyzer/report/timeline.h"
#include "analyzer/report/top.h"
#include "analyzer/report/tree.h"
#include "tests/golden/golden_file.h"
#include "tests/unit/report/sample_program.h"

namespace memtrace::report {
namespace {

namespace fs = std::filesystem;

// Runs in a folder of its own, so that the trace has the same relative path everywhere.
class GoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
    before_ = fs::current_path();
    std::string folder = (fs::temp_directory_path() / "memtrace-golden-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    fs::current_path(folder_);
    testing::WriteSampleTrace("sample.mtr");
    Result<reader::TraceReader> reader = reader::TraceReader::Open("sample.mtr");
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    reader_.emplace(std::move(*reader));
    render_.working_directory = "/home/me/indexer";
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

  const model::Trace& trace() const { return reader_->trace(); }

  aggregate::Moment MomentOf(const std::string& text) { return *aggregate::ParseMoment(text, trace()); }
  aggregate::Profile ProfileOf(const aggregate::Query& query) {
    return aggregate::BuildProfile(*reader_, query);
  }
  aggregate::Profile ProfileAt(const std::string& moment) { return ProfileOf({.moment = MomentOf(moment)}); }

  TopReport Top(const aggregate::Profile& profile, TopOptions options) {
    return std::move(TopReport::Build(trace(), profile, stacks_, std::move(options))).value();
  }

  static void Expect(const std::string& name, const std::string& text) {
    testing::ExpectGolden(MEMTRACE_GOLDEN_FOLDER, name, text);
  }

  fs::path before_;
  fs::path folder_;
  std::optional<reader::TraceReader> reader_;
  testing::MadeUpStacks stacks_ = testing::SampleStacks();
  RenderOptions render_;
};

TEST_F(GoldenTest, TopByEverything) {
  const aggregate::Profile profile = ProfileOf({.moment = MomentOf("peak"), .split_by_size = true});
  for (const std::string& by : GroupByNames()) {
    const TopReport top = Top(profile, {.rows = {*ParseGroupBy(by), Metric::kLive, true}, .limit = 3});
    Expect("top_by_" + by + ".txt", top.Text(render_));
  }
}

TEST_F(GoldenTest, TopOfEveryMetric) {
  const aggregate::Profile profile = ProfileAt("end");
  for (const std::string& metric : MetricNames()) {
    const TopReport top = Top(profile, {.rows = {GroupBy::kLine, *ParseMetric(metric), true}, .limit = 10});
    Expect("top_metric_" + metric + ".txt", top.Text(render_));
  }
}

TEST_F(GoldenTest, TopAtAMark) {
  Expect("top_at_mark.txt", Top(ProfileAt("loaded"), {}).Text(render_));
}

TEST_F(GoldenTest, TopFocused) {
  const TopReport top = Top(ProfileAt("peak"), {.stacks = {.focus = {"worker"}, .ignore = {"arena"}}});
  Expect("top_focused.txt", top.Text(render_));
}

TEST_F(GoldenTest, TopWithoutSkipping) {
  const TopReport top = Top(ProfileAt("peak"), {.rows = {GroupBy::kLine, Metric::kLive, false}});
  Expect("top_no_skip.txt", top.Text(render_));
}

TEST_F(GoldenTest, TopPlain) {
  Expect("top_plain.txt", Top(ProfileAt("peak"), {}).PlainText());
}

TEST_F(GoldenTest, TopJson) {
  Expect("top.json", ToText(Top(ProfileAt("peak"), {.limit = 2}).ToJson()));
}

TEST_F(GoldenTest, TopInColorOnANarrowTerminal) {
  render_.paint = Paint(true);
  render_.columns = 72;
  Expect("top_narrow_color.txt", Top(ProfileAt("peak"), {}).Text(render_));
}

TEST_F(GoldenTest, Leaks) {
  const aggregate::Profile profile = ProfileAt("end");
  const aggregate::CurvesByNode curves = aggregate::BuildCurves(*reader_, profile);
  LeaksOptions options;
  options.min_bytes = 2000;
  options.suppressions = *Suppressions::Parse("leak:libpq.so\n", "supp");
  const auto leaks = [&](const LeaksOptions& wanted) {
    return std::move(LeaksReport::Build(trace(), profile, curves, stacks_, wanted)).value();
  };
  Expect("leaks.txt", leaks({}).Text(render_));
  Expect("leaks.json", ToText(leaks({}).ToJson()));
  Expect("leaks_fewer.txt", leaks(options).Text(render_));
}

TEST_F(GoldenTest, TopOfASelection) {
  const auto from_to = [&](const char* from, const char* to) {
    aggregate::Query query{.is_moment_to = true, .from = MomentOf(from), .to = MomentOf(to)};
    return query;
  };
  const aggregate::Profile between = ProfileOf(from_to("0.5", "loaded"));
  Expect("top_range.txt", Top(between, {}).Text(render_));
  aggregate::Query small = from_to("0.05", "peak");
  small.threads = {0};
  small.size_bytes = {100, 10'000};
  small.lifetime_ns = {1'000'000, ~0ULL};
  Expect("top_selected.json", ToText(Top(ProfileOf(small), {.stacks = {.hide = {"PQ"}}}).ToJson()));
  const TopOptions cumulative{.rows = {GroupBy::kFunction, Metric::kLive, true, true}};
  Expect("top_cumulative.txt", Top(ProfileAt("peak"), cumulative).Text(render_));
}

TEST_F(GoldenTest, Tree) {
  const aggregate::Profile profile = ProfileAt("peak");
  const auto tree = [&](TreeOptions options) {
    return std::move(TreeReport::Build(trace(), profile, stacks_, std::move(options))).value();
  };
  Expect("tree.txt", tree({}).Text(render_));
  Expect("tree_inverted.txt", tree({.tree = {.inverted = true}, .min_percent = 5}).Text(render_));
  Expect("tree_depth.txt", tree({.tree = {.metric = Metric::kCount}, .depth = 1}).Text(render_));
  Expect("tree.json", ToText(tree({.min_percent = 10}).ToJson()));
}

TEST_F(GoldenTest, Stats) {
  const aggregate::Query query;
  const aggregate::Statistics counts = aggregate::BuildStatistics(*reader_, query);
  const StatsReport stats(trace(), query, counts, stacks_, {});
  Expect("stats.txt", stats.Text(render_));
  Expect("stats.json", ToText(stats.ToJson()));
}

TEST_F(GoldenTest, Lines) {
  const aggregate::Profile peak = ProfileAt("peak");
  const auto lines = [&](const char* target, const LineProfiles& profiles) {
    return LinesReport::Build(trace(), profiles, stacks_, {LineTarget::Parse(target), target});
  };
  Expect("lines.txt", lines("posting.cpp", {&peak})->Text(render_));
  Expect("lines_function.txt", lines("worker_main", {&peak})->Text(render_));
  Expect("lines.json", ToText(lines("load.cpp:41", {&peak})->ToJson()));
  const aggregate::Profile before = ProfileAt("loaded");
  const aggregate::Profile at = ProfileAt("done");
  const aggregate::Profile within = ProfileOf({.from = MomentOf("loaded"), .to = MomentOf("done")});
  Expect("lines_range.txt", lines("*.cpp", {&at, &before, &within})->Text(render_));
  EXPECT_EQ(lines("postin.cpp", {&peak}).error().message,
            "no stack goes through \"postin.cpp\"; did you mean \"posting.cpp\"?");
}

TEST_F(GoldenTest, Summary) {
  const aggregate::Profile profile = ProfileAt("peak");
  const std::vector<aggregate::ProcessSplit> no_readings;
  const SummaryReport summary(trace(), profile, stacks_, no_readings);
  Expect("summary.txt", summary.Text(render_));
  Expect("summary.json", ToText(summary.ToJson(render_)));
}

class DiffGoldenTest : public GoldenTest {
 protected:
  // Between two moments of the sample program.
  DiffReport Diff(const std::string& before, const std::string& after, DiffOptions options = {}) {
    before_profile_ = ProfileAt(before);
    after_profile_ = ProfileAt(after);
    return std::move(DiffReport::Build({trace(), before_profile_, stacks_},
                                       {trace(), after_profile_, stacks_}, std::move(options)))
        .value();
  }
  aggregate::Profile before_profile_;
  aggregate::Profile after_profile_;
};

TEST_F(DiffGoldenTest, TwoMoments) {
  Expect("diff.txt", Diff("loaded", "done").Text(render_));
  Expect("diff_plain.txt", Diff("loaded", "done").PlainText());
  Expect("diff_few.txt", Diff("loaded", "done", {.limit = 1, .normalize = true}).Text(render_));
  Expect("diff.json", ToText(Diff("loaded", "done", {.limit = 2}).ToJson()));
}

TEST_F(DiffGoldenTest, OtherGroupsAndMetrics) {
  const RowOptions by_function{.by = GroupBy::kFunction, .metric = Metric::kLive};
  Expect("diff_by_function.txt", Diff("0.5s", "peak", {.rows = by_function}).Text(render_));
  const RowOptions count{.by = GroupBy::kLine, .metric = Metric::kCount};
  Expect("diff_nothing.txt", Diff("peak", "end", {.rows = count}).Text(render_));
}

TEST_F(DiffGoldenTest, Check) {
  const aggregate::Profile profile = ProfileAt("peak");
  const DiffSide side{trace(), profile, stacks_};
  CheckOptions options;
  options.lines = 1;
  options.most[static_cast<std::size_t>(Figure::kPeak)] = 1 << 20;
  options.most[static_cast<std::size_t>(Figure::kCount)] = 4000;
  options.growth = 0.05;
  const CheckReport broken = std::move(CheckReport::Build(side, &side, options)).value();
  EXPECT_FALSE(broken.passed());
  Expect("check_broken.txt", broken.Text(render_));
  Expect("check.json", ToText(broken.ToJson()));
  options.most[static_cast<std::size_t>(Figure::kPeak)] = profile.peak.bytes;  // the limit itself is allowed
  const CheckReport passed = std::move(CheckReport::Build(side, nullptr, options)).value();
  EXPECT_TRUE(passed.passed());
  Expect("check.txt", passed.Text(render_));
}

aggregate::ProcessParts Parts(std::uint64_t live, std::uint64_t mapped, std::uint64_t unexplained) {
  aggregate::ProcessParts parts;
  parts.live = live;
  parts.mapped = mapped;
  parts.files = 1 << 20;
  parts.unexplained = unexplained;
  return parts;
}

TEST_F(GoldenTest, SummaryAtAMoment) {
  const aggregate::Profile profile = ProfileAt("loaded");
  aggregate::ProcessSplit highest;
  highest.parts = Parts(5 << 20, 0, 4096);
  aggregate::ProcessSplit at = highest;
  at.time_ns = profile.moment_time_ns - 1'000'000'000;
  at.parts = Parts(3 << 20, 0, 0);
  const std::vector<aggregate::ProcessSplit> splits = {highest};
  const ChosenSplit chosen{profile.moment.label, profile.moment_time_ns, at};
  Expect("summary_at.txt", SummaryReport(trace(), profile, stacks_, splits, {}, chosen).Text(render_));
  const ChosenSplit unknown{profile.moment.label, profile.moment_time_ns, std::nullopt};
  const std::vector<aggregate::ProcessSplit> no_readings;
  const std::string text = SummaryReport(trace(), profile, stacks_, no_readings, {}, unknown).Text(render_);
  EXPECT_NE(text.find("Process memory at mark \"loaded\" is not known"), std::string::npos) << text;
}

TEST(ReadingTimes, FarFromTheMomentIsTold) {
  EXPECT_EQ(ReadingTimeText(1'280'000'000, 1'280'000'000), "00:01.28");
  EXPECT_EQ(ReadingTimeText(1'280'000'000, 1'379'999'999), "00:01.28");
  EXPECT_EQ(ReadingTimeText(1'280'000'000, 1'780'000'000), "00:01.28, 0.5 s before");
  EXPECT_EQ(ReadingTimeText(1'280'000'000, 180'000'000), "00:01.28, 1.1 s after");
}

TEST_F(DiffGoldenTest, CompareCauses) {
  const aggregate::Profile profile = ProfileAt("peak");
  std::vector<RunFigures> runs;
  for (const char* name : {"first | way", "second", "unread"}) {
    runs.push_back(std::move(FiguresOf(name, trace(), profile, stacks_, {}, render_)).value());
  }
  runs[0].process = RunProcess{Parts(5 << 20, 0, 4096), 2'000'000'000, 2'000'000'000};
  runs[1].process = RunProcess{Parts(0, 3 << 20, 0), 3'000'000'000, 2'000'000'000};
  const CompareReport highest(runs);
  Expect("compare_causes.txt", highest.CausesText(render_));
  Expect("compare_causes.md", highest.CausesMarkdown());
  Expect("compare_causes.csv", highest.Csv(true));
  const CompareReport at(runs, Json::object(), "at mark \"loaded\"");
  Expect("compare_causes_at.txt", at.CausesText(render_));
  Expect("compare_causes_at.md", at.CausesMarkdown());
}

TEST_F(DiffGoldenTest, Compare) {
  const aggregate::Profile profile = ProfileAt("peak");
  std::vector<RunFigures> runs;
  for (const char* name : {"first | way", "second"}) {
    runs.push_back(std::move(FiguresOf(name, trace(), profile, stacks_, {}, render_)).value());
  }
  const StackSelectors database{.focus = {"load"}};
  runs.push_back(
      std::move(FiguresOf("database", trace(), profile, stacks_, {.stacks = database}, render_)).value());
  const CompareReport compare(runs);
  Expect("compare.txt", compare.Text(render_));
  Expect("compare.md", compare.Markdown());
  Expect("compare.csv", compare.Csv());
  Expect("compare.json", ToText(compare.ToJson()));
  Expect("compare_process.svg", CompareProcessSvg(runs));
}

TEST(ShortNames, AreWhatTellsPathsApart) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(ShortNames({"out/sqlite-eager.mtr", "out/sqlite-cursor.mtr"}), (Names{"eager", "cursor"}));
  EXPECT_EQ(ShortNames({"memtrace.app.12.mtr", "memtrace.app.123.mtr"}), (Names{"12", "123"}));
  EXPECT_EQ(ShortNames({"a/run.mtr", "b/run.mtr"}), (Names{"a", "b"}));
  EXPECT_EQ(ShortNames({"x/app.mtr"}), (Names{"app"}));
  EXPECT_EQ(ShortNames({"app.mtr", "app-new.mtr"}), (Names{"app", "app-new"}));
  EXPECT_EQ(ShortNames({"app.mtr", "app.mtr"}), (Names{"app", "app"}));
}

class TimelineGoldenTest : public GoldenTest {
 protected:
  aggregate::Timeline Line(std::size_t slices) {
    return aggregate::BuildTimeline(*reader_, {.query = {}, .max_slices = slices});
  }
  std::string TextOf(std::size_t slices, const TimelineTextOptions& options, std::size_t columns) {
    const aggregate::Timeline line = Line(slices);
    return TimelineReport(trace(), line).Text(render_, options, columns);
  }
};

TEST_F(TimelineGoldenTest, Picture) {
  Expect("timeline.txt", TextOf(64, {.rows = 12}, 64));
  Expect("timeline_ascii.txt", TextOf(64, {.rows = 8, .ascii = true}, 64));
  Expect("timeline_stretched.txt", TextOf(5, {.rows = 4}, 40));
  render_.paint = Paint(true);
  Expect("timeline_color.txt", TextOf(32, {.rows = 4}, 32));
}

TEST_F(TimelineGoldenTest, PictureOfAPart) {
  aggregate::TimelineRequest request{.query = {}, .max_slices = 40};
  request.query.from = *aggregate::ParseMoment("loaded", trace());
  request.query.to = *aggregate::ParseMoment("3.2s", trace());
  const aggregate::Timeline line = aggregate::BuildTimeline(*reader_, request);
  Expect("timeline_part.txt", TimelineReport(trace(), line).Text(render_, {.rows = 8}, 40));
}

TEST_F(TimelineGoldenTest, Files) {
  const aggregate::Timeline line = Line(16);
  const TimelineReport report(trace(), line);
  Expect("timeline.svg", report.Svg());
  Expect("timeline.csv", report.Csv());
  Expect("timeline.json", ToText(report.ToJson({{"domain", "heap"}})));
}

TEST_F(GoldenTest, Info) {
  const EventCounts events = CountEvents(*reader_);
  const InfoReport info(trace(), events);
  Expect("info.txt", info.Text(render_));
  Expect("info.json", ToText(info.ToJson()));
}

}  // namespace
}  // namespace memtrace::report
