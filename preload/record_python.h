// SPDX-License-Identifier: MIT
// Recording what CPython's allocators hand out, and joining Python's frames to native ones.
//
//   PyObject_Malloc ─► hook ─► BeginPythonCall ─► pymalloc: a piece of an arena ──────────────►
//   EndPythonCall: Python's
//                                             └─► malloc: sees the call under way, stays silent    frames
//                                             alone, or joined
//
// A block is one event, whichever way it goes, of the kind and with the size that was asked of the outermost
// function.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/python/frames.h"
#include "preload/python/runtime.h"
#include "preload/recorder.h"

namespace memtrace::preload {

// ---- for hook/python_hooks.cc. `state` is what EnterPython returned.

// The thread's state; null: this call is not to be recorded (recording is off, or it serves another recorded
// call).
inline ThreadState* EnterPython() {
  ThreadState* state = tls_state;
  if (__builtin_expect(state->ready == 0, 0)) {
    state = Enter();
    if (state == nullptr) return nullptr;
    Leave(state);
  }
  return state->pending.is_set ? nullptr : state;
}

// Around the original allocation.
inline void BeginPythonCall(ThreadState* state, std::size_t size_bytes) {
  state->pending.is_python = true;
  state->pending.size_bytes = size_bytes;
  state->pending.nested_start = 0;
  state->pending.is_set = true;
}
void EndPythonCall(ThreadState* state, PythonInstallation& installation, void* block, const Caller& caller);

// Around the original free. Begin sees a code object die; End, whether the block went further, to malloc's
// free, which may unmap it: a generator has its frame in itself, and to 3.10 all frames are such blocks.
// `frees_before`: what Begin returned.
std::uint64_t BeginPythonFree(ThreadState* state, const PythonInstallation& installation, void* block);
inline void EndPythonFree(ThreadState* state, const PythonInstallation& installation,
                          std::uint64_t frees_before) {
  const bool is_unmapped = state->deleting == 0 || state->frees != frees_before;
  state->deleting = 0;
  if (is_unmapped && installation.kind == format::AllocKind::kPythonObject) PythonFramesMayBeGone();
}
// For a free or realloc that is not recorded.
void PythonFreeUnseen(const PythonInstallation& installation);

// Around the original realloc of an old block; `block` null: it failed.
void BeginPythonRealloc(ThreadState* state, const PythonInstallation& installation, void* old_block,
                        std::size_t size_bytes);
void EndPythonRealloc(ThreadState* state, PythonInstallation& installation, void* old_block, void* block,
                      const Caller& caller);

// An object was made: if its block was not just allocated, it came from a free list.
void RecordPythonReuse(PythonRuntime& runtime, std::uintptr_t object);

// Before CPython gives an arena back.
void BeforePythonArenaFree(const PythonRuntime& runtime);

// ---- for the recorder

// Whether malloc's new block is what the Python call under way has asked it for; then it is noted there.
bool IsForPython(PendingCall& call, const void* block, std::size_t size_bytes);

// The node of an allocation that is not one of Python's allocators': joined if this thread is in Python code.
std::uint32_t CaptureWithPython(ThreadState* state, format::AllocKind kind, const Caller& caller);

inline bool ThereIsPython() {
  return g_python_runtime_count.load(std::memory_order_relaxed) != 0;
}

// The thread state is another thread's now.
void ResetPythonOfThread(ThreadState* state);

// Once, before the recording meets modules.
void StartPython(const PythonHooks& hooks);

}  // namespace memtrace::preload
