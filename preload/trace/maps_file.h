// SPDX-License-Identifier: MIT
// /proc/self/maps (proc(5)), line by line, without libc:
//
//     55f1c8a00000-55f1c8a21000 rw-p 00000000 00:00 0            [heap]
//     start        end          perms offset  dev   inode        name
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/mapping_kinds.h"

namespace memtrace::preload {

struct MapsLine : format::Mapping {
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::size_t name_bytes;
  char name[256];  // NUL terminated; a longer one is cut
};

// Not thread-safe. Holds a file descriptor while it is open.
class MapsFile {
 public:
  // False: there is no /proc here, or no descriptor to be had.
  bool Open();
  // The next line. False at the end, or where a line makes no sense.
  bool Next(MapsLine* line);
  void Close();

 private:
  int TakeChar();
  bool TakeNumber(unsigned base, char end, std::uint64_t* value);

  int fd_;
  std::size_t used_;
  std::size_t filled_;
  char text_[4096];
};

}  // namespace memtrace::preload
