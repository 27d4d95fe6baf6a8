// SPDX-License-Identifier: MIT
// Tests that a forked child finds fork-local memory zero, and a vfork child does not.
#include "preload/base/fork_local.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace memtrace::preload {
namespace {

int StatusOf(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ForkLocalTest, IsZeroInAForkedChild) {
  auto* value = static_cast<int*>(MapForkLocal(sizeof(int)));
  ASSERT_NE(value, nullptr);
  *value = 77;
  const pid_t child = fork();
  if (child == 0) _exit(*value);
  EXPECT_EQ(StatusOf(child), 0);
  EXPECT_EQ(*value, 77);
}

TEST(ForkLocalTest, IsTheParentsInAVforkChild) {
  auto* value = static_cast<volatile int*>(MapForkLocal(sizeof(int)));
  ASSERT_NE(value, nullptr);
  *value = 77;
  const pid_t child = vfork();
  if (child == 0) _exit(*value);
  EXPECT_EQ(StatusOf(child), 77);
}

}  // namespace
}  // namespace memtrace::preload
