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

// dlsym(RTLD_NEXT) with errno and dlerror's state left alone as far as libc allows. Null if there is none.
void* FindNext(const char* symbol);

// As FindNext, also looking into libstdc++ where it was loaded by a dlopen'ed plugin, out of the global scope.
void* FindNextCxx(const char* symbol);

template <typename Function>
Function* FindNextAs(const char* symbol) {
  return reinterpret_cast<Function*>(FindNext(symbol));
}

// The next definition of a function that is called often, looked up once.
template <typename Function>
inline Function* CachedNext(Function** slot, const char* symbol) {
  if (__builtin_expect(*slot == nullptr, 0)) *slot = FindNextAs<Function>(symbol);
  return *slot;
}

}  // namespace memtrace::preload
