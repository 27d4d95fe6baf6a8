// SPDX-License-Identifier: MIT
// Where the trace goes: expands MEMTRACE_OUT's template, makes the folders, never overwrites.
#pragma once

#include <cstdint>

#include "preload/base/text.h"

namespace memtrace::preload {

using Path = Text<1024>;

inline constexpr char kDefaultTracePattern[] = "memtrace.%e.%p.mtr";

struct NameFacts {
  const char* comm;  // the program's short name
  const char* host;
  std::uint32_t pid;
  std::uint64_t realtime_ns;
};

// %p pid, %e comm (slashes become '_'), %h host, %t seconds since the epoch, %n `number`, %% a percent sign; any
// other pair stays as it is. A name without %n gets ".<number>" before its ".mtr" (or at its end) if number > 0.
Path ExpandName(const char* pattern, const NameFacts& facts, std::uint32_t number);

// Moves a descriptor out of the way of programs that count theirs, to kLowestHighNumber or above, if the limit
// allows; returns its new number, or the old one.
inline constexpr int kLowestHighNumber = 250;
int MoveToHighNumber(int fd);

// Opens a new file, mode 0600, at the first number whose name is free, and moves the descriptor to a high
// number. Returns it, or a negative errno.
// `path` receives the absolute path.
int CreateTraceFile(const char* pattern, const NameFacts& facts, Path* path);

}  // namespace memtrace::preload
