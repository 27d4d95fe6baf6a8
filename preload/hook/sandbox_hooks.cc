// SPDX-License-Identifier: MIT
// Calls by which a program takes rights from itself, and those that only a single-threaded process may make.
//
// seccomp: after it any system call of ours could kill the program, and in strict mode reading the TSC does. So
// recording ends just before. unshare and setns fail in a process with more than one thread: the helper goes
// first, and from then on the program's own threads compress.
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/syscalls.h"
#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global namespace

void BeforePrctl(long option, long argument) {
  const bool forbids_clock = option == PR_SET_TSC && argument == PR_TSC_SIGSEGV;
  if (option == PR_SET_SECCOMP || forbids_clock) StopForSandbox();
}

constinit decltype(&::prctl) g_prctl = nullptr;
constinit decltype(&::unshare) g_unshare = nullptr;
constinit decltype(&::setns) g_setns = nullptr;

}  // namespace

MEMTRACE_EXPORT int prctl(int option, ...) {
  unsigned long arguments[4];
  va_list list;
  va_start(list, option);
  for (unsigned long& argument : arguments) argument = va_arg(list, unsigned long);
  va_end(list);
  BeforePrctl(option, static_cast<long>(arguments[0]));
  return CachedNext(&g_prctl, "prctl")(option, arguments[0], arguments[1], arguments[2], arguments[3]);
}

MEMTRACE_EXPORT int unshare(int flags) noexcept {
  StopHelperThread();
  return CachedNext(&g_unshare, "unshare")(flags);
}

MEMTRACE_EXPORT int setns(int fd, int kind) noexcept {
  StopHelperThread();
  return CachedNext(&g_setns, "setns")(fd, kind);
}

// syscall(2) itself. Programs make threads, forks and stacks of their own with it, so there must be no frame of
// ours around the real one: all but the few calls of interest go on by a jump.
extern "C" {
long memtrace_first_syscall(long number, long a, long b, long c, long d, long e, long f);
void memtrace_before_syscall(long number, long a, long b);
// Until the real function is known: glibc's answer in our words.
constinit decltype(&memtrace_first_syscall) memtrace_next_syscall = &memtrace_first_syscall;
}

long memtrace_first_syscall(long number, long a, long b, long c, long d, long e, long f) {
  const long result = memtrace::sys::Call(number, a, b, c, d, e, f);
  if (!memtrace::sys::IsError(result)) return result;
  errno = static_cast<int>(-result);
  return -1;
}

void memtrace_before_syscall(long number, long a, long b) {
  if (number == SYS_seccomp && a != SECCOMP_GET_ACTION_AVAIL && a != SECCOMP_GET_NOTIF_SIZES) StopForSandbox();
  if (number == SYS_prctl) BeforePrctl(a, b);
  if (number == SYS_unshare || number == SYS_setns) StopHelperThread();
}

extern "C" __attribute__((visibility("default"), naked)) long syscall(long, ...) noexcept {
  asm("cmpq %[seccomp], %%rdi\n\t"
      "je 1f\n\t"
      "cmpq %[prctl], %%rdi\n\t"
      "je 1f\n\t"
      "cmpq %[unshare], %%rdi\n\t"
      "je 1f\n\t"
      "cmpq %[setns], %%rdi\n\t"
      "je 1f\n\t"
      "jmpq *memtrace_next_syscall(%%rip)\n"
      "1:\n\t"
      "pushq %%rdi\n\t"
      "pushq %%rsi\n\t"
      "pushq %%rdx\n\t"
      "pushq %%rcx\n\t"
      "pushq %%r8\n\t"
      "pushq %%r9\n\t"
      "subq $8, %%rsp\n\t"
      "call memtrace_before_syscall\n\t"
      "addq $8, %%rsp\n\t"
      "popq %%r9\n\t"
      "popq %%r8\n\t"
      "popq %%rcx\n\t"
      "popq %%rdx\n\t"
      "popq %%rsi\n\t"
      "popq %%rdi\n\t"
      "jmpq *memtrace_next_syscall(%%rip)"
      :
      : [seccomp] "i"(SYS_seccomp), [prctl] "i"(SYS_prctl), [unshare] "i"(SYS_unshare), [setns] "i"(SYS_setns));
}

void memtrace::preload::ResolveSandboxHooksEarly() {
  CachedNext(&g_prctl, "prctl");
  CachedNext(&g_unshare, "unshare");
  CachedNext(&g_setns, "setns");
  if (void* next = FindNext("syscall"); next != nullptr) {
    memtrace_next_syscall = reinterpret_cast<decltype(memtrace_next_syscall)>(next);
  }
}
