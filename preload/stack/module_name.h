// SPDX-License-Identifier: MIT
// From the dynamic linker's name for a module to the path that people know it by.
#pragma once

#include <cstddef>

namespace memtrace::preload {

inline constexpr std::size_t kMaxModulePathBytes = 4096;

// Writes the path of the module that the dynamic linker calls `link_name` into `path`, which has room for
// kMaxModulePathBytes, and returns its length. The program's own name is empty there; "[vdso]" is the
// kernel's.
std::size_t DescribeModule(const char* link_name, char* path);

}  // namespace memtrace::preload
