// SPDX-License-Identifier: MIT
// The language of the end-to-end tests: every test gets a folder of its own and these verbs.
//
//   <temporary folder>/            removed after the test; kept when MEMTRACE_E2E_KEEP is set
//     work/      working folder of every program, empty at first
//     traces/    where RunUnderShim puts traces, so that they never meet the program's own files
//     home/      HOME
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/harness/command.h"
#include "tests/e2e/harness/reports.h"

namespace memtrace::e2e {

namespace fs = std::filesystem;

// A run under LD_PRELOAD=libmemtrace.so, and the traces it left.
struct ShimRun : Outcome {
  std::vector<fs::path> traces;  // of the program and its children, sorted by name
  fs::path trace;                // the first one of the started process itself; empty: none
};

// One of tests/programs, by name.
std::string Program(const std::string& name);
// A plugin or preload library of tests/programs: lib<name>.so.
std::string Plugin(const std::string& name);
std::string ShimPath();
std::string MemtracePath();

// stderr without the lines that memtrace writes there; they begin with "memtrace: ".
std::string WithoutOwnLines(const std::string& err);
std::string ReadFile(const fs::path& path);
void WriteFile(const fs::path& path, const std::string& text);
bool IsInstalled(const std::string& program);

class EndToEnd : public testing::Test {
 protected:
  EndToEnd();
  ~EndToEnd() override;

  const fs::path& root() const { return root_; }
  const fs::path& work() const { return work_; }
  const fs::path& traces() const { return traces_; }

  // The command in the test's world: base environment and working folder filled in where it says nothing.
  Command Plain(const Command& command) const;
  // The same, preloaded; an LD_PRELOAD of the command's own stays, behind ours.
  Command Shimmed(const Command& command) const;

  Outcome Run(const Command& command) const { return e2e::Run(Plain(command)); }
  ShimRun RunUnderShim(const Command& command) const;
  ShimRun WithTraces(const Outcome& outcome) const;

  // `memtrace WORDS...` in the working folder.
  Outcome Memtrace(std::vector<std::string> words) const;
  // The same with --json, parsed; a failure of the test when it is not JSON or the exit code is not 0.
  nlohmann::json MemtraceJson(std::vector<std::string> words) const;
  Summary SummaryOf(const fs::path& trace) const;
  std::vector<Row> TopOf(const fs::path& trace, std::vector<std::string> options = {}) const;

  // stdout, stderr, exit code and the names of the files left behind are the same plain and under the shim;
  // with MEMTRACE_QUIET=1 stderr is the same to the byte. `prepare` fills the working folder before each run.
  void ExpectSameBehaviour(const Command& command, const std::function<void()>& prepare = {}) const;

  // Runs one of tests/programs under the shim and expects that it succeeds and leaves a sound trace.
  ShimRun ExpectSoundRun(const Command& command) const;

 private:
  fs::path root_, work_, traces_;
};

}  // namespace memtrace::e2e
