// SPDX-License-Identifier: MIT
// The C library's allocation functions.
#include <errno.h>

#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder_inline.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global namespace
using memtrace::format::AllocKind;
using memtrace::format::FreeForm;

// The caller is taken in the hook itself, so this must be part of it.
__attribute__((always_inline)) inline void* Recorded(void* block, std::size_t bytes, AllocKind kind, Caller caller) {
  RecordAllocation(block, bytes, kind, caller);
  return block;
}

}  // namespace

MEMTRACE_EXPORT void* malloc(std::size_t bytes) {
  void* block = g_next.malloc(bytes);
  RecordAllocationInline(block, bytes, AllocKind::kMalloc, MEMTRACE_CALLER());
  return block;
}

MEMTRACE_EXPORT void free(void* block) {
  RecordFreeInline(block, FreeForm::kFree);
  g_next.free(block);
}

MEMTRACE_EXPORT void cfree(void* block) {
  RecordFree(block, FreeForm::kFree);
  g_next.free(block);
}

// C23. Not in glibc 2.36; a size that the program knows adds nothing that free would need.
MEMTRACE_EXPORT void free_sized(void* block, std::size_t) {
  RecordFree(block, FreeForm::kFree);
  g_next.free(block);
}

MEMTRACE_EXPORT void free_aligned_sized(void* block, std::size_t, std::size_t) {
  RecordFree(block, FreeForm::kFree);
  g_next.free(block);
}

MEMTRACE_EXPORT void* calloc(std::size_t count, std::size_t bytes) {
  return Recorded(g_next.calloc(count, bytes), count * bytes, AllocKind::kCalloc, MEMTRACE_CALLER());
}

MEMTRACE_EXPORT void* realloc(void* old_block, std::size_t bytes) {
  const Caller caller = MEMTRACE_CALLER();
  const ReallocToken token = RecordReallocBegin(old_block);
  void* block = g_next.realloc(old_block, bytes);
  RecordReallocEnd(token, old_block, block, bytes, AllocKind::kRealloc, caller);
  return block;
}

// glibc's own reallocarray calls realloc, which would be recorded with reallocarray's frame in between.
MEMTRACE_EXPORT void* reallocarray(void* old_block, std::size_t count, std::size_t bytes) {
  std::size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) {
    errno = ENOMEM;
    return nullptr;
  }
  const Caller caller = MEMTRACE_CALLER();
  const ReallocToken token = RecordReallocBegin(old_block);
  void* block = g_next.realloc(old_block, total);
  RecordReallocEnd(token, old_block, block, total, AllocKind::kReallocArray, caller);
  return block;
}

MEMTRACE_EXPORT int posix_memalign(void** out, std::size_t align, std::size_t bytes) {
  const Caller caller = MEMTRACE_CALLER();
  const int error = g_next.posix_memalign(out, align, bytes);
  if (error == 0) RecordAllocation(*out, bytes, AllocKind::kPosixMemalign, caller);
  return error;
}

MEMTRACE_EXPORT void* aligned_alloc(std::size_t align, std::size_t bytes) {
  return Recorded(g_next.aligned_alloc(align, bytes), bytes, AllocKind::kAlignedAlloc, MEMTRACE_CALLER());
}

MEMTRACE_EXPORT void* memalign(std::size_t align, std::size_t bytes) {
  return Recorded(g_next.memalign(align, bytes), bytes, AllocKind::kMemalign, MEMTRACE_CALLER());
}

MEMTRACE_EXPORT void* valloc(std::size_t bytes) {
  return Recorded(g_next.valloc(bytes), bytes, AllocKind::kValloc, MEMTRACE_CALLER());
}

MEMTRACE_EXPORT void* pvalloc(std::size_t bytes) {
  return Recorded(g_next.pvalloc(bytes), bytes, AllocKind::kPvalloc, MEMTRACE_CALLER());
}
