// SPDX-License-Identifier: MIT
// However a process ends, what it did before is in the trace.
#include <csignal>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

struct EndCase {
  const char* how;
  const char* outcome;
  const char* recorded;  // `end` of the JSON reports
};

void PrintTo(const EndCase& end, std::ostream* out) {
  *out << end.outcome;
}

class Ends : public EndToEnd, public testing::WithParamInterface<EndCase> {};

TEST_P(Ends, EverythingBeforeTheEndIsRecorded) {
  for (const char* blocks : {"1000", "100000"}) {
    const ShimRun run = RunUnderShim({Program("ends"), GetParam().how, blocks});
    EXPECT_EQ(EndOf(run), GetParam().outcome) << run.err;
    const Amount total =
        SumOfFunction(TopOf(run.trace, {"-n", "1000", "--metric", "total"}), "main", "total");
    EXPECT_EQ(total.blocks, std::stoull(blocks));
    EXPECT_EQ(total.bytes, std::stoull(blocks) * 48);
    const Amount left =
        SumOfFunction(TopOf(run.trace, {"-n", "1000", "--metric", "not-freed"}), "main", "not-freed");
    EXPECT_EQ(left.blocks, std::stoull(blocks) / 2);
    EXPECT_EQ(SummaryOf(run.trace).end, GetParam().recorded);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Ends,
    testing::Values(EndCase{"return", "exit code 3", "exit"}, EndCase{"exit", "exit code 4", "exit"},
                    EndCase{"_exit", "exit code 5", "_exit"}, EndCase{"_Exit", "exit code 6", "_exit"},
                    EndCase{"quick_exit", "exit code 7", "_exit"},
                    EndCase{"exit_group", "exit code 8", "killed"}, EndCase{"abort", "signal 6", "killed"},
                    EndCase{"kill", "signal 9", "killed"}, EndCase{"term", "signal 15", "killed"},
                    EndCase{"segv", "signal 11", "killed"}, EndCase{"handler", "exit code 42", "_exit"},
                    EndCase{"thread", "exit code 43", "exit"},
                    EndCase{"pthread_exit", "exit code 0", "exit"}),
    [](const auto& param) { return std::string(param.param.how); });

class EndsOnce : public EndToEnd {};

TEST_F(EndsOnce, FreesInDestructorsThatRunAfterExitHandlers) {
  const ShimRun run = ExpectSoundRun({Program("preinit_malloc")});
  const auto rows = TopOf(run.trace, {"-n", "1000", "--metric", "not-freed", "--by", "function"});
  EXPECT_EQ(SumOfFunction(rows, "Early", "not-freed"), Amount{})
      << "the last block is freed by a late destructor";
}

TEST_F(EndsOnce, ReportAtExitGoesToStderr) {
  const ShimRun run = RunUnderShim(Command{Program("ends"), "exit", "1000"}.With("MEMTRACE_REPORT", "top"));
  EXPECT_EQ(EndOf(run), "exit code 4");
  EXPECT_EQ(run.out, "ready\n");
  EXPECT_THAT(run.err, testing::HasSubstr("ends.c:"));
  EXPECT_THAT(run.err, testing::HasSubstr("Total"));
}

}  // namespace
}  // namespace memtrace::e2e
