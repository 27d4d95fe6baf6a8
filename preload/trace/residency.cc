// SPDX-License-Identifier: MIT
#include "preload/trace/residency.h"

#include <fcntl.h>
#include <string.h>

#include "memtrace/trace_format.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {

void Residency::Open() {
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong("/proc/self/pagemap"), O_RDONLY | O_CLOEXEC);
  pagemap_ = sys::IsError(fd) ? -1 : static_cast<int>(fd);
}

void Residency::Close() {
  if (pagemap_ >= 0) sys::Call(SYS_close, pagemap_);
  pagemap_ = -1;
}

const PageState* Residency::ByMincore(std::uintptr_t address, std::size_t pages) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(states_);
  const long result = sys::Call(SYS_mincore, static_cast<long>(address),
                                static_cast<long>(pages * format::kPageBytes), sys::AsLong(bytes));
  if (result != 0) memset(bytes, 0, pages);
  for (std::size_t i = 0; i < pages; ++i) bytes[i] &= 1;  // the other bits are reserved
  return states_;
}

const PageState* Residency::ByPagemap(std::uintptr_t address, std::size_t pages) {
  if (!has_pagemap()) return nullptr;
  const long bytes = sys::Call(SYS_pread64, pagemap_, sys::AsLong(entries_), static_cast<long>(pages * 8),
                               static_cast<long>(address / format::kPageBytes * 8));
  const std::size_t known = bytes > 0 ? static_cast<std::size_t>(bytes) / 8 : 0;
  for (std::size_t i = 0; i < pages; ++i) states_[i] = i < known ? format::PageStateOf(entries_[i]) : PageState::kAbsent;
  return states_;
}

}  // namespace memtrace::preload
