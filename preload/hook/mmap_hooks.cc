// SPDX-License-Identifier: MIT
// Memory that the program maps itself. glibc's own mappings (malloc's arenas, thread stacks, libraries) do not
// come this way. Recorded as domain "mapped", never added to the heap: a block may lie in a mapping.
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>

#include "preload/base/syscalls.h"
#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global namespace
using memtrace::format::AllocKind;
namespace sys = memtrace::sys;

constinit decltype(&::mmap) g_mmap = nullptr;
constinit decltype(&::munmap) g_munmap = nullptr;
constinit decltype(&::mremap) g_mremap = nullptr;
constinit decltype(&::brk) g_brk = nullptr;
constinit decltype(&::sbrk) g_sbrk = nullptr;

std::uintptr_t AsNumber(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

// The end of the data segment, as the kernel has it.
std::uintptr_t CurrentBreak() { return static_cast<std::uintptr_t>(sys::Call(SYS_brk, 0)); }

}  // namespace

MEMTRACE_EXPORT void* mmap(void* hint, std::size_t length, int protection, int flags, int fd, off_t offset) {
  void* address = CachedNext(&g_mmap, "mmap")(hint, length, protection, flags, fd, offset);
  if (address != MAP_FAILED) RecordMap(address, length, protection, flags, MEMTRACE_CALLER());
  return address;
}

MEMTRACE_EXPORT void* mmap64(void* hint, std::size_t length, int protection, int flags, int fd, off_t offset) {
  void* address = CachedNext(&g_mmap, "mmap")(hint, length, protection, flags, fd, offset);
  if (address != MAP_FAILED) RecordMap(address, length, protection, flags, MEMTRACE_CALLER());
  return address;
}

// Recorded before the real call, as free is. A failing munmap (EINVAL) has unmapped nothing: not recorded.
MEMTRACE_EXPORT int munmap(void* address, std::size_t length) {
  const bool is_valid = (AsNumber(address) & 4095) == 0 && length != 0;
  if (is_valid) RecordUnmap(address, length);
  return CachedNext(&g_munmap, "munmap")(address, length);
}

MEMTRACE_EXPORT void* mremap(void* old_address, std::size_t old_length, std::size_t length, int flags, ...) {
  void* wanted = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    wanted = va_arg(arguments, void*);
    va_end(arguments);
  }
  void* address = CachedNext(&g_mremap, "mremap")(old_address, old_length, length, flags, wanted);
  if (address != MAP_FAILED) RecordRemap(old_address, old_length, address, length, MEMTRACE_CALLER());
  return address;
}

MEMTRACE_EXPORT int brk(void* end) noexcept {
  const std::uintptr_t old_end = CurrentBreak();
  const int result = CachedNext(&g_brk, "brk")(end);
  if (result == 0) RecordBreak(old_end, AsNumber(end), AllocKind::kBrk, MEMTRACE_CALLER());
  return result;
}

MEMTRACE_EXPORT void* sbrk(intptr_t increment) noexcept {
  void* old_end = CachedNext(&g_sbrk, "sbrk")(increment);
  if (increment != 0 && old_end != reinterpret_cast<void*>(-1)) {
    RecordBreak(AsNumber(old_end), AsNumber(old_end) + static_cast<std::uintptr_t>(increment), AllocKind::kSbrk,
                MEMTRACE_CALLER());
  }
  return old_end;
}

void memtrace::preload::ResolveMmapHooksEarly() {
  CachedNext(&g_mmap, "mmap");
  CachedNext(&g_munmap, "munmap");
  CachedNext(&g_mremap, "mremap");
  CachedNext(&g_brk, "brk");
  CachedNext(&g_sbrk, "sbrk");
}
