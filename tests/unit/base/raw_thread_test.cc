// SPDX-License-Identifier: MIT
// Tests the thread that libc does not know of.
#include "preload/base/raw_thread.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

struct Shared {
  std::atomic<std::uint32_t> tid{0};
  std::atomic<std::uint64_t> blocked{0};
};

void Work(void* argument) {
  auto* shared = static_cast<Shared*>(argument);
  std::uint64_t mask = 0;
  sys::Call(SYS_rt_sigprocmask, 0, 0, sys::AsLong(&mask), 8);
  shared->blocked = mask;
  shared->tid = static_cast<std::uint32_t>(sys::Call(SYS_gettid));
  sys::Call(SYS_futex, sys::AsLong(&shared->tid), FUTEX_WAKE, 1, 0, 0, 0);
  for (;;) sys::Call(SYS_pause);
}

TEST(RawThreadTest, RunsWithAllSignalsBlockedUnderItsName) {
  static Shared shared;
  ASSERT_TRUE(StartRawThread(&Work, &shared, "memtrace"));
  while (shared.tid.load() == 0) sys::Call(SYS_futex, sys::AsLong(&shared.tid), FUTEX_WAIT, 0, 0, 0, 0);
  EXPECT_NE(shared.tid.load(), static_cast<std::uint32_t>(getpid()));
  // All but SIGKILL and SIGSTOP, which the kernel keeps.
  const std::uint64_t kept = (1ULL << 8) | (1ULL << 18);
  EXPECT_EQ(shared.blocked.load() | kept, ~0ULL);
  std::ifstream comm("/proc/self/task/" + std::to_string(shared.tid.load()) + "/comm");
  std::string name;
  std::getline(comm, name);
  EXPECT_EQ(name, "memtrace");
}

}  // namespace
}  // namespace memtrace::preload
