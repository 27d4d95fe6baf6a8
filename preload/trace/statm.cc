// SPDX-License-Identifier: MIT
#include "preload/trace/statm.h"

#include <fcntl.h>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

// Reads the decimal number at *p and moves past it and the blank behind it.
std::uint64_t TakeNumber(const char** p) {
  std::uint64_t value = 0;
  while (**p >= '0' && **p <= '9') value = value * 10 + static_cast<unsigned>(*(*p)++ - '0');
  if (**p == ' ') ++*p;
  return value;
}

}  // namespace

// proc(5), /proc/pid/statm: size resident shared text lib data dt, in pages.
Statm ReadStatm() {
  Statm statm;
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong("/proc/self/statm"), O_RDONLY | O_CLOEXEC);
  if (sys::IsError(fd)) return statm;
  char text[128];
  const long bytes = sys::Call(SYS_read, fd, sys::AsLong(text), sizeof(text) - 1);
  sys::Call(SYS_close, fd);
  if (bytes <= 0) return statm;
  text[bytes] = '\0';
  const char* p = text;
  statm.virtual_bytes = TakeNumber(&p) * format::kPageBytes;
  statm.resident_bytes = TakeNumber(&p) * format::kPageBytes;
  statm.resident_file_bytes = TakeNumber(&p) * format::kPageBytes;
  return statm;
}

}  // namespace memtrace::preload
