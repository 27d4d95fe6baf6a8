// SPDX-License-Identifier: MIT
// From the words of a command line to a query.
#include "analyzer/cli/selector_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace memtrace::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

model::Trace SampleTrace() {
  model::Trace trace;
  trace.info.duration_ns = 10'000'000'000;
  trace.threads = {{1, "app"}, {2, "worker-1"}, {3, "worker-2"}, {4, "7"}};
  trace.marks = {{"loaded", 2'000'000'000, 0, {}}, {"done", 5'000'000'000, 0, {}}};
  return trace;
}

Result<aggregate::Query> QueryOf(const SelectorOptions& options) {
  const Result<Selectors> selectors = Selectors::Parse(options);
  if (!selectors) return selectors.error();
  return selectors->QueryOf(SampleTrace());
}

std::string ErrorOf(const SelectorOptions& options) {
  const Result<aggregate::Query> query = QueryOf(options);
  return query.ok() ? "" : query.error().message;
}

TEST(Selectors, WithoutAnyAllBlocksAtThePeakAreTaken) {
  const auto query = QueryOf({});
  ASSERT_TRUE(query.ok());
  EXPECT_FALSE(query->selects_blocks());
  EXPECT_EQ(query->moment.kind, aggregate::Moment::Kind::kPeak);
}

TEST(Selectors, RangesOfSizesAndTimesHaveTwoEndsOrOne) {
  EXPECT_EQ(QueryOf({.size = "64"})->size_bytes, (aggregate::Bounds{64, 64}));
  EXPECT_EQ(QueryOf({.size = "1KiB:"})->size_bytes, (aggregate::Bounds{1024, ~0ULL}));
  EXPECT_EQ(QueryOf({.size = ":2M"})->size_bytes, (aggregate::Bounds{0, 2 << 20}));
  EXPECT_EQ(QueryOf({.lifetime = "10ms:1.5s"})->lifetime_ns, (aggregate::Bounds{10'000'000, 1'500'000'000}));
  EXPECT_EQ(ErrorOf({.size = "9:8"}), "--size \"9:8\" is no range: 64, 1KiB:, :4096 or 1KiB:2MiB");
  EXPECT_EQ(ErrorOf({.lifetime = ":"}), "--lifetime \":\" is no range: :10ms, 60s: or 1s:60s");
  EXPECT_FALSE(QueryOf({.lifetime = "1day:"}).ok());
}

TEST(Selectors, WhatIsLiveAtTheEndOfTheRangeIsShown) {
  const auto range = QueryOf({.from = "loaded", .to = "7s"});
  EXPECT_EQ(range->from->time_ns, 2'000'000'000U);
  EXPECT_EQ(range->to->time_ns, 7'000'000'000U);
  EXPECT_TRUE(range->is_moment_to);
  EXPECT_EQ(QueryOf({.from = "loaded"})->moment.kind, aggregate::Moment::Kind::kEnd);
  EXPECT_FALSE(QueryOf({.at = "peak", .to = "done"})->is_moment_to);
  EXPECT_EQ(ErrorOf({.from = "done", .to = "loaded"}), "--from done is later than --to loaded");
  EXPECT_EQ(ErrorOf({.from = "end", .to = "1s"}), "--from end is later than --to 1s");
  EXPECT_THAT(ErrorOf({.to = "laoded"}), HasSubstr("--to \"laoded\" is no moment"));
}

TEST(Selectors, ThreadsAreNamedOrCounted) {
  EXPECT_THAT(QueryOf({.threads = {"main"}})->threads, ElementsAre(0));
  EXPECT_THAT(QueryOf({.threads = {"worker-*"}})->threads, ElementsAre(1, 2));
  EXPECT_THAT(QueryOf({.threads = {"2", "app"}})->threads, ElementsAre(2, 0));
  EXPECT_THAT(QueryOf({.threads = {"7"}})->threads, ElementsAre(3)) << "names come first";
  EXPECT_EQ(ErrorOf({.threads = {"4"}}),
            "--thread \"4\" is not in this trace: give main, a number from 0 to 3, or a name, * stands for "
            "anything (app, worker-1, worker-2, 7)");
}

TEST(Selectors, WrongWordsAreToldBeforeATraceIsRead) {
  EXPECT_FALSE(Selectors::Parse({.domain = "heep"}).ok());
  EXPECT_FALSE(Selectors::Parse({.stacks = {.show_from = "("}}).ok());
  EXPECT_EQ(Selectors::Parse({.wrappers = {"["}}).error().code, ErrorCode::kUsage);
  setenv("MEMTRACE_WRAPPERS", "(", 1);
  EXPECT_THAT(Selectors::Parse({}).error().message, HasSubstr("MEMTRACE_WRAPPERS \"(\" is no regular"));
  unsetenv("MEMTRACE_WRAPPERS");
}

TEST(SelectorOptions, AListTakesOneWordAtATimeSoThatTheTraceBehindItStays) {
  CLI::App app;
  SelectorOptions options;
  std::string trace;
  app.add_option("TRACE", trace);
  AddSelectorOptions(app, options);
  app.parse("--focus x --focus a --ignore b app.mtr");
  EXPECT_EQ(trace, "app.mtr");
  EXPECT_THAT(options.stacks.focus, ElementsAre("x", "a"));
  EXPECT_THAT(options.stacks.ignore, ElementsAre("b"));
}

}  // namespace
}  // namespace memtrace::cli
