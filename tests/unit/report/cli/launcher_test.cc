// SPDX-License-Identifier: MIT
// Programs run as if nobody stood between them and their caller.
#include "analyzer/cli/launcher.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/unit/report/cli/scratch_folder.h"

namespace memtrace::cli {
namespace {

class LauncherTest : public testing::InScratchFolder {
 protected:
  static LaunchResult Shell(const std::string& script) { return RunProgram({{"/bin/sh", "-c", script}, {}}); }

  static std::string Content(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static bool Appears(const std::string& path) {
    for (int i = 0; i < 1000 && access(path.c_str(), F_OK) != 0; ++i) usleep(10'000);
    return access(path.c_str(), F_OK) == 0;
  }

  // Sends `signal` to this process, as somebody outside would, once the program has made the file "up".
  static std::thread SignalUsWhenUp(int signal) {
    return std::thread([signal] {
      if (Appears("up")) kill(getpid(), signal);
    });
  }
};

TEST_F(LauncherTest, GivesTheExitCode) {
  const LaunchResult result = Shell("exit 37");
  EXPECT_EQ(result.launch_errno, 0);
  EXPECT_EQ(result.exit_code, 37);
  EXPECT_EQ(result.signal, 0);
}

TEST_F(LauncherTest, GivesTheSignalThatKilled) {
  EXPECT_EQ(Shell("kill -SEGV $$").signal, SIGSEGV);
}

TEST_F(LauncherTest, TellsWhyAProgramCannotBeRun) {
  EXPECT_EQ(RunProgram({{"no-such-program-anywhere"}, {}}).launch_errno, ENOENT);
  std::ofstream("text") << "text";
  EXPECT_EQ(RunProgram({{"./text"}, {}}).launch_errno, EACCES);
}

TEST_F(LauncherTest, AddsToTheEnvironmentOfTheProgramAlone) {
  const LaunchResult result =
      RunProgram({{"/bin/sh", "-c", "echo $MEMTRACE_TEST_VALUE > out"}, {{"MEMTRACE_TEST_VALUE", "a b"}}});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Content("out"), "a b\n");
  EXPECT_EQ(getenv("MEMTRACE_TEST_VALUE"), nullptr);
}

TEST_F(LauncherTest, PassesSignalsOn) {
  std::thread sender = SignalUsWhenUp(SIGTERM);
  // It waits in a builtin: dash loses a signal that comes while it starts a program (its onsig() looks away
  // around vfork).
  const LaunchResult result = Shell("sleep 60 & trap 'kill $!; exit 5' TERM; : > up; wait");
  sender.join();
  EXPECT_EQ(result.exit_code, 5);
}

TEST_F(LauncherTest, IgnoredSignalsStayIgnored) {
  signal(SIGHUP, SIG_IGN);
  std::thread sender = SignalUsWhenUp(SIGHUP);
  const LaunchResult result = Shell(": > up; sleep 0.3; exit 6");
  sender.join();
  signal(SIGHUP, SIG_DFL);
  EXPECT_EQ(result.exit_code, 6);
}

TEST_F(LauncherTest, TheProgramHasTheSignalMaskItWouldHaveHad) {
  EXPECT_EQ(Shell("grep -q '^SigBlk:.0*$' /proc/self/status").exit_code, 0);
}

TEST_F(LauncherTest, SignalsAreOursAgainAfterwards) {
  Shell("exit 0");
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

// The program stops itself; we stop with it, and whoever wakes us wakes it.
TEST_F(LauncherTest, StopsAndGoesOnWithTheProgram) {
  const pid_t runner = fork();
  if (runner == 0) _exit(Shell(": > up; kill -STOP $$; exit 9").exit_code);
  int status = 0;
  ASSERT_EQ(waitpid(runner, &status, WUNTRACED), runner);
  EXPECT_TRUE(WIFSTOPPED(status));
  kill(runner, SIGCONT);
  ASSERT_EQ(waitpid(runner, &status, 0), runner);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

}  // namespace
}  // namespace memtrace::cli
