// SPDX-License-Identifier: MIT
// Wording of places, chains and threads, with hostile names among them.
#include "analyzer/report/row_text.h"

#include <gtest/gtest.h>

#include "analyzer/report/end_text.h"
#include "analyzer/report/function_text.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using testing::LibraryFrame;
using testing::LineFrame;

std::string Chain(const std::vector<symbolize::Frame>& frames, std::size_t from = 0, bool skip = true) {
  return ChainText(testing::PointersTo(frames), from, skip);
}

TEST(PlaceText, NamesALineOrAFunctionOrAModule) {
  EXPECT_EQ(PlaceText(LineFrame("f", "/home/me/src/a.cc", 5), {.working_directory = "/home/me"}),
            "src/a.cc:5");
  EXPECT_EQ(PlaceText(LibraryFrame("PQexec", "/lib/libpq.so.5"), {}), "PQexec in libpq.so.5");
  EXPECT_EQ(PlaceText(LibraryFrame("", "/lib/libpq.so.5"), {}), "?? in libpq.so.5");
  EXPECT_EQ(PlaceText({}, {}), "?? in code outside of any file");
}

TEST(PlaceText, IsSafeToPrint) {
  EXPECT_EQ(PlaceText(LineFrame("f", "/\x1b[2J.cc", 5), {}), "/\xEF\xBF\xBD[2J.cc:5");
  EXPECT_EQ(PlaceText(LibraryFrame("a\nb", "/lib/\x07.so"), {}),
            "a\xEF\xBF\xBD"
            "b in \xEF\xBF\xBD.so");
}

TEST(ChainText, GoesOutwardFromTheChargedFrameAndEndsBeforeTheStartCode) {
  const std::vector<symbolize::Frame> stack = {
      LibraryFrame("operator new(unsigned long)", "/lib/libstdc++.so.6"), LineFrame("ns::f(int)", "/a.cc", 1),
      LineFrame("main", "/a.cc", 2), LibraryFrame("__libc_start_call_main", "/lib/libc.so.6"),
      LibraryFrame("", "/usr/bin/app")};
  EXPECT_EQ(Chain(stack, 1), "ns::f <- main");
}

TEST(ChainText, ShowsWhoOpenedALibraryButNotWhoStartedTheProgram) {
  const auto constructor = LibraryFrame("init_tables", "/lib/libx.so");
  const auto call_init = LineFrame("call_init", "/elf/dl-init.c", 70);
  const auto dl_init = LineFrame("_dl_init", "/elf/dl-init.c", 117);
  EXPECT_EQ(Chain({constructor, call_init, dl_init, LibraryFrame("_dl_start_user", "/lib/ld.so")}, 0),
            "init_tables");
  EXPECT_EQ(Chain({constructor, call_init, dl_init, LineFrame("dlopen", "/dlfcn/dlopen.c", 81),
                   LineFrame("main", "/a.cc", 3)},
                  0),
            "init_tables <- call_init <- _dl_init <- dlopen <- main");
}

TEST(ChainText, FoldsRecursion) {
  const auto f = LineFrame("f", "/a.cc", 1);
  EXPECT_EQ(Chain({f, f, f, LineFrame("main", "/a.cc", 2)}, 0), "f (3 times) <- main");
}

TEST(ChainText, LeavesOutTheMiddleOfLongChains) {
  std::vector<symbolize::Frame> stack;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "main"})
    stack.push_back(LineFrame(name, "/a", 1));
  EXPECT_EQ(Chain(stack, 0), "a <- b <- c <- d <- e <- … <- main");
  stack.erase(stack.begin(), stack.begin() + 3);
  EXPECT_EQ(Chain(stack, 0), "d <- e <- f <- g <- h <- main");
}

TEST(ChainText, LeavesOutTheStandardLibraryUnlessAskedFor) {
  const std::vector<symbolize::Frame> stack = {LineFrame("f", "/a.cc", 1),
                                               LineFrame("std::make_unique<T>", "/memory.h", 9),
                                               LineFrame("main", "/a.cc", 2)};
  EXPECT_EQ(Chain(stack, 0), "f <- main");
  EXPECT_EQ(Chain(stack, 0, false), "f <- std::make_unique<T> <- main");
}

TEST(FunctionText, IsShortEnoughToRead) {
  const auto text = [](const char* name) { return FunctionText(LineFrame(name, "/a.cc", 1)); };
  EXPECT_EQ(text("app::(anonymous namespace)::Read(int)"), "app::Read");
  EXPECT_EQ(text("Keep<Row>::Add(Row)"), "Keep<Row>::Add");
  EXPECT_EQ(text("Keep<some_rather_long_namespace::Record<some_other_long_argument> >::Add(int)"),
            "Keep<…>::Add");
}

TEST(FoldTemplateArguments, KnowsOperatorsFromBrackets) {
  EXPECT_EQ(FoldTemplateArguments("a<b<c>>::d<e>"), "a<…>::d<…>");
  EXPECT_EQ(FoldTemplateArguments("a<b>::operator<< <c>"), "a<…>::operator<< <…>");
  EXPECT_EQ(FoldTemplateArguments("a<b>::operator-><c>"), "a<…>::operator-><…>");
  EXPECT_EQ(FoldTemplateArguments("<alloc::Vec<T> as Clone>::clone"), "<alloc::Vec<T> as Clone>::clone");
  EXPECT_EQ(FoldTemplateArguments("a<b"), "a<…>");
}

TEST(ChainText, SaysWhereCallersWereNotFound) {
  symbolize::Frame truncated;
  truncated.is_truncated = true;
  EXPECT_EQ(Chain({LineFrame("f", "/a.cc", 1), truncated}, 0), "f <- (callers not found)");
}

class ThreadsTest : public ::testing::Test {
 protected:
  void SetUp() override { trace_.threads = {{1, "app"}, {2, "worker"}, {3, "pool"}, {4, "pool"}, {5, ""}}; }
  std::string Shares(const std::map<model::ThreadId, std::uint64_t>& by_thread) {
    Row row;
    for (const auto& [thread, bytes] : by_thread) row.by_thread[thread] = {bytes, 1};
    return ThreadShares(row, Metric::kLive, trace_);
  }
  model::Trace trace_;
};

TEST_F(ThreadsTest, AreNamedAsShortlyAsTheyCanBeToldApart) {
  EXPECT_EQ(ThreadText(trace_, 0), "main thread");
  EXPECT_EQ(ThreadText(trace_, 1), "worker");
  EXPECT_EQ(ThreadText(trace_, 2), "pool (thread 2)");
  EXPECT_EQ(ThreadText(trace_, 4), "thread 4");
  EXPECT_EQ(ThreadText(trace_, 99), "thread 99");
}

TEST_F(ThreadsTest, AreToldWhereNotAllIsTheFirstThreads) {
  EXPECT_EQ(Shares({{0, 100}}), "");
  EXPECT_EQ(Shares({{1, 100}}), "[worker]");
  EXPECT_EQ(Shares({{0, 12}, {1, 88}}), "[worker 88%, main thread 12%]");
  EXPECT_EQ(Shares({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 4}, {99, 2}}),
            "[thread 4 40%, thread 99 20%, main thread 10%, worker 10%, 2 others 20%]");
}

TEST(EndText, SaysWhatIsKnown) {
  model::TraceInfo info;
  EXPECT_EQ(EndWord(info), "killed");
  info.is_running = true;
  EXPECT_EQ(EndText(info), "still running");
  info.end_reason = format::EndReason::kUnderscoreExit;
  info.end_code = 7;
  EXPECT_EQ(EndText(info), "exit code 7 by _exit");
  info.end_reason = format::EndReason::kContinues;
  EXPECT_EQ(EndWord(info), "running");
  info.state = format::RecordingState::kStopped;
  info.stop_errno = 28;
  EXPECT_EQ(EndText(info), "recording stopped early (No space left on device); the program went on");
}

}  // namespace
}  // namespace memtrace::report
