// SPDX-License-Identifier: MIT
#include "preload/base/raw_thread.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstddef>
#include <cstdint>

#include "preload/base/arena.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr std::size_t kThreadBytes = 256 * 1024;
constexpr std::size_t kControlBytes = 16 * 1024;  // at the top: room below the thread pointer for static TLS
constexpr long kSignalSetBytes = 8;

// x86-64 psABI: the thread pointer points at itself; GCC's stack protector reads its canary at offset 0x28.
struct ControlBlock {
  void* self;
  void* dtv;
  void* self_again;
  std::uint64_t unused[2];
  std::uint64_t stack_guard;
};
static_assert(offsetof(ControlBlock, stack_guard) == 0x28);

std::uint64_t OwnStackGuard() {
  std::uint64_t guard;
  asm("movq %%fs:0x28, %0" : "=r"(guard));
  return guard;
}

struct StartBlock {
  RawThreadFunction function;
  void* argument;
  const char* name;
};

[[noreturn]] __attribute__((used)) void RunRawThread(StartBlock* start) {
  sys::Call(SYS_prctl, PR_SET_NAME, sys::AsLong(start->name));
  start->function(start->argument);
  for (;;) sys::Call(SYS_exit, 0);
}

}  // namespace

bool StartRawThread(RawThreadFunction function, void* argument, const char* name) {
  auto* memory = static_cast<char*>(MapPrivate(kThreadBytes));
  if (memory == nullptr) return false;
  auto* control = reinterpret_cast<ControlBlock*>(memory + kThreadBytes - kControlBytes / 2);
  control->self = control->self_again = control;
  control->stack_guard = OwnStackGuard();
  auto* start = reinterpret_cast<StartBlock*>(memory + kThreadBytes - kControlBytes - sizeof(StartBlock));
  *start = StartBlock{function, argument, name};
  const auto stack_top = reinterpret_cast<std::uintptr_t>(start) & ~std::uintptr_t{15};

  const std::uint64_t all_signals = ~0ULL;
  std::uint64_t old_mask = 0;
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::AsLong(&all_signals), sys::AsLong(&old_mask), kSignalSetBytes);
  const long flags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS;
  long tid;
  register long r10 asm("r10") = 0;
  register long r8 asm("r8") = sys::AsLong(control);
  // In the new thread rax is 0 and the stack is empty: it calls RunRawThread, which does not come back.
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %[start], %%rdi\n\t"
      "call *%[run]\n\t"
      "hlt\n"
      "1:"
      : "=a"(tid)
      : "0"(static_cast<long>(SYS_clone)), "D"(flags), "S"(stack_top), "d"(0L), "r"(r10), "r"(r8),
        [start] "r"(start), [run] "r"(&RunRawThread)
      : "rcx", "r11", "memory");
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::AsLong(&old_mask), 0, kSignalSetBytes);
  if (!sys::IsError(tid)) return true;
  UnmapPrivate(memory, kThreadBytes);
  return false;
}

}  // namespace memtrace::preload
