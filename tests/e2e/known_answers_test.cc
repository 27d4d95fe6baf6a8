// SPDX-License-Identifier: MIT
// The programs of demo_apps/known say in their header comments what a right recording of them shows; here it
// is held against what memtrace shows, to the byte and to the line.
#include "tests/e2e/harness/known_answers.h"

#include <map>
#include <ostream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

struct KnownProgram {
  const char* executable;
  const char* source;
};

void PrintTo(const KnownProgram& program, std::ostream* out) {
  *out << program.source;
}

class KnownAnswersTest : public EndToEnd, public testing::WithParamInterface<KnownProgram> {
 protected:
  void SetUp() override {
    source_ = fs::path(MEMTRACE_SOURCE_ROOT) / "demo_apps/known" / GetParam().source;
    answers_ = ReadKnownAnswers(source_);
    run_ = ExpectSoundRun({std::string(MEMTRACE_KNOWN_PROGRAMS) + "/" + GetParam().executable});
  }

  // This file's rows, in the order of the report by that metric.
  const std::vector<Row>& OwnRows(const std::string& metric) {
    const auto [known, is_new] = rows_.try_emplace(metric);
    if (is_new) {
      for (const Row& row : TopOf(run_.trace, {"-n", "100000", "--by", "line", "--metric", metric})) {
        if (fs::path(row.file).lexically_normal() == source_) known->second.push_back(row);
      }
    }
    return known->second;
  }

  static Amount Sum(const std::vector<Row>& rows, const ExpectedRow& wanted, const std::string& metric) {
    Amount sum;
    for (const Row& row : rows) {
      if (wanted.line && row.line != *wanted.line) continue;
      if (row.function.find(wanted.function) == std::string::npos) continue;
      sum.bytes += row.amounts.at(metric).bytes;
      sum.blocks += row.amounts.at(metric).blocks;
    }
    return sum;
  }

  std::string Place(std::size_t line) const { return source_.string() + ":" + std::to_string(line); }

  fs::path source_;
  KnownAnswers answers_;
  ShimRun run_;
  std::map<std::string, std::vector<Row>> rows_;  // by metric
};

TEST_P(KnownAnswersTest, RowsAreRightToTheByteAndTheLine) {
  for (const ExpectedRow& wanted : answers_.rows) {
    if (!wanted.thread.empty()) continue;
    for (const auto& [metric, amount] : wanted.amounts) {
      EXPECT_EQ(Sum(OwnRows(metric), wanted, metric), amount) << Place(wanted.source_line) << " " << metric;
    }
  }
}

TEST_P(KnownAnswersTest, ThreadsHoldTheirParts) {
  for (const ExpectedRow& wanted : answers_.rows) {
    if (wanted.thread.empty()) continue;
    for (const auto& [metric, amount] : wanted.amounts) {
      Amount seen;
      for (const Row& row : OwnRows(metric)) {
        const auto part = row.by_thread.find(wanted.thread);
        if (row.line != wanted.line || part == row.by_thread.end()) continue;
        seen.bytes += part->second.bytes;
        seen.blocks += part->second.blocks;
      }
      EXPECT_EQ(seen, amount) << Place(wanted.source_line) << " " << metric;
    }
  }
}

TEST_P(KnownAnswersTest, LeaksReportHoldsWhatWasNotFreed) {
  std::vector<Row> rows;
  for (const Row& row : ParseRows(MemtraceJson({"leaks", run_.trace, "-n", "100000"}))) {
    if (fs::path(row.file).lexically_normal() == source_) rows.push_back(row);
  }
  for (const ExpectedRow& wanted : answers_.rows) {
    if (!wanted.thread.empty() || wanted.amounts.count("not-freed") == 0) continue;
    EXPECT_EQ(Sum(rows, wanted, "not-freed"), wanted.amounts.at("not-freed")) << Place(wanted.source_line);
  }
}

TEST_P(KnownAnswersTest, LinesComeInTheRightOrder) {
  for (const ExpectedOrder& wanted : answers_.orders) {
    std::vector<std::uint64_t> lines;
    for (const Row& row : OwnRows(wanted.metric)) {
      if (row.ranked != Amount{}) lines.push_back(row.line);
    }
    EXPECT_EQ(lines, wanted.lines) << Place(wanted.source_line);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, KnownAnswersTest,
                         testing::Values(KnownProgram{"known_peak", "peak.c"},
                                         KnownProgram{"known_not_freed", "not_freed.cc"},
                                         KnownProgram{"known_temporary", "temporary.c"},
                                         KnownProgram{"known_inlined", "inlined.cc"},
                                         KnownProgram{"known_threads", "threads.cc"}),
                         [](const auto& param) { return std::string(param.param.executable); });

}  // namespace
}  // namespace memtrace::e2e
