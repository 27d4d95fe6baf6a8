// SPDX-License-Identifier: MIT
// Tests that memtrace's words on stderr never hurt the program: broken pipes, closed descriptors.
#include "preload/base/raw_log.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace memtrace::preload {
namespace {

// Runs `body` in a child, so that a signal or a closed stderr stays there. Returns the wait status.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(RawLogTest, WritesOneLine) {
  testing::internal::CaptureStderr();
  SayLine("hello");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "memtrace: hello\n");
}

TEST(RawLogTest, SurvivesABrokenPipeAndLeavesNoSignalBehind) {
  const int status = InChild([] {
    int ends[2];
    if (pipe(ends) != 0) _exit(1);
    close(ends[0]);
    dup2(ends[1], 2);
    signal(SIGPIPE, SIG_DFL);
    SayLine("nobody reads this");
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE)) _exit(2);
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(RawLogTest, SurvivesAClosedStderr) {
  EXPECT_EQ(InChild([] {
              close(2);
              SayLine("nowhere");
            }),
            0);
}

TEST(RawLogTest, KeepsErrno) {
  testing::internal::CaptureStderr();
  errno = 12345;
  SayLine("x");
  EXPECT_EQ(errno, 12345);
  testing::internal::GetCapturedStderr();
}

TEST(RawLogTest, CutsLongLinesButEndsThem) {
  const std::string text(5000, 'a');
  testing::internal::CaptureStderr();
  SayLine(text.c_str());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_LT(said.size(), 1600u);
  EXPECT_EQ(said.back(), '\n');
}

}  // namespace
}  // namespace memtrace::preload
