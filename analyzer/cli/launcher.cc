// SPDX-License-Identifier: MIT
// fork, execvp, wait. A pipe that closes on exec carries errno back if there is no exec.
#include "analyzer/cli/launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace memtrace::cli {
namespace {

constexpr std::array<int, 8> kForwarded = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                           SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

// Two processes are woken one after the other when a stopped group goes on; see StopWithChild.
constexpr auto kGroupWakesWithin = std::chrono::milliseconds(20);

std::atomic<pid_t> g_child{0};
static_assert(std::atomic<pid_t>::is_always_lock_free, "used in a signal handler");

// What the kernel sent (a key on the terminal, a hang-up) went to the whole group and has reached the child
// already.
void Forward(int signal, siginfo_t* info, void*) {
  const int saved_errno = errno;
  const pid_t child = g_child.load();
  if (child > 0 && info->si_code != SI_KERNEL) kill(child, signal);
  errno = saved_errno;
}

sigset_t SetOf(const std::array<int, 8>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

// Forwards from construction to destruction. Signals that we were started to ignore (nohup) stay ignored.
class Forwarding {
 public:
  Forwarding() {
    struct sigaction action {};
    action.sa_sigaction = Forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    for (std::size_t i = 0; i < kForwarded.size(); ++i) {
      sigaction(kForwarded[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kForwarded[i], &action, nullptr);
    }
  }
  ~Forwarding() {
    for (std::size_t i = 0; i < kForwarded.size(); ++i) sigaction(kForwarded[i], &before_[i], nullptr);
  }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

 private:
  std::array<struct sigaction, kForwarded.size()> before_{};
};

[[noreturn]] void BecomeProgram(const Launch& launch, int error_fd) {
  for (const auto& [name, value] : launch.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : launch.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(error_fd, &error, sizeof error);
  _exit(127);
}

// 0 if the child became the program.
int ReadLaunchError(int fd) {
  int error = 0;
  ssize_t bytes = 0;
  do {
    bytes = read(fd, &error, sizeof error);
  } while (bytes < 0 && errno == EINTR);
  close(fd);
  return bytes == static_cast<ssize_t>(sizeof error) ? error : 0;
}

// The child has been stopped: if it stays so, stop as well, so that the shell sees its job stopped, and let
// it go on when we go on. It does not stay so when ^Z stopped both and "fg" has woken us just before the
// child.
void StopWithChild(pid_t child) {
  std::this_thread::sleep_for(kGroupWakesWithin);
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED | WNOHANG) != 0 || info.si_pid != child) return;
  raise(SIGSTOP);
  kill(child, SIGCONT);
}

int WaitForEnd(pid_t child, LaunchResult& result) {
  for (;;) {
    siginfo_t info{};
    // WNOWAIT leaves the news in place: StopWithChild asks again whether it still holds.
    if (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WSTOPPED | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
      StopWithChild(child);
      continue;
    }
    g_child = 0;  // from now on its number may be given to another process
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED);
    if (info.si_code == CLD_EXITED) {
      result.exit_code = info.si_status;
    } else {
      result.signal = info.si_status;
    }
    return 0;
  }
}

}  // namespace

LaunchResult RunProgram(const Launch& launch) {
  LaunchResult result;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    result.launch_errno = errno;
    return result;
  }
  // No signal may arrive between fork and the time when we know whom to pass it to.
  const sigset_t forwarded = SetOf(kForwarded);
  sigset_t mask_before;
  sigprocmask(SIG_BLOCK, &forwarded, &mask_before);
  const pid_t child = fork();
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    BecomeProgram(launch, ends[1]);
  }
  const int fork_errno = errno;
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    result.launch_errno = fork_errno;
    return result;
  }
  result.pid = child;
  g_child = child;
  {
    const Forwarding forwarding;
    sigprocmask(SIG_SETMASK, &mask_before, nullptr);
    const int exec_errno = ReadLaunchError(ends[0]);
    const int wait_errno = WaitForEnd(child, result);
    result.launch_errno = exec_errno != 0 ? exec_errno : wait_errno;
  }
  return result;
}

}  // namespace memtrace::cli
