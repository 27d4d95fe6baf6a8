// SPDX-License-Identifier: MIT
#include "preload/other_allocator.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/base/arena.h"
#include "preload/base/raw_log.h"
#include "preload/base/syscalls.h"
#include "preload/base/text.h"
#include "preload/recorder.h"

extern "C" {
extern char** environ;
extern void* __libc_stack_end;
}

namespace memtrace::preload {
namespace {

constexpr char kLibrary[] = "libjemalloc.so.2";
constexpr char kPreload[] = "LD_PRELOAD=";
constexpr std::size_t kMaxListBytes = 8192;

// It need not be opened for that, and could not be: but the loader tells a library that is not there from one that
// does not fit.
bool IsInstalled() {
  Unrecorded ours;
  void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) return true;
  const char* complaint = dlerror();
  return complaint != nullptr && Contains(complaint, "static TLS");
}

// What to execute: the name that this program was started by, if that is the program and not a script of its;
// programs look at it.
bool FindSelf(Text<4096>* path) {
  struct stat self {};
  struct stat named {};
  if (sys::Call(SYS_stat, sys::AsLong("/proc/self/exe"), sys::AsLong(&self)) != 0) return false;
  const auto* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  const bool is_same = name != nullptr && sys::Call(SYS_stat, sys::AsLong(name), sys::AsLong(&named)) == 0 &&
                       named.st_dev == self.st_dev && named.st_ino == self.st_ino;
  if (is_same) {
    path->Add(name);
    return true;
  }
  char target[4096];
  const long bytes = sys::Call(SYS_readlink, sys::AsLong("/proc/self/exe"), sys::AsLong(target), sizeof(target) - 1);
  if (bytes <= 0) return false;
  path->Add(target, static_cast<std::size_t>(bytes));
  return true;
}

// The environment with jemalloc at the end of LD_PRELOAD, which names ourselves already or is made to. Null: no memory.
char** NewEnvironment(Text<kMaxListBytes>* list) {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  char** fresh = MapArray<char*>(count + 2);
  if (fresh == nullptr) return nullptr;
  std::size_t used = 0;
  const char* old_list = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (StartsWith(environ[i], kPreload)) {
      old_list = environ[i] + sizeof(kPreload) - 1;
    } else {
      fresh[used++] = environ[i];
    }
  }
  Dl_info self{};
  list->Add(kPreload);
  if (old_list != nullptr && Contains(old_list, "libmemtrace")) {
    list->Add(old_list);
  } else {
    if (dladdr(kLibrary, &self) == 0 || self.dli_fname == nullptr) return nullptr;
    list->Add(self.dli_fname);
    if (old_list != nullptr) list->Add(":").Add(old_list);
  }
  list->Add(":").Add(kLibrary);
  if (list->size() + 2 >= kMaxListBytes) return nullptr;  // it may have been cut
  fresh[used] = const_cast<char*>(list->c_str());
  return fresh;
}

}  // namespace

void StartAgainWithJemalloc() {
  if (!IsInstalled()) {
    return SayLine("MEMTRACE_ALLOCATOR=jemalloc: there is no libjemalloc.so.2 (Debian: libjemalloc2); the program keeps "
                   "its own allocator");
  }
  // psABI x86-64, 3.4.1: argc, argv, null.
  auto* stack = static_cast<long*>(__libc_stack_end);
  Text<4096> path;
  Text<kMaxListBytes> list;
  char** environment = NewEnvironment(&list);
  if (environment != nullptr && FindSelf(&path)) {
    sys::Call(SYS_execve, sys::AsLong(path.c_str()), sys::AsLong(stack + 1), sys::AsLong(environment));
  }
  SayLine("MEMTRACE_ALLOCATOR=jemalloc: the program cannot be started anew; it keeps its own allocator");
}

}  // namespace memtrace::preload
