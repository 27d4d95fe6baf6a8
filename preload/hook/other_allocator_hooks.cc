// SPDX-License-Identifier: MIT
// Names of their own that other allocators export: jemalloc's *allocx, tcmalloc's tc_*, mimalloc's mi_*.
//
// They forward to the allocator that the program brings. Without it (a program that merely tests whether the
// weak symbol exists), they do the same with the plain allocation functions.
// Sources: jemalloc(3) for the flags; gperftools/tcmalloc.h; mimalloc.h.
#include <string.h>

#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global namespace
using memtrace::format::AllocKind;
using memtrace::format::FreeForm;

// jemalloc(3): MALLOCX_LG_ALIGN(la) is la itself in the lowest six bits, MALLOCX_ZERO is 0x40.
std::size_t AlignOf(int flags) { return static_cast<std::size_t>(1) << (flags & 0x3f); }
bool WantsZero(int flags) { return (flags & 0x40) != 0; }

void* PlainMallocx(std::size_t bytes, int flags) {
  if (AlignOf(flags) <= 16) return WantsZero(flags) ? g_next.calloc(1, bytes) : g_next.malloc(bytes);
  void* block = g_next.memalign(AlignOf(flags), bytes);
  return block != nullptr && WantsZero(flags) ? memset(block, 0, bytes) : block;
}

}  // namespace

// ---- an allocation under another name
#define MEMTRACE_ALLOCATE(name, kind, size, plain, parameters, arguments)        \
  MEMTRACE_EXPORT void* name parameters {                                        \
    using Function = void* parameters;                                           \
    static constinit NextFunction<Function> slot{};                              \
    const Caller caller = MEMTRACE_CALLER();                                     \
    PendingCall saved;                                                           \
    const auto& next = CachedNext(&slot, #name, FindNext);                       \
    BeginOuterCall(size, kind, caller, next.code, &saved);                           \
    void* block = next.call != nullptr ? next.call arguments : plain;            \
    EndOuterCall(block, caller, saved);                                          \
    return block;                                                                \
  }

// ---- a free under another name
#define MEMTRACE_RELEASE(name, form, parameters, arguments)      \
  MEMTRACE_EXPORT void name parameters {                         \
    using Function = void parameters; \
    static constinit Function* next = nullptr;          \
    Function* real = CachedNext(&next, #name);                           \
    BeginDelete(block, form);                                    \
    real != nullptr ? real arguments : g_next.free(block);       \
    EndDelete();                                                 \
  }

// ---- a realloc under another name
#define MEMTRACE_RESIZE(name, kind, bytes, plain, parameters, arguments)      \
  MEMTRACE_EXPORT void* name parameters {                                     \
    using Function = void* parameters; \
    static constinit Function* next = nullptr;                       \
    const Caller caller = MEMTRACE_CALLER();                                  \
    Function* real = CachedNext(&next, #name);                                        \
    const ReallocToken token = RecordReallocBegin(block);                     \
    void* moved = real != nullptr ? real arguments : plain;                   \
    RecordReallocEnd(token, block, moved, bytes, kind, caller);               \
    return moved;                                                             \
  }

// jemalloc
MEMTRACE_ALLOCATE(mallocx, AllocKind::kMallocx, bytes, PlainMallocx(bytes, flags), (std::size_t bytes, int flags),
                  (bytes, flags))
MEMTRACE_RESIZE(rallocx, AllocKind::kRallocx, bytes, g_next.realloc(block, bytes),
                (void* block, std::size_t bytes, int flags), (block, bytes, flags))
MEMTRACE_RELEASE(dallocx, FreeForm::kFree, (void* block, int flags), (block, flags))
MEMTRACE_RELEASE(sdallocx, FreeForm::kFree, (void* block, std::size_t bytes, int flags), (block, bytes, flags))

// Resizes in place or not at all: the block keeps its address, so it is a realloc to the size it got.
MEMTRACE_EXPORT std::size_t xallocx(void* block, std::size_t bytes, std::size_t extra, int flags) {
  using Function = std::size_t(void*, std::size_t, std::size_t, int);
  static constinit Function* next = nullptr;
  const Caller caller = MEMTRACE_CALLER();
  Function* real = CachedNext(&next, "xallocx");
  if (real == nullptr) return 0;
  const ReallocToken token = RecordReallocBegin(block);
  const std::size_t got = real(block, bytes, extra, flags);
  RecordReallocEnd(token, block, got >= bytes ? block : nullptr, got, AllocKind::kXallocx, caller);
  return got;
}

// tcmalloc
MEMTRACE_ALLOCATE(tc_malloc, AllocKind::kTcmalloc, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(tc_calloc, AllocKind::kTcmalloc, count * bytes, g_next.calloc(count, bytes),
                  (std::size_t count, std::size_t bytes), (count, bytes))
MEMTRACE_ALLOCATE(tc_memalign, AllocKind::kTcmalloc, bytes, g_next.memalign(align, bytes),
                  (std::size_t align, std::size_t bytes), (align, bytes))
MEMTRACE_ALLOCATE(tc_valloc, AllocKind::kTcmalloc, bytes, g_next.valloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(tc_pvalloc, AllocKind::kTcmalloc, bytes, g_next.pvalloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(tc_new, AllocKind::kNew, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(tc_newarray, AllocKind::kNewArray, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_RESIZE(tc_realloc, AllocKind::kTcmalloc, bytes, g_next.realloc(block, bytes),
                (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_RELEASE(tc_free, FreeForm::kFree, (void* block), (block))
MEMTRACE_RELEASE(tc_cfree, FreeForm::kFree, (void* block), (block))
MEMTRACE_RELEASE(tc_free_sized, FreeForm::kFree, (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_RELEASE(tc_delete, FreeForm::kDelete, (void* block), (block))
MEMTRACE_RELEASE(tc_deletearray, FreeForm::kDeleteArray, (void* block), (block))

MEMTRACE_EXPORT int tc_posix_memalign(void** out, std::size_t align, std::size_t bytes) {
  using Function = int(void**, std::size_t, std::size_t);
  static constinit NextFunction<Function> slot{};
  const Caller caller = MEMTRACE_CALLER();
  PendingCall saved;
  const auto& next = CachedNext(&slot, "tc_posix_memalign", FindNext);
  BeginOuterCall(bytes, AllocKind::kTcmalloc, caller, next.code, &saved);
  const int error = next.call != nullptr ? next.call(out, align, bytes) : g_next.posix_memalign(out, align, bytes);
  EndOuterCall(error == 0 ? *out : nullptr, caller, saved);
  return error;
}

// mimalloc
MEMTRACE_ALLOCATE(mi_malloc, AllocKind::kMimalloc, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(mi_malloc_small, AllocKind::kMimalloc, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(mi_zalloc, AllocKind::kMimalloc, bytes, g_next.calloc(1, bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(mi_zalloc_small, AllocKind::kMimalloc, bytes, g_next.calloc(1, bytes), (std::size_t bytes), (bytes))
MEMTRACE_ALLOCATE(mi_calloc, AllocKind::kMimalloc, count * bytes, g_next.calloc(count, bytes),
                  (std::size_t count, std::size_t bytes), (count, bytes))
MEMTRACE_ALLOCATE(mi_mallocn, AllocKind::kMimalloc, count * bytes, g_next.calloc(count, bytes),
                  (std::size_t count, std::size_t bytes), (count, bytes))
MEMTRACE_ALLOCATE(mi_malloc_aligned, AllocKind::kMimalloc, bytes, g_next.memalign(align, bytes),
                  (std::size_t bytes, std::size_t align), (bytes, align))
MEMTRACE_ALLOCATE(mi_aligned_alloc, AllocKind::kMimalloc, bytes, g_next.aligned_alloc(align, bytes),
                  (std::size_t align, std::size_t bytes), (align, bytes))
MEMTRACE_ALLOCATE(mi_memalign, AllocKind::kMimalloc, bytes, g_next.memalign(align, bytes),
                  (std::size_t align, std::size_t bytes), (align, bytes))
MEMTRACE_ALLOCATE(mi_new, AllocKind::kNew, bytes, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_RESIZE(mi_realloc, AllocKind::kMimalloc, bytes, g_next.realloc(block, bytes),
                (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_RELEASE(mi_free, FreeForm::kFree, (void* block), (block))
MEMTRACE_RELEASE(mi_free_size, FreeForm::kFree, (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_RELEASE(mi_free_aligned, FreeForm::kFree, (void* block, std::size_t align), (block, align))
