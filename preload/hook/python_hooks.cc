// SPDX-License-Identifier: MIT
// What CPython calls instead of its allocators for objects and for their memory (PyMem_SetAllocator), and
// instead of the one that gets it arenas. Blocks and results are the original's, untouched.
#include "preload/hook/next_allocator.h"
#include "preload/python/reuse.h"
#include "preload/record_python.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global
                                    // namespace
using memtrace::format::AllocKind;

PythonInstallation& Ours(void* context) {
  return *static_cast<PythonInstallation*>(context);
}

void* PythonMalloc(void* context, std::size_t bytes) {
  PythonInstallation& ours = Ours(context);
  ThreadState* state = EnterPython();
  if (state == nullptr) return ours.original.malloc(ours.original.context, bytes);
  BeginPythonCall(state, bytes);
  void* block = ours.original.malloc(ours.original.context, bytes);
  EndPythonCall(state, ours, block, MEMTRACE_CALLER());
  return block;
}

void* PythonCalloc(void* context, std::size_t count, std::size_t bytes) {
  PythonInstallation& ours = Ours(context);
  ThreadState* state = EnterPython();
  if (state == nullptr) return ours.original.calloc(ours.original.context, count, bytes);
  BeginPythonCall(state, count * bytes);
  void* block = ours.original.calloc(ours.original.context, count, bytes);
  EndPythonCall(state, ours, block, MEMTRACE_CALLER());
  return block;
}

void* PythonRealloc(void* context, void* old_block, std::size_t bytes) {
  PythonInstallation& ours = Ours(context);
  ThreadState* state = EnterPython();
  if (state == nullptr) {
    PythonFreeUnseen(ours);
    return ours.original.realloc(ours.original.context, old_block, bytes);
  }
  if (old_block == nullptr) {
    BeginPythonCall(state, bytes);
    void* block = ours.original.realloc(ours.original.context, nullptr, bytes);
    EndPythonCall(state, ours, block, MEMTRACE_CALLER());
    return block;
  }
  BeginPythonRealloc(state, ours, old_block, bytes);
  void* block = ours.original.realloc(ours.original.context, old_block, bytes);
  EndPythonRealloc(state, ours, old_block, block, MEMTRACE_CALLER());
  return block;
}

void PythonFree(void* context, void* block) {
  PythonInstallation& ours = Ours(context);
  ThreadState* state = block == nullptr ? nullptr : EnterPython();
  if (state == nullptr) {
    PythonFreeUnseen(ours);
    return ours.original.free(ours.original.context, block);
  }
  const std::uint64_t frees_before = BeginPythonFree(state, ours, block);
  ours.original.free(ours.original.context, block);
  EndPythonFree(state, ours, frees_before);
}

void* PythonArenaAlloc(void* context, std::size_t bytes) {
  PythonInstallation& ours = Ours(context);
  ThreadState* state = tls_state;
  const AllocKind outer = state->map_kind;
  if (state->ready != 0) state->map_kind = AllocKind::kPythonArena;
  void* arena = ours.original_arena.alloc(ours.original_arena.context, bytes);
  if (state->ready != 0) state->map_kind = outer;
  return arena;
}

void PythonArenaFree(void* context, void* arena, std::size_t bytes) {
  PythonInstallation& ours = Ours(context);
  BeforePythonArenaFree(*ours.runtime);
  ours.original_arena.free(ours.original_arena.context, arena, bytes);
}

// Called by the runtime with its lock held; the result must be 0.
int PythonObjectMade(void* object, int event, void* data) {
  constexpr int kCreated = 0;
  PythonRuntime& runtime = *static_cast<PythonRuntime*>(data);
  if (event == kCreated) RecordPythonReuse(runtime, reinterpret_cast<std::uintptr_t>(object));
  return __builtin_expect(runtime.reuse.chained != nullptr, 0) ? TellChainedTracer(runtime, object, event)
                                                               : 0;
}

}  // namespace

void memtrace::preload::StartPythonHooks() {
  StartPython({{nullptr, PythonMalloc, PythonCalloc, PythonRealloc, PythonFree},
               {nullptr, PythonArenaAlloc, PythonArenaFree},
               PythonObjectMade});
}
