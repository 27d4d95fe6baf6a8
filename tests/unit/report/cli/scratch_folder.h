// SPDX-License-Identifier: MIT
// A folder of a test's own, which is the current one while the test runs.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace memtrace::testing {

class InScratchFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = std::filesystem::current_path();
    std::string folder = (std::filesystem::temp_directory_path() / "memtrace-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    std::filesystem::current_path(folder_);
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  const std::filesystem::path& folder() const { return folder_; }

  // Mode 0755.
  static void WriteProgram(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    std::filesystem::permissions(path, std::filesystem::perms(0755));
  }

 private:
  std::filesystem::path before_;
  std::filesystem::path folder_;
};

}  // namespace memtrace::testing
