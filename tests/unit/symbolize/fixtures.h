// SPDX-License-Identifier: MIT
// The fixture libraries as the tests use them: loaded, run, and made into a trace by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "fixture/call_sites.h"

namespace memtrace::symbolize {

// A fixture library in this process: its own knowledge of its calls is the truth that the tests compare with.
struct LoadedFixture {
  std::string path;
  std::uint64_t load_bias = 0;
  std::vector<FixtureCall> calls;

  // The named call; fails the test if there is none.
  const FixtureCall& Call(const std::string& label) const;
  std::uint64_t AddressOf(const char* symbol) const;  // in the process; 0: no such symbol

  void* handle = nullptr;
};

// `name` is that of a fixture of CMakeLists.txt: "full", "dwarf4", "split", "stripped", "bare", "clang".
LoadedFixture LoadFixture(const std::string& name);
std::string FixturePath(const std::string& name);
inline bool HasFixture(const std::string& name) {
  return std::filesystem::exists(FixturePath(name));
}

// Names the instances of tests that run for several fixtures.
inline std::string FixtureOf(const testing::TestParamInfo<const char*>& parameter) {
  return parameter.param;
}

// A trace of one module, with one outermost node per pc, in that order: ids from 1.
model::Trace TraceOf(const LoadedFixture& fixture, const std::vector<std::uint64_t>& pcs,
                     bool is_exact = false);
std::uint64_t PcOf(const FixtureCall& call);

// A folder of its own for each test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& content);

}  // namespace memtrace::symbolize
