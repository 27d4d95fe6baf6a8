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

// The next definition of one operator, found at its first call.
template <typename Function>
Function* Next(Function** slot, const char* symbol) {
  if (__builtin_expect(*slot == nullptr, 0)) *slot = reinterpret_cast<Function*>(FindNextCxx(symbol));
  return *slot;
}

}  // namespace

// A program that calls operator new has some C++ library; one without any definition cannot get here but by
// a stray dlsym, and is given malloc's answer.
#define MEMTRACE_NEW(symbol, kind, fallback, parameters, arguments)                      \
  extern "C" __attribute__((visibility("default"))) void* memtrace##symbol parameters asm(#symbol); \
  void* memtrace##symbol parameters {                                                    \
    using Function = void* parameters;                                                   \
    static constinit Function* next = nullptr;                                           \
    const Caller caller = MEMTRACE_CALLER();                                             \
    Function* real = Next(&next, #symbol);                                                   \
    BeginOuterCall(kind, caller);                                                        \
    void* block = real != nullptr ? real arguments : fallback;                           \
    EndOuterCall(block, bytes, kind, caller);                                            \
    return block;                                                                        \
  }

#define MEMTRACE_DELETE(symbol, form, parameters, arguments)                             \
  extern "C" __attribute__((visibility("default"))) void memtrace##symbol parameters asm(#symbol); \
  void memtrace##symbol parameters {                                                     \
    using Function = void parameters;                                                    \
    static constinit Function* next = nullptr;                                           \
    Function* real = Next(&next, #symbol);                                                   \
    BeginDelete(block, form);                                                            \
    real != nullptr ? real arguments : g_next.free(block);                               \
    EndDelete();                                                                         \
  }

using Align = std::size_t;       // std::align_val_t is passed as its underlying type
using NoThrow = const void*;     // const std::nothrow_t& is passed as an address

MEMTRACE_NEW(_Znwm, AllocKind::kNew, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_NEW(_Znam, AllocKind::kNewArray, g_next.malloc(bytes), (std::size_t bytes), (bytes))
MEMTRACE_NEW(_ZnwmRKSt9nothrow_t, AllocKind::kNew, g_next.malloc(bytes), (std::size_t bytes, NoThrow tag), (bytes, tag))
MEMTRACE_NEW(_ZnamRKSt9nothrow_t, AllocKind::kNewArray, g_next.malloc(bytes), (std::size_t bytes, NoThrow tag),
             (bytes, tag))
MEMTRACE_NEW(_ZnwmSt11align_val_t, AllocKind::kNewAligned, g_next.aligned_alloc(align, bytes),
             (std::size_t bytes, Align align), (bytes, align))
MEMTRACE_NEW(_ZnamSt11align_val_t, AllocKind::kNewArrayAligned, g_next.aligned_alloc(align, bytes),
             (std::size_t bytes, Align align), (bytes, align))
MEMTRACE_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, AllocKind::kNewAligned, g_next.aligned_alloc(align, bytes),
             (std::size_t bytes, Align align, NoThrow tag), (bytes, align, tag))
MEMTRACE_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, AllocKind::kNewArrayAligned, g_next.aligned_alloc(align, bytes),
             (std::size_t bytes, Align align, NoThrow tag), (bytes, align, tag))

MEMTRACE_DELETE(_ZdlPv, FreeForm::kDelete, (void* block), (block))
MEMTRACE_DELETE(_ZdaPv, FreeForm::kDeleteArray, (void* block), (block))
MEMTRACE_DELETE(_ZdlPvm, FreeForm::kDelete, (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_DELETE(_ZdaPvm, FreeForm::kDeleteArray, (void* block, std::size_t bytes), (block, bytes))
MEMTRACE_DELETE(_ZdlPvRKSt9nothrow_t, FreeForm::kDelete, (void* block, NoThrow tag), (block, tag))
MEMTRACE_DELETE(_ZdaPvRKSt9nothrow_t, FreeForm::kDeleteArray, (void* block, NoThrow tag), (block, tag))
MEMTRACE_DELETE(_ZdlPvSt11align_val_t, FreeForm::kDelete, (void* block, Align align), (block, align))
MEMTRACE_DELETE(_ZdaPvSt11align_val_t, FreeForm::kDeleteArray, (void* block, Align align), (block, align))
MEMTRACE_DELETE(_ZdlPvmSt11align_val_t, FreeForm::kDelete, (void* block, std::size_t bytes, Align align),
                (block, bytes, align))
MEMTRACE_DELETE(_ZdaPvmSt11align_val_t, FreeForm::kDeleteArray, (void* block, std::size_t bytes, Align align),
                (block, bytes, align))
MEMTRACE_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, FreeForm::kDelete, (void* block, Align align, NoThrow tag),
                (block, align, tag))
MEMTRACE_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, FreeForm::kDeleteArray, (void* block, Align align, NoThrow tag),
                (block, align, tag))
