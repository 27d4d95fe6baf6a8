// SPDX-License-Identifier: MIT
// Where a process ends or becomes another one, where code goes away, and where threads get names.
//
// fork, vfork, clone and posix_spawn need no hook: fork-local memory tells a child (base/fork_local.h), and a
// vfork child is told by its process id. dlopen needs none: modules are met when code of theirs is on a
// stack.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/base/syscalls.h"
#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

extern "C" char** environ;

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global
                                    // namespace
using memtrace::format::EndReason;

// The hooked functions of this file that are looked up at load: name, type.
#define MEMTRACE_PROCESS_FUNCTIONS(X)                                 \
  X(execve, int(const char*, char* const*, char* const*))             \
  X(execv, int(const char*, char* const*))                            \
  X(execvp, int(const char*, char* const*))                           \
  X(execvpe, int(const char*, char* const*, char* const*))            \
  X(fexecve, int(int, char* const*, char* const*))                    \
  X(execveat, int(int, const char*, char* const*, char* const*, int)) \
  X(_exit, void(int))                                                 \
  X(_Exit, void(int))                                                 \
  X(quick_exit, void(int))                                            \
  X(dlclose, int(void*))                                              \
  X(pthread_setname_np, int(pthread_t, const char*))

#define MEMTRACE_DECLARE_NEXT(name, ...) \
  using name##_function = __VA_ARGS__;   \
  constinit name##_function* g_next_##name = nullptr;
MEMTRACE_PROCESS_FUNCTIONS(MEMTRACE_DECLARE_NEXT)
#undef MEMTRACE_DECLARE_NEXT

#define MEMTRACE_NEXT(name) CachedNext(&g_next_##name, #name)

// Calls an exec function between the two notes in the log.
template <typename Function, typename... Arguments>
int Exec(Function* next, Arguments... arguments) {
  RecordEnd(EndReason::kExec, 0);
  const int result = next(arguments...);
  RecordEndCancelled();
  return result;
}

// Calls `exec` with the argument list of execl and its kin, gathered on the stack as libc does it: POSIX
// leaves their number open. What follows the list is left in `rest`.
template <typename Call>
int WithArgumentList(const char* first, va_list* rest, Call exec) {
  std::size_t count = 1;
  va_list counted;
  va_copy(counted, *rest);
  for (const char* item = first; item != nullptr; ++count) item = va_arg(counted, const char*);
  va_end(counted);
  auto** items = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
  items[0] = const_cast<char*>(first);
  for (std::size_t i = 1; i < count; ++i) items[i] = va_arg(*rest, char*);
  return exec(static_cast<char* const*>(items));
}

}  // namespace

MEMTRACE_EXPORT int execve(const char* path, char* const arguments[], char* const environment[]) {
  return Exec(MEMTRACE_NEXT(execve), path, arguments, environment);
}
MEMTRACE_EXPORT int execv(const char* path, char* const arguments[]) {
  return Exec(MEMTRACE_NEXT(execv), path, arguments);
}
MEMTRACE_EXPORT int execvp(const char* file, char* const arguments[]) {
  return Exec(MEMTRACE_NEXT(execvp), file, arguments);
}
MEMTRACE_EXPORT int execvpe(const char* file, char* const arguments[], char* const environment[]) {
  return Exec(MEMTRACE_NEXT(execvpe), file, arguments, environment);
}
MEMTRACE_EXPORT int fexecve(int fd, char* const arguments[], char* const environment[]) {
  return Exec(MEMTRACE_NEXT(fexecve), fd, arguments, environment);
}
MEMTRACE_EXPORT int execveat(int folder, const char* path, char* const arguments[], char* const environment[],
                             int flags) {
  return Exec(MEMTRACE_NEXT(execveat), folder, path, arguments, environment, flags);
}

MEMTRACE_EXPORT int execl(const char* path, const char* first, ...) {
  va_list rest;
  va_start(rest, first);
  const auto exec = [&](char* const* list) { return Exec(MEMTRACE_NEXT(execv), path, list); };
  const int result = WithArgumentList(first, &rest, exec);
  va_end(rest);
  return result;
}

MEMTRACE_EXPORT int execlp(const char* file, const char* first, ...) {
  va_list rest;
  va_start(rest, first);
  const auto exec = [&](char* const* list) { return Exec(MEMTRACE_NEXT(execvp), file, list); };
  const int result = WithArgumentList(first, &rest, exec);
  va_end(rest);
  return result;
}

MEMTRACE_EXPORT int execle(const char* path, const char* first, ...) {
  va_list rest;
  va_start(rest, first);
  const auto exec = [&](char* const* list) {
    return Exec(MEMTRACE_NEXT(execve), path, list, va_arg(rest, char* const*));
  };
  const int result = WithArgumentList(first, &rest, exec);
  va_end(rest);
  return result;
}

MEMTRACE_EXPORT void _exit(int status) {
  RecordEnd(EndReason::kUnderscoreExit, status);
  if (auto* next = MEMTRACE_NEXT(_exit)) next(status);
  for (;;) memtrace::sys::Call(SYS_exit_group, status);
}

MEMTRACE_EXPORT void _Exit(int status) noexcept {
  RecordEnd(EndReason::kUnderscoreExit, status);
  if (auto* next = MEMTRACE_NEXT(_Exit)) next(status);
  for (;;) memtrace::sys::Call(SYS_exit_group, status);
}

MEMTRACE_EXPORT void quick_exit(int status) noexcept {
  // Its handlers may still allocate; events go on into the windows after the end is noted.
  RecordEnd(EndReason::kUnderscoreExit, status);
  if (auto* next = MEMTRACE_NEXT(quick_exit)) next(status);
  for (;;) memtrace::sys::Call(SYS_exit_group, status);
}

// Real first to last instruction with all caches of code off: another thread may load other code at the same
// addresses before we hear of it.
MEMTRACE_EXPORT int dlclose(void* handle) {
  auto* next = MEMTRACE_NEXT(dlclose);
  BeginModuleChange();
  const int result = next(handle);
  EndModuleChange();
  return result;
}

MEMTRACE_EXPORT int pthread_setname_np(pthread_t thread, const char* name) {
  const int result = MEMTRACE_NEXT(pthread_setname_np)(thread, name);
  if (result == 0 && pthread_equal(thread, pthread_self())) RecordThreadName(name);
  return result;
}

namespace memtrace::preload {

void ResolveProcessHooksEarly() {
#define MEMTRACE_RESOLVE(name, ...) MEMTRACE_NEXT(name);
  MEMTRACE_PROCESS_FUNCTIONS(MEMTRACE_RESOLVE)
#undef MEMTRACE_RESOLVE
}

}  // namespace memtrace::preload

namespace {
__attribute__((constructor)) void OnLoad() {
  ResolveMmapHooksEarly();
  FindAllocatorAtLoad();
  ResolveProcessHooksEarly();
  ResolveCxxHooksEarly();
  ResolveSandboxHooksEarly();
  StartAtLoad();
  StartPythonHooks();
}
__attribute__((destructor)) void OnExit() {
  FinishAtExit();
}
}  // namespace
