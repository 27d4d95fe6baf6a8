// SPDX-License-Identifier: MIT
#include "preload/hook/next_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include <atomic>

#include "preload/base/syscalls.h"
#include "preload/recorder.h"

namespace memtrace::preload {
namespace {

// ---- blocks for dlsym itself: bumped from a static area, each with its size in front, never given back.

constexpr std::size_t kBootBytes = 64 * 1024;
constexpr std::size_t kBootAlign = 16;
alignas(64) constinit char g_boot_area[kBootBytes] = {};
constinit std::atomic<std::size_t> g_boot_used{0};

void* BootAllocate(std::size_t align, std::size_t bytes) {
  if (align < kBootAlign) align = kBootAlign;
  const std::size_t need = bytes + align + kBootAlign;
  if (need < bytes) return nullptr;
  const std::size_t at = g_boot_used.fetch_add((need + 15) & ~std::size_t{15}, std::memory_order_relaxed);
  if (at + need > kBootBytes) {
    errno = ENOMEM;
    return nullptr;
  }
  auto block = reinterpret_cast<std::uintptr_t>(g_boot_area + at + kBootAlign);
  block = (block + align - 1) & ~(align - 1);
  reinterpret_cast<std::size_t*>(block)[-1] = bytes;
  return reinterpret_cast<void*>(block);
}

bool IsBootBlock(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(g_boot_area) < kBootBytes;
}

// ---- while resolving, and afterwards only if boot blocks exist

constinit NextAllocator g_real{};
constinit std::atomic<bool> g_resolving{false};

void FreeUnlessBoot(void* block) {
  if (!IsBootBlock(block)) g_real.free(block);
}

void* ReallocUnlessBoot(void* block, std::size_t bytes) {
  if (!IsBootBlock(block)) return g_real.realloc(block, bytes);
  void* moved = g_real.malloc(bytes);
  if (moved == nullptr) return nullptr;
  const std::size_t old_bytes = static_cast<std::size_t*>(block)[-1];
  return memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
}

template <typename Function>
void Set(Function* slot, const char* symbol, Function fallback) {
  auto* found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, symbol));
  *slot = found != nullptr ? found : fallback;
}

extern "C" {
void* __libc_malloc(std::size_t);
void __libc_free(void*);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* __libc_valloc(std::size_t);
void* __libc_pvalloc(std::size_t);
}

int LibcPosixMemalign(void** out, std::size_t align, std::size_t bytes) {
  if (align < sizeof(void*) || (align & (align - 1)) != 0) return EINVAL;
  void* block = __libc_memalign(align, bytes);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}

// Fills g_next with the real functions. False: a call from inside dlsym, to be served from the boot area.
bool Resolve() {
  if (g_resolving.exchange(true)) return false;
  const int saved_errno = errno;
  NextAllocator next{};
  Set(&next.malloc, "malloc", &__libc_malloc);
  Set(&next.free, "free", &__libc_free);
  Set(&next.calloc, "calloc", &__libc_calloc);
  Set(&next.realloc, "realloc", &__libc_realloc);
  Set(&next.memalign, "memalign", &__libc_memalign);
  Set(&next.aligned_alloc, "aligned_alloc", &__libc_memalign);
  Set(&next.posix_memalign, "posix_memalign", &LibcPosixMemalign);
  Set(&next.valloc, "valloc", &__libc_valloc);
  Set(&next.pvalloc, "pvalloc", &__libc_pvalloc);
  g_real = next;
  if (g_boot_used.load() != 0) {
    next.free = FreeUnlessBoot;
    next.realloc = ReallocUnlessBoot;
  }
  g_next = next;
  errno = saved_errno;
  return true;
}

// A second thread that comes while the first resolves waits here for it; the first one's own nested calls
// must not. They are told apart by the thread id.
constinit std::atomic<long> g_resolving_thread{0};

bool ResolveOnce() {
  const long self = sys::Call(SYS_gettid);
  long nobody = 0;
  if (g_resolving_thread.compare_exchange_strong(nobody, self)) return Resolve();
  if (nobody == self) return false;
  while (std::atomic_ref<void* (*)(std::size_t)>(g_real.malloc).load() == nullptr) sys::Call(SYS_sched_yield);
  return true;
}

void* FirstMalloc(std::size_t bytes) { return ResolveOnce() ? g_next.malloc(bytes) : BootAllocate(0, bytes); }
void FirstFree(void* block) {
  if (ResolveOnce()) g_next.free(block);
}
void* FirstCalloc(std::size_t count, std::size_t bytes) {
  if (ResolveOnce()) return g_next.calloc(count, bytes);
  std::size_t total;
  return __builtin_mul_overflow(count, bytes, &total) ? nullptr : BootAllocate(0, total);  // the area is zero
}
void* FirstRealloc(void* block, std::size_t bytes) {
  if (ResolveOnce()) return g_next.realloc(block, bytes);
  void* moved = BootAllocate(0, bytes);
  if (moved == nullptr || block == nullptr) return moved;
  const std::size_t old_bytes = static_cast<std::size_t*>(block)[-1];
  return memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
}
int FirstPosixMemalign(void** out, std::size_t align, std::size_t bytes) {
  if (ResolveOnce()) return g_next.posix_memalign(out, align, bytes);
  *out = BootAllocate(align, bytes);
  return *out != nullptr ? 0 : ENOMEM;
}
void* FirstAlignedAlloc(std::size_t align, std::size_t bytes) {
  return ResolveOnce() ? g_next.aligned_alloc(align, bytes) : BootAllocate(align, bytes);
}
void* FirstMemalign(std::size_t align, std::size_t bytes) {
  return ResolveOnce() ? g_next.memalign(align, bytes) : BootAllocate(align, bytes);
}
void* FirstValloc(std::size_t bytes) { return ResolveOnce() ? g_next.valloc(bytes) : BootAllocate(4096, bytes); }
void* FirstPvalloc(std::size_t bytes) {
  return ResolveOnce() ? g_next.pvalloc(bytes) : BootAllocate(4096, (bytes + 4095) & ~std::size_t{4095});
}

}  // namespace

constinit NextAllocator g_next{
    .malloc = FirstMalloc,
    .free = FirstFree,
    .calloc = FirstCalloc,
    .realloc = FirstRealloc,
    .posix_memalign = FirstPosixMemalign,
    .aligned_alloc = FirstAlignedAlloc,
    .memalign = FirstMemalign,
    .valloc = FirstValloc,
    .pvalloc = FirstPvalloc,
};

void* FindNext(const char* symbol) {
  Unrecorded ours;
  const int saved_errno = errno;
  void* found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) dlerror();  // takes the text that the program might otherwise read as its own
  errno = saved_errno;
  return found;
}

CodeRange CodeOf(void* function) {
  const auto start = reinterpret_cast<std::uintptr_t>(function);
  Unrecorded ours;
  Dl_info info{};
  const ElfW(Sym)* symbol = nullptr;
  const bool has_symbol = function != nullptr && dladdr1(function, &info, reinterpret_cast<void**>(const_cast<ElfW(Sym)**>(&symbol)),
                                                         RTLD_DL_SYMENT) != 0 && symbol != nullptr;
  return {start, has_symbol ? start + symbol->st_size : start};
}

void* FindNextCxx(const char* symbol) {
  if (void* found = FindNext(symbol); found != nullptr) return found;
  Unrecorded ours;
  const int saved_errno = errno;
  void* found = nullptr;
  for (const char* name : {"libstdc++.so.6", "libc++.so.1"}) {
    void* library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_LOCAL);
    if (library == nullptr) {
      dlerror();
      continue;
    }
    found = dlsym(library, symbol);
    if (found != nullptr) break;  // the handle is kept: its function will be used
    dlclose(library);
  }
  errno = saved_errno;
  return found;
}

}  // namespace memtrace::preload
