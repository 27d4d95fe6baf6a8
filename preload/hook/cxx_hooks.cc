// SPDX-License-Identifier: MIT
// Every shape of C++ operator new and delete, by its mangled name (Itanium C++ ABI).
//
// new forwards to the program's own next operator new, so new_handler, bad_alloc and replacements stay the
// program's. The malloc inside it consumes the pending call and is recorded as new, with new's caller; if an
// exception passes through here nothing is left behind but a pending call that TakePending recognises as stale.
#include <stdlib.h>

#include <cstddef>

#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global namespace
using memtrace::format::AllocKind;
using memtrace::format::FreeForm;

}  // namespace

using Align = std::size_t;    // std::align_val_t is passed as its underlying type
using NoThrow = const void*;  // const std::nothrow_t& is passed as an address

// clang-format off
// Every operator once: NEW(symbol, kind, what malloc would do, parameters, arguments), DELETE(symbol, form, ...).
#define MEMTRACE_CXX_OPERATORS(NEW, DELETE)                                                                           \
  NEW(_Znwm, kNew, malloc(bytes), (std::size_t bytes), (bytes))                                                       \
  NEW(_Znam, kNewArray, malloc(bytes), (std::size_t bytes), (bytes))                                                  \
  NEW(_ZnwmRKSt9nothrow_t, kNew, malloc(bytes), (std::size_t bytes, NoThrow tag), (bytes, tag))                       \
  NEW(_ZnamRKSt9nothrow_t, kNewArray, malloc(bytes), (std::size_t bytes, NoThrow tag), (bytes, tag))                  \
  NEW(_ZnwmSt11align_val_t, kNewAligned, aligned_alloc(align, bytes), (std::size_t bytes, Align align),               \
      (bytes, align))                                                                                                 \
  NEW(_ZnamSt11align_val_t, kNewArrayAligned, aligned_alloc(align, bytes), (std::size_t bytes, Align align),          \
      (bytes, align))                                                                                                 \
  NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, kNewAligned, aligned_alloc(align, bytes),                                   \
      (std::size_t bytes, Align align, NoThrow tag), (bytes, align, tag))                                             \
  NEW(_ZnamSt11align_val_tRKSt9nothrow_t, kNewArrayAligned, aligned_alloc(align, bytes),                              \
      (std::size_t bytes, Align align, NoThrow tag), (bytes, align, tag))                                             \
  DELETE(_ZdlPv, kDelete, (void* block), (block))                                                                     \
  DELETE(_ZdaPv, kDeleteArray, (void* block), (block))                                                                \
  DELETE(_ZdlPvm, kDelete, (void* block, std::size_t bytes), (block, bytes))                                          \
  DELETE(_ZdaPvm, kDeleteArray, (void* block, std::size_t bytes), (block, bytes))                                     \
  DELETE(_ZdlPvRKSt9nothrow_t, kDelete, (void* block, NoThrow tag), (block, tag))                                     \
  DELETE(_ZdaPvRKSt9nothrow_t, kDeleteArray, (void* block, NoThrow tag), (block, tag))                                \
  DELETE(_ZdlPvSt11align_val_t, kDelete, (void* block, Align align), (block, align))                                  \
  DELETE(_ZdaPvSt11align_val_t, kDeleteArray, (void* block, Align align), (block, align))                             \
  DELETE(_ZdlPvmSt11align_val_t, kDelete, (void* block, std::size_t bytes, Align align), (block, bytes, align))       \
  DELETE(_ZdaPvmSt11align_val_t, kDeleteArray, (void* block, std::size_t bytes, Align align), (block, bytes, align))  \
  DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, kDelete, (void* block, Align align, NoThrow tag), (block, align, tag))  \
  DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, kDeleteArray, (void* block, Align align, NoThrow tag),                  \
         (block, align, tag))

// A program that calls operator new has some C++ library; one without any definition cannot get here but by a
// stray dlsym, and is given malloc's answer.
#define MEMTRACE_NEW(symbol, kind, plain, parameters, arguments)                                          \
  using Function##symbol = void* parameters;                                                              \
  static constinit NextFunction<Function##symbol> g_next##symbol{};                                       \
  extern "C" __attribute__((visibility("default"))) void* memtrace##symbol parameters asm(#symbol);       \
  void* memtrace##symbol parameters {                                                                     \
    const Caller caller = MEMTRACE_CALLER();                                                              \
    PendingCall saved;                                                                                    \
    const auto& next = CachedNext(&g_next##symbol, #symbol, FindNextCxx);                                 \
    BeginOuterCall(bytes, AllocKind::kind, caller, next.code, &saved);                                                           \
    void* block = next.call != nullptr ? next.call arguments : g_next.plain;                                        \
    EndOuterCall(block, caller, saved);                                                                   \
    return block;                                                                                         \
  }

#define MEMTRACE_DELETE(symbol, form, parameters, arguments)                                              \
  using Function##symbol = void parameters;                                                               \
  static constinit NextFunction<Function##symbol> g_next##symbol{};                                       \
  extern "C" __attribute__((visibility("default"))) void memtrace##symbol parameters asm(#symbol);        \
  void memtrace##symbol parameters {                                                                      \
    const auto& next = CachedNext(&g_next##symbol, #symbol, FindNextCxx);                                 \
    BeginDelete(block, FreeForm::form);                                                                   \
    next.call != nullptr ? next.call arguments : g_next.free(block);                                            \
    EndDelete();                                                                                          \
  }
// clang-format on

MEMTRACE_CXX_OPERATORS(MEMTRACE_NEW, MEMTRACE_DELETE)

void memtrace::preload::ResolveCxxHooksEarly() {
  if (FindNext("_Znwm") == nullptr) return;  // a C program: each further look-up would search all libraries
#define MEMTRACE_RESOLVE(symbol, ...) CachedNext(&g_next##symbol, #symbol, FindNext);
  MEMTRACE_CXX_OPERATORS(MEMTRACE_RESOLVE, MEMTRACE_RESOLVE)
#undef MEMTRACE_RESOLVE
}
