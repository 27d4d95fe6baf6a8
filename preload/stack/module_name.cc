// SPDX-License-Identifier: MIT
#include "preload/stack/module_name.h"

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

bool StartsWith(const char* text, const char* prefix) {
  for (; *prefix != '\0'; ++text, ++prefix) {
    if (*text != *prefix) return false;
  }
  return true;
}

}  // namespace

std::size_t DescribeModule(const char* link_name, char* path) {
  auto append = [path](std::size_t at, const char* text) {
    for (; *text != '\0' && at + 1 < kMaxModulePathBytes; ++text) path[at++] = *text;
    path[at] = '\0';
    return at;
  };
  if (StartsWith(link_name, "linux-vdso")) return append(0, "[vdso]");
  if (*link_name == '/') return append(0, link_name);
  if (*link_name == '\0') {
    const long bytes =
        sys::Call(SYS_readlink, sys::AsLong("/proc/self/exe"), sys::AsLong(path), kMaxModulePathBytes - 1);
    const std::size_t length = sys::IsError(bytes) ? 0 : static_cast<std::size_t>(bytes);
    path[length] = '\0';
    return length;
  }
  const long with_nul = sys::Call(SYS_getcwd, sys::AsLong(path), kMaxModulePathBytes);
  std::size_t length = sys::IsError(with_nul) || with_nul < 2 ? 0 : static_cast<std::size_t>(with_nul) - 1;
  if (length > 1) length = append(length, "/");
  return append(length, link_name);
}

}  // namespace memtrace::preload
