// SPDX-License-Identifier: MIT
// Texts that a test expects word for word, one file each. To write them anew after a wanted change, run the
// test with MEMTRACE_UPDATE_GOLDEN=1 and read the difference before committing it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace memtrace::testing {

// Fails, and shows the lines that differ, unless the file FOLDER/NAME holds `text`.
inline void ExpectGolden(const std::string& folder, const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  if (std::getenv("MEMTRACE_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path << " is missing; run the test with MEMTRACE_UPDATE_GOLDEN=1 to write it";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << "differs from " << path
                                  << "; after a wanted change run the test with MEMTRACE_UPDATE_GOLDEN=1";
}

}  // namespace memtrace::testing
