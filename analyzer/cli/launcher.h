// SPDX-License-Identifier: MIT
// Runs a program as a child that behaves as if it had been started by the caller itself.
//
// The child stays in our process group: it may read the terminal, and what the terminal's keys send (^C, ^\,
// ^Z) reaches it directly. Signals that somebody sends to us alone are passed on. When the child stops, so do
// we.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace memtrace::cli {

struct Launch {
  std::vector<std::string> command;                              // not empty
  std::vector<std::pair<std::string, std::string>> environment;  // added or replaced
};

struct LaunchResult {
  pid_t pid = 0;
  int launch_errno =
      0;  // why there was no child, or why it could not become the program; then nothing else counts
  int exit_code = 0;
  int signal = 0;  // that killed it; 0: it exited
};

// Waits until the program has ended.
LaunchResult RunProgram(const Launch& launch);

}  // namespace memtrace::cli
