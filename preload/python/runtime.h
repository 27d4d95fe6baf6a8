// SPDX-License-Identifier: MIT
// The CPython runtimes of this process: finding them, putting our functions into their allocator tables,
// noticing when these are taken out again.
//
//   module met ─► symbols there? ─► PythonRuntime ─┬─ installation of "mem"     {kind, original} ◄─ ctx ┐
//                                                  ├─ installation of "object"  {kind, original} ◄─ ctx ├─
//                                                  CPython's table └─ installation of "arena"   {original} ◄─
//                                                  ctx ┘
//                                                        watched slot: the table's function, compared by
//                                                        malloc
//
// An installation never changes and is never given back: whoever read it from the table a moment ago may
// still use it. PYTHONMALLOC, -X dev and, from 3.12 on, each Py_Initialize after Py_Finalize put other
// functions into the tables without our being asked; CheckPythonRuntimes sees that and makes a new
// installation on top.
//
// Thread-safety: PythonModuleMet may be called by any thread; the rest says what it needs.
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/python/offsets.h"

namespace memtrace::preload {

// PyMemAllocatorEx and PyObjectArenaAllocator of CPython's C API.
struct PythonAllocator {
  void* context;
  void* (*malloc)(void* context, std::size_t bytes);
  void* (*calloc)(void* context, std::size_t count, std::size_t bytes);
  void* (*realloc)(void* context, void* block, std::size_t bytes);
  void (*free)(void* context, void* block);
};
struct PythonArenaAllocator {
  void* context;
  void* (*alloc)(void* context, std::size_t bytes);
  void (*free)(void* context, void* arena, std::size_t bytes);
};

struct PythonRuntime;

// The context of our functions.
struct PythonInstallation {
  PythonRuntime* runtime;
  format::AllocKind kind;
  PythonAllocator original;
  PythonArenaAllocator original_arena;
  // How far behind the start of malloc's block the caller's block begins: a debugging layer below us has a
  // header.
  std::atomic<std::uint32_t> header_bytes;
};

// PyRefTracer: told of objects that are made (0) and destroyed (1).
using PythonTracer = int (*)(void* object, int event, void* data);

// Our functions, given once by hook/.
struct PythonHooks {
  PythonAllocator blocks;  // contexts unused
  PythonArenaAllocator arenas;
  PythonTracer tracer;
};

// A word of CPython's tables: the function in use there.
struct PythonWatch {
  const std::uintptr_t* slot;            // null: not found
  std::atomic<std::uintptr_t> accepted;  // what it held when all was well
  bool IsAsLeft() const { return slot == nullptr || *slot == accepted.load(std::memory_order_relaxed); }
};

enum class PythonTable : unsigned { kMem = 0, kObject, kArena };
inline constexpr PythonTable kPythonTables[] = {PythonTable::kMem, PythonTable::kObject, PythonTable::kArena};

// How a runtime tells of objects that it hands out again: reuse.h.
struct PythonReuseState {
  int (*set_tracer)(PythonTracer tracer, void* data);  // null: before 3.13
  PythonTracer (*get_tracer)(void** data);
  bool is_tried;  // the runtime was ready, and its slot has been looked at
  PythonWatch watch;
  PythonTracer chained;  // tracemalloc's, which ours calls; null: none
  void* chained_data;
  format::PythonReuse state;
};

enum class PythonPhase : std::uint32_t {
  kNone = 0,
  kFound,  // to be hooked as soon as that is safe
  kHooked,
  kGone,  // its library was closed; it may come back to the same place
};

struct PythonRuntime {
  std::atomic<PythonPhase> phase;
  std::atomic<bool> has_stacks;
  std::atomic<bool> is_trusted;  // its frames were looked at with care, and are what they should be
  std::atomic<std::uintptr_t> readable_page;  // found so last, by whoever looks with care; 0: none
  bool current_is_own;        // from 3.12 on: current_thread_state is null unless this thread holds the lock
  std::uint32_t hex_version;  // PY_VERSION_HEX
  const PythonOffsets* offsets;
  const char* why_no_stacks;  // null: has_stacks
  dl_find_object module;

  void (*get_allocator)(int domain, PythonAllocator*);
  void (*set_allocator)(int domain, PythonAllocator*);
  void (*get_arena_allocator)(PythonArenaAllocator*);
  void (*set_arena_allocator)(PythonArenaAllocator*);
  void* (*current_thread_state)();  // of the thread that holds the lock
  void* (*this_threads_state)();    // of this thread, whether it holds the lock or not
  int (*is_initialized)();
  int (*is_finalizing)();  // may be null
  std::uintptr_t code_type;
  std::uintptr_t text_type;
  std::uintptr_t bytes_type;
  std::uintptr_t eval_start;  // the eval loop's instructions
  std::uintptr_t eval_end;

  // The ThreadState whose events were recorded last with the runtime's lock held; null: none, or there is no lock.
  std::atomic<const void*> recorded_last;

  PythonWatch watches[3];  // by PythonTable
  PythonReuseState reuse;

  bool IsAsLeft() const { return watches[0].IsAsLeft() && watches[1].IsAsLeft() && watches[2].IsAsLeft(); }
};

// From now on its blocks are recorded without Python frames, and the trace says why.
void GiveUpPythonStacks(PythonRuntime& runtime, const char* reason);

// Whether the calling thread holds the runtime's lock (the GIL).
bool HoldsPythonLock(const PythonRuntime& runtime);

inline constexpr unsigned kMaxPythonRuntimes = 16;
extern constinit PythonRuntime g_python_runtimes[kMaxPythonRuntimes];
// How many of them have ever been in use, alive or not.
extern constinit std::atomic<unsigned> g_python_runtime_count;

struct PythonSupportInfo {
  std::uint32_t hex_version;
  format::PythonSupport support;
  const char* reason;
  format::PythonReuse reuse;  // kUnseen: says the support; else only that
};

struct PythonSettings {
  PythonHooks hooks;
  void (*found)();  // a runtime is there from now on, or will be in a moment
  void (*support)(const PythonSupportInfo& support);  // it was hooked, or cannot be
};

// Once, before modules are met. Without it nothing here does anything.
void PythonInit(const PythonSettings& settings);

// From a ModuleSink, or when a module is back. Only looks and remembers: it may be called inside a capture.
void PythonModuleMet(const dl_find_object& module);

// Whether CheckPythonRuntimes would do something.
bool PythonNeedsCheck();
// Hooks what was met, hooks again what was reset. Needs the thread's guard and no lock; called where the
// program calls malloc, so that Python is either not initialised yet or holds its lock, which is checked.
void CheckPythonRuntimes();

// After dlclose: runtimes whose library is gone.
void DropUnloadedPythonRuntimes();

// In a child after fork: says again, to a new trace, what is hooked.
void ReportPythonRuntimes();

}  // namespace memtrace::preload
