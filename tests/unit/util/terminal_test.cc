// SPDX-License-Identifier: MIT
// Colour and width are decided by options, environment and the kind of file, in this order.
#include "analyzer/util/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "analyzer/util/progress.h"

namespace memtrace {
namespace {

// A pseudo terminal: what is written to terminal() can be read by Written().
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
    setenv("TERM", "xterm", 1);
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(master_, 0);
    ASSERT_EQ(grantpt(master_), 0);
    ASSERT_EQ(unlockpt(master_), 0);
    terminal_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal_, 0);
    ASSERT_EQ(pipe(pipe_), 0);
    fcntl(master_, F_SETFL, O_NONBLOCK);
  }
  void TearDown() override {
    for (const int fd : {master_, terminal_, pipe_[0], pipe_[1]}) close(fd);
  }
  std::string Written() const {
    char text[4096];
    const ssize_t bytes = read(master_, text, sizeof text);
    return bytes > 0 ? std::string(text, static_cast<std::size_t>(bytes)) : std::string();
  }

  int master_ = -1;
  int terminal_ = -1;
  int pipe_[2] = {-1, -1};
};

TEST_F(TerminalTest, ColorsOnlyTerminalsByItself) {
  EXPECT_TRUE(WantsColor(ColorMode::kAuto, terminal_));
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, pipe_[1]));
}

TEST_F(TerminalTest, RespectsNoColorUnlessEmpty) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, terminal_));
  EXPECT_TRUE(WantsColor(ColorMode::kAlways, pipe_[1]));
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(WantsColor(ColorMode::kAuto, terminal_));
  EXPECT_FALSE(WantsColor(ColorMode::kNever, terminal_));
}

TEST_F(TerminalTest, DumbTerminalsGetNoColor) {
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, terminal_));
}

TEST_F(TerminalTest, WidthComesFromColumnsThenFromTheTerminal) {
  winsize size{};
  size.ws_col = 97;
  ASSERT_EQ(ioctl(terminal_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(OutputColumns(terminal_), 97U);
  EXPECT_EQ(OutputColumns(pipe_[1]), 0U);
  setenv("COLUMNS", "60", 1);
  EXPECT_EQ(OutputColumns(pipe_[1]), 60U);
  setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(OutputColumns(pipe_[1]), 0U);
}

TEST_F(TerminalTest, ProgressIsDrawnAndWipedOnATerminal) {
  {
    Progress progress("reading", terminal_, std::chrono::milliseconds(0));
    progress.Show(0.5);
    EXPECT_EQ(Written(), "\rreading  [###############               ]  50%\x1b[K");
  }
  EXPECT_EQ(Written(), "\r\x1b[K");
}

TEST_F(TerminalTest, ShortWorkShowsNoProgress) {
  {
    Progress progress("reading", terminal_);
    progress.Show(0.5);
  }
  EXPECT_EQ(Written(), "");
}

TEST(ParseColorMode, KnowsThreeWords) {
  EXPECT_EQ(ParseColorMode("always"), ColorMode::kAlways);
  EXPECT_EQ(ParseColorMode("yes"), std::nullopt);
}

}  // namespace
}  // namespace memtrace
