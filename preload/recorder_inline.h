// SPDX-License-Identifier: MIT
// RecordAllocation and RecordFree in line, for malloc and free themselves: the usual case without a call, everything
// else by the functions of recorder.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/clock.h"
#include "preload/record_python.h"
#include "preload/recorder.h"
#include "preload/stack/capture_inline.h"

namespace memtrace::preload {

// The capture found no memory: recording ends.
void StopForLackOfMemory();

// Writes an allocation down with the guard held and gives the guard back, unless recording has stopped.
[[gnu::always_inline]] inline void WriteAllocation(ThreadState* state, void* block, std::size_t size_bytes,
                                                   std::uint32_t node) {
  if (__builtin_expect(node == 0, 0)) return StopForLackOfMemory();
  if (!EnsureRoom(state)) return;
  state->encoder.Alloc(NowTicks(), reinterpret_cast<std::uintptr_t>(block), size_bytes, node);
  ++state->allocations;
  Leave(state);
}

// Records an allocation with the guard held and gives the guard back, unless recording has stopped.
[[gnu::always_inline]] inline void RecordCaptured(ThreadState* state, void* block, std::size_t size_bytes,
                                                  format::AllocKind kind, const Caller& caller) {
  if (__builtin_expect(g_paused, 0)) return Leave(state);
  WriteAllocation(state, block, size_bytes, CaptureInline(state->capture, caller.pc, caller.sp, caller.rbp, kind));
}

[[gnu::always_inline]] inline void RecordAllocationInline(void* block, std::size_t size_bytes, format::AllocKind kind,
                                                          const Caller& caller) {
  ThreadState* state = tls_state;
  const bool is_usual = state->ready != 0 && !state->pending.is_set && !state->has_python && block != nullptr;
  if (__builtin_expect(!is_usual, 0)) return RecordAllocation(block, size_bytes, kind, caller);
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  RecordCaptured(state, block, size_bytes, kind, caller);
}

[[gnu::always_inline]] inline void RecordFreeInline(void* block, format::FreeForm form) {
  ThreadState* state = tls_state;
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const bool is_usual = state->ready != 0 && block != nullptr && state->deleting != address && state->encoder.HasRoom();
  if (__builtin_expect(!is_usual, 0)) return RecordFree(block, form);
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  state->encoder.Free(NowTicks(), address, form);
  ++state->frees;
  Leave(state);
}

}  // namespace memtrace::preload
