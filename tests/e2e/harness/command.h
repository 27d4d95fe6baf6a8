// SPDX-License-Identifier: MIT
// Running programs: what to run, what came out, and programs that keep running while a test looks at them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memtrace::e2e {

// A command line and the world it runs in. The environment starts almost empty (PATH, HOME, a C.UTF-8
// locale), so that a test sees the same on every machine.
struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::filesystem::path folder;  // empty: the test's own working folder
  std::string input;             // for the program's stdin
  std::chrono::milliseconds timeout{60000};
  bool close_stdout_early = false;    // the reader of its stdout goes away at once: writes give EPIPE
  std::function<void()> before_exec;  // runs in the child between fork and exec: limits and the like

  Command(std::initializer_list<std::string> words) : argv(words) {}
  explicit Command(std::vector<std::string> words) : argv(std::move(words)) {}

  Command With(const std::string& name, const std::string& value) const;
  Command Reading(std::string text) const;
  Command Within(std::chrono::milliseconds limit) const;
  Command Before(std::function<void()> action) const;
};

// How a program ended and what it said. Exactly one of exit_code and signal is set once it ended by itself.
struct Outcome {
  std::string out;
  std::string err;
  std::optional<int> exit_code;
  std::optional<int> signal;
  bool timed_out = false;
  pid_t pid = 0;
  std::uint64_t peak_resident_bytes = 0;  // of the process and those it waited for, the largest one

  bool Succeeded() const { return exit_code == 0; }
};

// "exit code 3", "signal 9", "timed out".
std::string EndOf(const Outcome& outcome);

// Runs to the end; after `timeout` the process's whole group is killed.
Outcome Run(const Command& command);

// A program in the background, in a process group of its own; killed with its group if the test forgets it.
class Background {
 public:
  explicit Background(const Command& command);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const;
  // Waits until its stdout contains `text`; false when it ended or `limit` passed before.
  bool AwaitOutput(const std::string& text, std::chrono::milliseconds limit);
  // What its stdout has said so far, as far as it was read.
  const std::string& output() const { return outcome_.out; }
  // Reads to the end of both streams and waits for it.
  Outcome Finish();

 private:
  bool ReadSome(std::chrono::steady_clock::time_point deadline);

  Command command_;
  pid_t pid_ = -1;
  int streams_[2] = {-1, -1};  // our ends of its stdout and stderr
  int input_ = -1;
  std::size_t input_written_ = 0;
  bool finished_ = false;
  std::chrono::steady_clock::time_point deadline_;
  Outcome outcome_;
};

// Polls until `condition` holds; false when `limit` passed.
bool Await(const std::function<bool()>& condition, std::chrono::milliseconds limit);

}  // namespace memtrace::e2e
