// SPDX-License-Identifier: MIT
// The functions the program would have called without us: the next definition behind ours in the dynamic
// linker's order, be it glibc's, jemalloc's, tcmalloc's or mimalloc's.
//
//     hook ──► Next().malloc ──► first call: resolve all by dlsym(RTLD_NEXT), then call
//                            └─► later: the real function, no test on the way
//
// Resolving happens at the first call of any hook, not in a constructor: an allocator that the program brings
// must serve the very first block too, or it would later be asked to free a stranger's. dlsym may itself
// allocate; while it runs, blocks come from a small static area (boot_area), and go back to nobody.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/thread_state.h"

namespace memtrace::preload {

struct NextAllocator {
  void* (*malloc)(std::size_t);
  void (*free)(void*);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
};

extern constinit NextAllocator g_next;

// dlsym(RTLD_NEXT), its own allocations unrecorded, errno kept and no dlerror text left behind. Null: there is none.
// Takes the dynamic linker's lock, which a forked child may find locked for ever: hooks that such a child may
// call look their functions up when the library is loaded (Resolve...Early).
void* FindNext(const char* symbol);

// As FindNext, also looking into libstdc++ where it was loaded by a dlopen'ed plugin, out of the global scope.
void* FindNextCxx(const char* symbol);

// The next definition of a function, looked up once.
template <typename Function>
inline Function* CachedNext(Function** slot, const char* symbol) {
  if (__builtin_expect(*slot == nullptr, 0)) *slot = reinterpret_cast<Function*>(FindNext(symbol));
  return *slot;
}

// A function that may call malloc on the program's behalf, with the extent of its code.
template <typename Function>
struct NextFunction {
  Function* call = nullptr;
  CodeRange code;
};

// Where a function's code ends, by its symbol's size; just its start if it has no symbol.
CodeRange CodeOf(void* function);

// As CachedNext. `find` is FindNext or FindNextCxx.
template <typename Function>
inline const NextFunction<Function>& CachedNext(NextFunction<Function>* slot, const char* symbol,
                                                void* (*find)(const char*)) {
  if (__builtin_expect(slot->call == nullptr, 0)) {
    void* found = find(symbol);
    slot->code = CodeOf(found);
    slot->call = reinterpret_cast<Function*>(found);
  }
  return *slot;
}

// From the library's constructor: one function for each file of hooks that looks up its next functions early.
void ResolveProcessHooksEarly();
void ResolveMmapHooksEarly();
void ResolveCxxHooksEarly();
void ResolveSandboxHooksEarly();

// From the library's constructor, when recording has started: CPython's allocators, now and whenever one is loaded.
void StartPythonHooks();

}  // namespace memtrace::preload
