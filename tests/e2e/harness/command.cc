// SPDX-License-Identifier: MIT
// fork, exec, and a poll loop over the child's three streams.
#include "tests/e2e/harness/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

namespace memtrace::e2e {
namespace {

using Clock = std::chrono::steady_clock;

void Check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

void CloseIfOpen(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2];
    Check(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    read_end = ends[0];
    write_end = ends[1];
  }
};

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The child's half: streams, folder, limits, exec. Never returns.
[[noreturn]] void BecomeProgram(const Command& command, const Pipe& in, const Pipe& out, const Pipe& err) {
  setpgid(0, 0);
  std::vector<std::string> words = command.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
  std::vector<char*> argv = Pointers(words);
  std::vector<char*> envp = Pointers(variables);
  if (!command.folder.empty() && chdir(command.folder.c_str()) != 0) _exit(125);
  const std::string path =
      command.environment.count("PATH") ? command.environment.at("PATH") : "/usr/bin:/bin";
  setenv("PATH", path.c_str(), 1);  // execvpe searches the parent's PATH
  dup2(in.read_end, 0);
  dup2(out.write_end, 1);
  dup2(err.write_end, 2);
  close_range(3, ~0U, 0);  // whatever the test's own parent left open: programs see descriptor numbers
  signal(SIGPIPE, SIG_DFL);
  if (command.before_exec) command.before_exec();
  execvpe(argv[0], argv.data(), envp.data());
  dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

}  // namespace

Command Command::With(const std::string& name, const std::string& value) const {
  Command copy = *this;
  copy.environment[name] = value;
  return copy;
}

Command Command::Reading(std::string text) const {
  Command copy = *this;
  copy.input = std::move(text);
  return copy;
}

Command Command::Within(std::chrono::milliseconds limit) const {
  Command copy = *this;
  copy.timeout = limit;
  return copy;
}

Command Command::Before(std::function<void()> action) const {
  Command copy = *this;
  copy.before_exec = std::move(action);
  return copy;
}

std::string EndOf(const Outcome& outcome) {
  if (outcome.timed_out) return "timed out";
  if (outcome.signal) return "signal " + std::to_string(*outcome.signal);
  return "exit code " + std::to_string(outcome.exit_code.value_or(-1));
}

Background::Background(const Command& command)
    : command_(command), deadline_(Clock::now() + command.timeout) {
  signal(SIGPIPE, SIG_IGN);  // a program may end before it has read its input
  Pipe in, out, err;
  pid_ = fork();
  Check(pid_ >= 0, "fork");
  if (pid_ == 0) BecomeProgram(command_, in, out, err);
  setpgid(pid_, pid_);  // also here, so that the group exists before anyone signals it
  close(in.read_end);
  close(out.write_end);
  close(err.write_end);
  streams_[0] = out.read_end;
  streams_[1] = err.read_end;
  input_ = in.write_end;
  fcntl(input_, F_SETFL, O_NONBLOCK);
  if (command_.input.empty()) CloseIfOpen(input_);
  if (command_.close_stdout_early) CloseIfOpen(streams_[0]);
  outcome_.pid = pid_;
}

Background::~Background() {
  if (!finished_) {
    kill(-pid_, SIGKILL);
    Finish();
  }
}

void Background::Signal(int number) const {
  kill(pid_, number);
}

// One poll: takes what is there. False once both streams are closed or the deadline has passed.
bool Background::ReadSome(Clock::time_point deadline) {
  if (streams_[0] < 0 && streams_[1] < 0) return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (left <= 0) return false;
  pollfd polled[3] = {{streams_[0], POLLIN, 0}, {streams_[1], POLLIN, 0}, {input_, POLLOUT, 0}};
  if (poll(polled, 3, static_cast<int>(left)) <= 0) return errno == EINTR;
  for (int i = 0; i < 2; ++i) {
    if (polled[i].revents == 0) continue;
    char buffer[65536];
    const ssize_t got = read(streams_[i], buffer, sizeof buffer);
    if (got > 0) (i == 0 ? outcome_.out : outcome_.err).append(buffer, static_cast<std::size_t>(got));
    if (got <= 0) CloseIfOpen(streams_[i]);
  }
  if (polled[2].revents != 0) {
    const ssize_t put =
        write(input_, command_.input.data() + input_written_, command_.input.size() - input_written_);
    if (put > 0) input_written_ += static_cast<std::size_t>(put);
    if (put < 0 || input_written_ == command_.input.size()) CloseIfOpen(input_);
  }
  return true;
}

bool Background::AwaitOutput(const std::string& text, std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  while (outcome_.out.find(text) == std::string::npos) {
    if (!ReadSome(deadline)) return false;
  }
  return true;
}

Outcome Background::Finish() {
  if (finished_) return outcome_;
  while (ReadSome(deadline_)) {
  }
  int status = 0;
  rusage usage{};
  const auto ended = [&] { return wait4(pid_, &status, WNOHANG, &usage) == pid_; };
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  if (!Await(ended, std::max(left, std::chrono::milliseconds(100)))) {
    outcome_.timed_out = true;
    kill(-pid_, SIGKILL);
    wait4(pid_, &status, 0, &usage);
  }
  finished_ = true;
  for (int& stream : streams_) CloseIfOpen(stream);
  CloseIfOpen(input_);
  if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  outcome_.peak_resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return outcome_;
}

Outcome Run(const Command& command) {
  return Background(command).Finish();
}

bool Await(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  for (auto pause = std::chrono::microseconds(200);;
       pause = std::min(pause * 2, std::chrono::microseconds(20000))) {
    if (condition()) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace memtrace::e2e
