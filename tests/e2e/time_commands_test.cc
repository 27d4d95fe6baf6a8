// SPDX-License-Identifier: MIT
// timeline, diff, compare, check and dump on recordings of real programs: against each other, against
// Python's tracemalloc, and against what the programs say of themselves.
#include <sstream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TimeCommands : public EndToEnd {
 protected:
  fs::path Record(const Command& command) {
    const ShimRun run = RunUnderShim(command);
    EXPECT_EQ(EndOf(run), "exit code 0") << run.err;
    EXPECT_FALSE(run.trace.empty()) << run.err;
    return run.trace;
  }

  // What becomes of one place between two recordings, as {bytes, change}, by function.
  static std::map<std::string, json> ByFunction(const json& diff) {
    std::map<std::string, json> rows;
    for (const json& row : diff["rows"]) rows[row["place"]["function"].get<std::string>()] = row;
    return rows;
  }
};

TEST_F(TimeCommands, TimelineAgreesWithTheSummary) {
  const fs::path trace = Record({"/usr/bin/python3", "-c", "x = [bytes(1000) for i in range(20000)]; del x"});
  const Summary summary = SummaryOf(trace);
  const json line = MemtraceJson({"timeline", trace, "--slices", "300"});
  EXPECT_LE(line["rows"].size(), 300U);
  EXPECT_GE(line["rows"].size(), 200U);
  std::uint64_t highest = 0, allocations = 0, bytes = 0, frees = 0;
  for (const json& row : line["rows"]) {
    highest = std::max(highest, row["highest_bytes"].get<std::uint64_t>());
    allocations += row["allocated"]["blocks"].get<std::uint64_t>();
    bytes += row["allocated"]["bytes"].get<std::uint64_t>();
    frees += row["frees"].get<std::uint64_t>();
  }
  EXPECT_EQ(highest, summary.peak.bytes);
  EXPECT_EQ(line["peak_bytes"], summary.peak.bytes);
  EXPECT_EQ(allocations, summary.allocs);
  EXPECT_EQ(bytes, summary.bytes_allocated);
  EXPECT_EQ(frees, summary.frees);
  EXPECT_EQ(line["rows"].back()["live"]["bytes"], summary.in_use_at_exit.bytes);
}

TEST_F(TimeCommands, TimelineOfSelectedBlocksPeaksWhereTopSays) {
  const fs::path trace = Record({"/usr/bin/python3", "-c", "x = [bytes(1000) for i in range(20000)]; del x"});
  const json line = MemtraceJson({"timeline", trace, "--size", "1000:", "--thread", "main"});
  const json top = MemtraceJson({"top", trace, "--size", "1000:", "--thread", "main", "-n", "0"});
  EXPECT_EQ(line["peak_bytes"], top["peak"]["bytes"]);
  EXPECT_LT(line["peak_bytes"], SummaryOf(trace).peak.bytes);
  EXPECT_EQ(line["selector"]["size_bytes"], top["selector"]["size_bytes"]);
}

TEST_F(TimeCommands, TimelineAtAMomentIsTopAtThatMoment) {
  const fs::path trace = Record({"/usr/bin/python3", "-c", "x = [bytes(1000) for i in range(20000)]"});
  const json line = MemtraceJson({"timeline", trace, "--slices", "7"});
  for (std::size_t i = 1; i < line["rows"].size(); ++i) {
    // A slice begins at its start: what is live then is the end of the one before.
    const std::uint64_t start_ns = line["rows"][i]["start_ns"];
    const json top = MemtraceJson({"top", trace, "--at", std::to_string(start_ns - 1) + "ns", "-n", "0"});
    EXPECT_EQ(line["rows"][i - 1]["live"], top["total"]) << "slice " << i;
  }
}

TEST_F(TimeCommands, TimelineWritesPicturesThatOtherProgramsRead) {
  const fs::path trace = Record({"/bin/ls", "/"});
  const Outcome text = Memtrace({"timeline", trace, "--x", "60", "--y", "8", "--ascii"});
  EXPECT_EQ(EndOf(text), "exit code 0") << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("^"), HasSubstr("#"), HasSubstr("+--")));
  for (const char c : text.out) EXPECT_GE(c, '\n') << "not ASCII";
  const Outcome parsed =
      Run({"/usr/bin/python3", "-c",
           "import csv, subprocess, sys, xml.dom.minidom\n"
           "run = lambda *o: subprocess.check_output([sys.argv[1], 'timeline', sys.argv[2], *o])\n"
           "svg = xml.dom.minidom.parseString(run('--svg'))\n"
           "print(svg.documentElement.tagName, len(svg.getElementsByTagName('path')) >= 2)\n"
           "rows = list(csv.DictReader(run('--csv', '--slices', '50').decode().splitlines()))\n"
           "print(max(int(row['highest_bytes']) for row in rows))\n",
           MemtracePath(), trace});
  std::ostringstream expected;
  expected << "svg True\n" << SummaryOf(trace).peak.bytes << "\n";
  EXPECT_EQ(parsed.out, expected.str()) << parsed.err;
}

TEST_F(TimeCommands, DiffFindsTheLinesOfAnEditedProgram) {
  const fs::path before = Record({Program("work_before")});
  const fs::path after = Record({Program("work_after")});
  const json diff = MemtraceJson({"diff", before, after, "-n", "100"});
  std::map<std::string, std::vector<json>> rows;
  for (const json& row : diff["rows"]) {
    if (row["place"]["function"].is_string()) rows[row["place"]["function"]].push_back(row);
  }
  ASSERT_EQ(rows["load"].size(), 2U) << diff.dump(1);
  // Sorted by the size of the change: the rows, then the one block beside them.
  EXPECT_EQ(rows["load"][0]["state"], "changed");
  EXPECT_EQ(rows["load"][0]["bytes"], 150000);
  EXPECT_EQ(rows["load"][0]["bytes_change"], 50000);
  EXPECT_EQ(rows["load"][0]["blocks_change"], 500);
  EXPECT_EQ(rows["load"][0]["is_moved"], true);  // by a line within load
  EXPECT_EQ(rows["load"][1]["state"], "unchanged");
  EXPECT_EQ(rows["load"][1]["bytes"], 5000);
  ASSERT_EQ(rows["cache"].size(), 1U);
  EXPECT_EQ(rows["cache"][0]["state"], "gone");
  EXPECT_EQ(rows["cache"][0]["bytes_change"], -70000);
  ASSERT_EQ(rows["names"].size(), 1U);
  EXPECT_EQ(rows["names"][0]["state"], "new");
  EXPECT_EQ(rows["names"][0]["bytes_change"], 30000);
  const Outcome text = Memtrace({"diff", before, after});
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("  gone"), HasSubstr("  new"), HasSubstr("was "), HasSubstr("1 new, 1 gone")));
}

TEST_F(TimeCommands, DiffOfATraceWithItselfIsNothing) {
  const fs::path trace = Record({"/bin/ls", "/"});
  const json diff = MemtraceJson({"diff", trace, trace, "-n", "1000"});
  EXPECT_EQ(diff["counts"]["changed"], 0);
  EXPECT_GT(diff["counts"]["unchanged"], 0);
  EXPECT_THAT(Memtrace({"diff", trace, trace}).out, HasSubstr("No difference in what is live at peak"));
}

// Python's own StatisticDiff, given the same numbers, prints the same lines in the same order.
TEST_F(TimeCommands, PlainDiffIsTracemallocs) {
  const fs::path before = Record({Program("work_before")});
  const fs::path after = Record({Program("work_after")});
  const char* script =
      "import json, sys, tracemalloc as t\n"
      "rows = json.load(sys.stdin)['rows']\n"
      "diffs = []\n"
      "for row in rows:\n"
      "    place = row['place']\n"
      "    if place['line'] is None: continue\n"
      "    trace = t.Traceback([(place['file'], place['line'])])\n"
      "    diffs.append(t.StatisticDiff(trace, row['bytes'], row['bytes_change'], row['blocks'],\n"
      "                                 row['blocks_change']))\n"
      "diffs.sort(reverse=True, key=t.StatisticDiff._sort_key)\n"
      "for diff in diffs: print(diff)\n";
  const Outcome theirs = Run(Command{"/usr/bin/python3", "-c", script}.Reading(
      MemtraceJson({"diff", before, after, "-n", "1000"}).dump()));
  const Outcome ours = Memtrace({"diff", before, after, "-n", "1000", "--plain"});
  std::string with_lines;
  std::istringstream lines(ours.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("/")) with_lines += line + "\n";  // places without a line have no counterpart there
  }
  EXPECT_FALSE(with_lines.empty());
  EXPECT_EQ(with_lines, theirs.out) << theirs.err;
}

TEST_F(TimeCommands, CompareSaysOfEachTraceWhatItsSummarySays) {
  const fs::path first = Record({"/bin/ls", "/"});
  const fs::path second = Record({Program("work_after")});
  const json table = MemtraceJson({"compare", "files=" + first.string(), second});
  ASSERT_EQ(table["rows"].size(), 2U);
  EXPECT_EQ(table["rows"][0]["name"], "files");
  EXPECT_THAT(table["rows"][1]["main_source"].get<std::string>(), HasSubstr("work.c:"));
  for (std::size_t i = 0; i < 2; ++i) {
    const Summary summary = SummaryOf(i == 0 ? first : second);
    EXPECT_EQ(table["rows"][i]["peak"]["bytes"], summary.peak.bytes);
    EXPECT_EQ(table["rows"][i]["total"]["blocks"], summary.allocs);
    EXPECT_EQ(table["rows"][i]["not_freed"]["bytes"], summary.in_use_at_exit.bytes);
  }
  // Options that take one word leave the traces behind them alone.
  EXPECT_EQ(MemtraceJson({"compare", "--focus", "^main$", first, second})["rows"].size(), 2U);
  EXPECT_EQ(MemtraceJson({"compare", "--debug-path", "/usr/lib", first, second})["rows"].size(), 2U);
  const Outcome markdown = Memtrace({"compare", first, second, "--markdown"});
  EXPECT_THAT(markdown.out, AllOf(HasSubstr("| run | time |"), HasSubstr("|---|---:|")));
}

TEST_F(TimeCommands, CheckPassesAndFailsByItsExitCode) {
  const fs::path trace = Record({Program("work_after")});
  const std::uint64_t peak = SummaryOf(trace).peak.bytes;
  const auto check = [&](std::vector<std::string> limits) {
    limits.insert(limits.begin(), {"check", trace});
    return Memtrace(limits);
  };
  EXPECT_EQ(EndOf(check({"--max-peak", std::to_string(peak)})), "exit code 0");
  const Outcome broken = check({"--max-peak", std::to_string(peak - 1)});
  EXPECT_EQ(EndOf(broken), "exit code 1");
  EXPECT_THAT(broken.out,
              AllOf(HasSubstr("BROKEN"), HasSubstr("work.c:"), HasSubstr("1 of 1 limits broken")));
  EXPECT_EQ(EndOf(check({"--max-leaked", "0"})), "exit code 1");
  EXPECT_EQ(EndOf(check({"--max-count", "1e6", "--max-total", "1GiB"})), "exit code 0");
  const Outcome as_json = check({"--max-allocs", "10", "--json"});
  EXPECT_EQ(EndOf(as_json), "exit code 1");
  EXPECT_EQ(json::parse(as_json.out)["passed"], false);
}

TEST_F(TimeCommands, CheckHoldsARunAgainstAnother) {
  const fs::path before = Record({Program("work_before")});
  const fs::path after = Record({Program("work_after")});
  // 1002 blocks there, 1502 here.
  const Outcome strict = Memtrace({"check", after, "--baseline", before, "--max-growth", "5%"});
  EXPECT_EQ(EndOf(strict), "exit code 1");
  EXPECT_THAT(strict.out, AllOf(HasSubstr("5% more than"), HasSubstr("(+500)")));
  EXPECT_EQ(EndOf(Memtrace({"check", after, "--baseline", before, "--max-growth", "60%"})), "exit code 0");
  EXPECT_EQ(EndOf(Memtrace({"check", before, "--baseline", before, "--max-growth", "0"})), "exit code 0");
}

TEST_F(TimeCommands, WrongInputIsOneLine) {
  const fs::path trace = Record({"/bin/true"});
  const auto complaint = [&](std::vector<std::string> words) {
    const Outcome outcome = Memtrace(words);
    EXPECT_EQ(EndOf(outcome), "exit code 2") << testing::PrintToString(words);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(complaint({"check", trace}), HasSubstr("no limit given"));
  EXPECT_THAT(complaint({"check", trace, "--max-peak", "much"}), HasSubstr("--max-peak \"much\" is no size"));
  EXPECT_THAT(complaint({"check", trace, "--max-growth", "5%"}), HasSubstr("belong together"));
  EXPECT_THAT(complaint({"diff", trace}), HasSubstr("give --at twice"));
  EXPECT_THAT(complaint({"diff", trace, trace, trace}), HasSubstr("memtrace compare"));
  EXPECT_THAT(complaint({"timeline", trace, "--x", "0"}), HasSubstr("from 1 to 10000"));
  EXPECT_THAT(complaint({"timeline", trace, "--from", "nowhere"}), HasSubstr("is no moment"));
  EXPECT_THAT(complaint({"timeline", trace, "--svg", "--csv"}), HasSubstr("excludes"));
  EXPECT_EQ(EndOf(Memtrace({"compare", trace, "missing.mtr"})), "exit code 3");
}

TEST_F(TimeCommands, DumpShowsEveryRecord) {
  const fs::path trace = Record({Program("work_before")});
  const Summary summary = SummaryOf(trace);
  const json dump = MemtraceJson({"dump", trace, "--records", "100000"});
  std::uint64_t allocations = 0, frees = 0, last_ns = 0;
  for (const json& row : dump["rows"]) {
    allocations += row["event"] == "alloc" ? 1 : 0;
    frees += row["event"] == "free" || row["event"] == "realloc of" ? 1 : 0;
    EXPECT_GE(row["time_ns"].get<std::uint64_t>(), last_ns);
    last_ns = row["time_ns"];
    EXPECT_LE(row["node"].get<std::uint64_t>(), dump["nodes"].size());
  }
  EXPECT_EQ(allocations, summary.allocs);
  EXPECT_EQ(frees, summary.frees + summary.unknown_frees);
  std::uint64_t end = 0;
  for (const json& chunk : dump["chunks"]) {
    EXPECT_GE(chunk["offset"].get<std::uint64_t>(), end);
    end = chunk["offset"].get<std::uint64_t>() + chunk["size_bytes"].get<std::uint64_t>();
  }
  EXPECT_LE(end, fs::file_size(trace));
  const Outcome few = Memtrace({"dump", trace, "--events", "-n", "2"});
  EXPECT_THAT(few.out, AllOf(HasSubstr("events: the first 2 of"), Not(HasSubstr("chunks"))));
}

}  // namespace
}  // namespace memtrace::e2e
