// SPDX-License-Identifier: MIT
// Texts read out of this test's own code.
#include "analyzer/symbolize/returned_string.h"

#include <gtest/gtest.h>

#include "analyzer/symbolize/elf_file.h"

// Found by their names in the symbol table; "used" as nobody calls them.
extern "C" {
[[gnu::used, gnu::noinline]] const char* memtrace_test_literal() {
  return "leak:Registry\nleak:^main$\n";
}
[[gnu::used, gnu::noinline, gnu::optimize("O0")]] const char* memtrace_test_unoptimised() {
  return "leak:unoptimised\n";
}
const char* memtrace_test_pointer = "leak:pointed to\n";
[[gnu::used, gnu::noinline, gnu::optimize("O2")]] const char* memtrace_test_by_pointer() {
  return memtrace_test_pointer;
}
[[gnu::used, gnu::noinline]] const char* memtrace_test_choice(int which) {
  return which > 3 ? "one" : "other";
}
}

namespace memtrace::symbolize {
namespace {

std::optional<std::string> Returned(const std::string& function) {
  const auto file = ElfFile::Open("/proc/self/exe");
  if (!file.ok()) return std::nullopt;
  return ReturnedString(**file, **file, function);
}

TEST(ReturnedString, IsReadFromTheCode) {
  EXPECT_EQ(Returned("memtrace_test_literal"), "leak:Registry\nleak:^main$\n");
  EXPECT_EQ(Returned("memtrace_test_unoptimised"), "leak:unoptimised\n");
}

#ifndef __SANITIZE_ADDRESS__  // instrumented, the load is more than one instruction
TEST(ReturnedString, FollowsAGlobalPointer) {
  EXPECT_EQ(Returned("memtrace_test_by_pointer"), "leak:pointed to\n");
}
#endif

TEST(ReturnedString, IsNothingForAFunctionThatDoesMore) {
  EXPECT_EQ(Returned("memtrace_test_choice"), std::nullopt);
  EXPECT_EQ(Returned("main"), std::nullopt);
  EXPECT_EQ(Returned("no_such_function"), std::nullopt);
  EXPECT_EQ(Returned("malloc"), std::nullopt) << "not defined here";
}

}  // namespace
}  // namespace memtrace::symbolize
