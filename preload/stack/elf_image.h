// SPDX-License-Identifier: MIT
// What a mapped ELF file says about itself: its executable range and build id, read from memory only.
#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace memtrace::preload {

struct ElfImage {
  std::uintptr_t code_start = 0;
  std::uintptr_t code_end = 0;
  const std::uint8_t* build_id = nullptr;  // inside the image
  std::size_t build_id_bytes = 0;
};

// Where the image has no readable header at its start, the code range is the whole mapping and there is no
// build id.
ElfImage ReadElfImage(const dl_find_object& module);

}  // namespace memtrace::preload
