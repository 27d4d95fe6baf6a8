// SPDX-License-Identifier: MIT
#include "preload/trace/maps_file.h"

#include <fcntl.h>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr int kEndOfFile = -1;

}  // namespace

bool MapsFile::Open() {
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  if (sys::IsError(fd)) return false;
  fd_ = static_cast<int>(fd);
  used_ = filled_ = 0;
  return true;
}

void MapsFile::Close() {
  sys::Call(SYS_close, fd_);
}

int MapsFile::TakeChar() {
  if (used_ == filled_) {
    const long bytes = sys::Call(SYS_read, fd_, sys::AsLong(text_), sizeof(text_));
    if (bytes <= 0) return kEndOfFile;
    used_ = 0;
    filled_ = static_cast<std::size_t>(bytes);
  }
  return static_cast<unsigned char>(text_[used_++]);
}

// Digits up to and with `end`.
bool MapsFile::TakeNumber(unsigned base, char end, std::uint64_t* value) {
  *value = 0;
  for (;;) {
    const int c = TakeChar();
    if (c == end) return true;
    const int letter = c | 0x20;
    const int digit = c >= '0' && c <= '9'             ? c - '0'
                      : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                                       : 99;
    if (digit >= static_cast<int>(base)) return false;
    *value = *value * base + static_cast<unsigned>(digit);
  }
}

bool MapsFile::Next(MapsLine* line) {
  if (!TakeNumber(16, '-', &line->start) || !TakeNumber(16, ' ', &line->end)) return false;
  char access[5];
  for (char& c : access) c = static_cast<char>(TakeChar());
  line->is_accessible = access[0] == 'r' || access[1] == 'w' || access[2] == 'x';
  line->is_writable = access[1] == 'w';
  line->is_shared = access[3] == 's';
  std::uint64_t offset, device_major, device_minor;
  if (!TakeNumber(16, ' ', &offset) || !TakeNumber(16, ':', &device_major)) return false;
  if (!TakeNumber(16, ' ', &device_minor) || !TakeNumber(10, ' ', &line->inode)) return false;
  line->device_major = static_cast<std::uint32_t>(device_major);
  line->device_minor = static_cast<std::uint32_t>(device_minor);
  line->name_bytes = 0;
  for (int c = TakeChar(); c != '\n' && c != kEndOfFile; c = TakeChar()) {
    const bool is_padding = c == ' ' && line->name_bytes == 0;
    if (!is_padding && line->name_bytes + 1 < sizeof(line->name))
      line->name[line->name_bytes++] = static_cast<char>(c);
  }
  line->name[line->name_bytes] = '\0';
  return true;
}

}  // namespace memtrace::preload
