// SPDX-License-Identifier: MIT
// The settings a person gives by MEMTRACE_* variables. README.md of the repository lists them.
#pragma once

#include <cstdint>

namespace memtrace::preload {

struct Options {
  const char* out = nullptr;    // MEMTRACE_OUT: template of the trace's path; null: the default name
  std::uint32_t depth = 0;      // MEMTRACE_DEPTH: innermost frames kept a stack; 0: all
  bool follow = true;           // MEMTRACE_FOLLOW: exec'd children are recorded too
  bool quiet = false;           // MEMTRACE_QUIET: nothing on stderr
  bool compress = true;         // MEMTRACE_COMPRESS: zstd for full windows
  bool helper = true;           // MEMTRACE_HELPER: a helper thread compresses
  bool python = true;           // MEMTRACE_PYTHON: CPython's objects are recorded, with Python frames
  bool wants_jemalloc = false;  // MEMTRACE_ALLOCATOR=jemalloc, and LD_PRELOAD does not name it yet
  bool report_top = false;      // MEMTRACE_REPORT=top: the top-10 report on stderr at exit
};

// Reads `environment` (as environ). On a wrong value says so in one line on stderr, naming the variable, the
// value and what is allowed, and returns false: the program then runs unprofiled.
// Strings point into the environment.
bool ReadOptions(char** environment, Options* options);

// Takes the entry `library` out of LD_PRELOAD in `environment`, in place; other entries stay as they are.
// Used for MEMTRACE_FOLLOW=0. Entries are compared by their last path component.
void RemoveFromPreload(char** environment, const char* library);

}  // namespace memtrace::preload
