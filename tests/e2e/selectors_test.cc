// SPDX-License-Identifier: MIT
// Selectors, tree, lines, stats and suppressions on recorded programs whose answers are known.
#include <algorithm>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;

class SelectorsTest : public EndToEnd {
 protected:
  ShimRun RunKnown(const std::string& name) {
    return ExpectSoundRun({std::string(MEMTRACE_KNOWN_PROGRAMS) + "/" + name});
  }
  // What a report's selectors let through, of the metric.
  Amount Matching(std::vector<std::string> words) {
    words.insert(words.begin(), "top");
    const json matching = MemtraceJson(std::move(words)).at("matching");
    return {matching.at("bytes"), matching.at("blocks")};
  }
};

TEST_F(SelectorsTest, ThreadsSizesAndPlacesOfAThreadedProgram) {
  const fs::path trace = RunKnown("known_threads").trace;
  const std::vector<std::string> own = {"--include", "threads.cc", trace};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), own.begin(), own.end());
    return Matching(std::move(words));
  };
  EXPECT_EQ(with({"--metric", "total"}), (Amount{397200, 2070}));
  EXPECT_EQ(with({"--metric", "total", "--thread", "worker-*"}), (Amount{256000, 1000}));
  EXPECT_EQ(with({"--metric", "total", "--thread", "consumer", "--size", "500"}), (Amount{10000, 20}));
  EXPECT_EQ(with({"--metric", "total", "--size", "100:200"}), (Amount{128000, 1000}));
  EXPECT_EQ(with({"--metric", "peak", "--thread", "producer"}), (Amount{128000, 1000}))
      << "the producer's own peak";
  EXPECT_EQ(with({"--metric", "not-freed", "--focus", "Produce"}), (Amount{12800, 100}));
  EXPECT_EQ(with({"--metric", "total", "--ignore", "Work", "--ignore", "Produce"}), (Amount{13200, 70}));
  EXPECT_EQ(Matching({"--metric", "total", "--show-from", "^Work", trace}), (Amount{256000, 1000}));
}

TEST_F(SelectorsTest, AnOptionDoesNotTakeTheTraceBehindItForItsValue) {
  const fs::path trace = RunKnown("known_temporary").trace;
  for (const char* option : {"--focus", "--ignore", "--hide", "--thread", "--include", "--wrappers"}) {
    const std::string value = std::string(option) == "--thread" ? "main" : "x";
    const Outcome outcome = Memtrace({"top", option, value, trace});
    EXPECT_TRUE(outcome.Succeeded()) << option << ": " << outcome.err;
  }
}

TEST_F(SelectorsTest, ARangeBetweenMarksHoldsWhatWasAllocatedInIt) {
  const ShimRun run = ExpectSoundRun({Program("marks")});
  const json whole = MemtraceJson({"top", "--metric", "total", run.trace});
  const json summary = MemtraceJson({"summary", run.trace});
  ASSERT_GE(summary.at("marks").size(), 2U);
  const std::string first = summary.at("marks").front().at("name");
  const std::string last = summary.at("marks").back().at("name");
  const auto total = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--metric", "total", run.trace});
    return Matching(std::move(words));
  };
  const Amount before = total({"--to", first});
  const Amount between = total({"--from", first, "--to", last});
  const Amount after = total({"--from", last});
  EXPECT_EQ(before.bytes + between.bytes + after.bytes, whole.at("total").at("bytes"));
  EXPECT_EQ(before.blocks + between.blocks + after.blocks, whole.at("total").at("blocks"));
}

TEST_F(SelectorsTest, WrappersChargeTheirCallers) {
  const fs::path trace = RunKnown("known_not_freed").trace;
  const auto functions = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--metric", "not-freed", "--by", "function", trace});
    words.insert(words.begin(), "top");
    std::vector<std::string> names;
    for (const Row& row : ParseRows(MemtraceJson(words))) names.push_back(row.function);
    return names;
  };
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& text) { return text.find(name) != std::string::npos; });
  };
  EXPECT_TRUE(has(functions({}), "OpenSession"));
  const std::vector<std::string> wrapped = functions({"--wrappers", "OpenSession|Session::Session"});
  EXPECT_FALSE(has(wrapped, "Session"));
  EXPECT_TRUE(has(wrapped, "main"));
}

TEST_F(SelectorsTest, TreeLinesAndStatsAgreeWithTop) {
  const fs::path trace = RunKnown("known_not_freed").trace;
  const json top = MemtraceJson({"top", "--metric", "not-freed", trace});
  const json tree = MemtraceJson({"tree", "--metric", "not-freed", "--min-percent", "0", trace});
  EXPECT_EQ(tree.at("rows").front().at("bytes"), top.at("total").at("bytes"));
  std::uint64_t own = 0;
  for (const json& row : tree.at("rows")) own += row.at("own").at("bytes").get<std::uint64_t>();
  EXPECT_EQ(own, top.at("total").at("bytes").get<std::uint64_t>()) << "each byte is somebody's own";

  const json lines = MemtraceJson({"lines", "--at", "end", trace, "not_freed.cc:LoseInC"});
  Amount lost;
  for (const json& row : lines.at("rows")) {
    lost.bytes += row.at("live").at("bytes").get<std::uint64_t>();
    lost.blocks += row.at("live").at("blocks").get<std::uint64_t>();
  }
  EXPECT_EQ(lost, (Amount{7306, 11})) << "7 of 1000, 3 of 100, 1 of 6";

  const json stats = MemtraceJson({"stats", trace});
  EXPECT_EQ(stats.at("not_freed"), top.at("total"));
  EXPECT_EQ(stats.at("total"), MemtraceJson({"top", "--metric", "total", trace}).at("total"));
  EXPECT_TRUE(stats.at("rows").empty()) << "nothing is freed the wrong way";
}

TEST_F(SelectorsTest, StatsNamesThePlacesOfWrongFrees) {
  const ShimRun run = ExpectSoundRun({Program("mixed_free")});
  const json stats = MemtraceJson({"stats", run.trace});
  std::vector<std::string> pairs;
  for (const json& row : stats.at("rows")) {
    EXPECT_EQ(row.at("blocks"), 10);
    EXPECT_EQ(row.at("function"), "main");
    pairs.push_back(row.at("allocated_by").get<std::string>() + " by " +
                    row.at("freed_by").get<std::string>());
  }
  std::sort(pairs.begin(), pairs.end());
  EXPECT_EQ(pairs, (std::vector<std::string>{"malloc by delete", "operator new by free()",
                                             "operator new[] by delete"}));
}

TEST_F(SelectorsTest, TheProgramsOwnSuppressionsAreUsed) {
  const ShimRun run = ExpectSoundRun({Program("own_suppressions")});
  const json leaks = MemtraceJson({"leaks", run.trace});
  EXPECT_EQ(leaks.at("suppressed"), (json{{"bytes", 3000}, {"blocks", 3}}));
  EXPECT_EQ(leaks.at("suppressions_used"),
            (json::array({{{"pattern", "KeepRegistry"}, {"bytes", 3000}, {"blocks", 3}}})));
  const auto has = [](const json& report, const char* function) {
    return std::any_of(report.at("rows").begin(), report.at("rows").end(), [&](const json& row) {
      return row.at("function").is_string() && row.at("function").get<std::string>().starts_with(function);
    });
  };
  EXPECT_TRUE(has(leaks, "LoseSome"));
  EXPECT_FALSE(has(leaks, "KeepRegistry"));
  const json all = MemtraceJson({"leaks", "--no-own-suppressions", run.trace});
  EXPECT_TRUE(has(all, "KeepRegistry"));
  EXPECT_EQ(Memtrace({"leaks", "--error-exitcode", "9", run.trace}).exit_code, 9);
  EXPECT_EQ(Memtrace({"leaks", "--error-exitcode", "9", "--include", "nowhere.cc", run.trace}).exit_code, 0);
}

// Chosen stacks are counted as if there were no others: their highest moment is their own.
TEST_F(SelectorsTest, TimelineAndCheckCountChosenStacksAlone) {
  const fs::path trace = RunKnown("known_threads").trace;
  const json line = MemtraceJson({"timeline", "--focus", "Produce", trace});
  EXPECT_EQ(line.at("peak_bytes"), 128000) << "the producer's own peak";
  EXPECT_EQ(line.at("rows").back().at("live").at("bytes"), 12800);
  EXPECT_EQ(line.at("selector").at("focus"), json::array({"Produce"}));
  EXPECT_EQ(MemtraceJson({"timeline", "--ignore", ".", trace}).at("peak_bytes"), 0) << "nothing is left";
  EXPECT_NE(Memtrace({"timeline", "--focus", "Produce", trace}).out.find("chosen stacks"), std::string::npos);

  const auto check = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "check");
    words.push_back(trace);
    return Memtrace(words);
  };
  EXPECT_EQ(check({"--focus", "Produce", "--max-peak", "128000", "--max-count", "1000"}).exit_code, 0);
  const Outcome broken = check({"--focus", "Produce", "--max-peak", "127999"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.out.find("threads.cc:"), std::string::npos) << broken.out;
  EXPECT_EQ(check({"--thread", "consumer", "--size", "500", "--max-total", "10000"}).exit_code, 0);
  EXPECT_EQ(check({"--thread", "consumer", "--size", "500", "--max-total", "9999"}).exit_code, 1);
}

TEST_F(SelectorsTest, CompareCountsChosenBlocks) {
  const fs::path trace = RunKnown("known_threads").trace;
  const json row =
      MemtraceJson({"compare", "--size", "500", "--thread", "consumer", "--include", "threads.cc", trace})
          .at("rows")
          .at(0);
  EXPECT_EQ(row.at("total"), (json{{"bytes", 10000}, {"blocks", 20}}));
  EXPECT_NE(row.at("main_source").get<std::string>().find("threads.cc:"), std::string::npos);
  const json whole = MemtraceJson({"compare", "--focus", "Produce", trace}).at("rows").at(0);
  EXPECT_EQ(whole.at("total").at("bytes"),
            MemtraceJson({"top", "--metric", "total", trace}).at("total").at("bytes"))
      << "stacks choose only the main source";
}

TEST_F(SelectorsTest, ThePackedTraceOfADeletedProgramHasItsSuppressions) {
  const fs::path program = root() / "deleted_soon";
  fs::copy_file(Program("own_suppressions"), program);
  const ShimRun run = ExpectSoundRun({program});
  const fs::path packed = work() / "packed.mtr";
  ASSERT_EQ(EndOf(Memtrace({"pack", "-o", packed, run.trace})), "exit code 0");
  fs::remove(program);
  EXPECT_EQ(MemtraceJson({"leaks", packed}).at("suppressed"), (json{{"bytes", 3000}, {"blocks", 3}}));
  EXPECT_EQ(MemtraceJson({"leaks", run.trace}).at("suppressed").at("blocks"), 0) << "which needs the program";
}

TEST_F(SelectorsTest, CheckLeavesOutWhatIsSuppressed) {
  const ShimRun run = ExpectSoundRun({Program("own_suppressions")});
  const json leaks = MemtraceJson({"leaks", run.trace});
  const std::uint64_t left = leaks.at("found").at("bytes");
  const auto check = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"check", run.trace});
    return Memtrace(words);
  };
  EXPECT_EQ(check({"--max-not-freed", std::to_string(left)}).exit_code, 0);
  EXPECT_EQ(check({"--max-not-freed", std::to_string(left - 1)}).exit_code, 1);
  EXPECT_EQ(check({"--max-not-freed", std::to_string(left), "--no-own-suppressions"}).exit_code, 1);
  const fs::path rules = work() / "all.supp";
  WriteFile(rules, "leak:*\n");
  EXPECT_EQ(check({"--max-not-freed", "0", "--suppressions", rules}).exit_code, 0);
  EXPECT_EQ(check({"--max-total", "3000", "--suppressions", rules}).exit_code, 1) << "they are allocated";
  EXPECT_EQ(json::parse(check({"--max-not-freed", "0", "--json"}).out).at("suppressed"),
            leaks.at("suppressed"));
}

TEST_F(SelectorsTest, WrongWordsAreUsageErrors) {
  const fs::path trace = RunKnown("known_temporary").trace;
  const std::vector<std::vector<std::string>> wrong = {
      {"top", "--size", "9:1", trace},
      {"top", "--lifetime", "soon", trace},
      {"top", "--thread", "nobody", trace},
      {"top", "--from", "never", trace},
      {"tree", "--by", "file", trace},
      {"tree", "--min-percent", "200", trace},
      {"lines", trace, "no_such_file.cc"},
      {"stats", "--domain", "mapped", trace},
      {"top", "--cum", "--by", "size", trace},
      {"top", "--show-from", "(", trace},
      {"leaks", "--suppressions", trace, trace},
      {"check", "--max-process", "1GiB", "--focus", "x", trace},
      {"check", "--max-peak", "1GiB", "--thread", "nobody", trace},
      {"compare", "--svg", "--focus", "x", trace},
      {"compare", "--svg", "--process", "--size", "8:", trace},
      {"timeline", "--focus", "(", trace}};
  for (const std::vector<std::string>& words : wrong) {
    const Outcome outcome = Memtrace(words);
    EXPECT_EQ(outcome.exit_code, 2) << words[0] << " " << words[1] << ": " << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace memtrace::e2e
