// SPDX-License-Identifier: MIT
// The Python stack of a thread: from the interpreter's frames to a node of the call-site tree.
//
//   interpreter   frame ◄─back─ frame ◄─back─ … ◄─back─ current frame
//   remembered    frames[0]     frames[1]               frames[depth-1]      addresses, outermost first
//                 held[…]    {back, instruction}                             and what they held then
//                 places[…]  {key, path hash, node}
//                 known      (instruction, its caller's node) → node
//
// The current frame and those inside the newest remembered one are walked; the remembered ones are compared
// where they lie, without following the chain, which takes half a nanosecond a frame. All of them each time:
// a frame's slot is used again at the same address, so an unchanged inner frame says nothing about the outer
// ones. Nothing of the interpreter's is changed, kept or counted, and nothing is called.
//
// Remembered frames may be gone, and their memory with them: generators die, and CPython unmaps the chunks of
// a stack that has become shorter. Whoever sees memory go that frames may have been in says so
// (PythonFramesMayBeGone); then, and wherever other threads may run meanwhile, the chain is walked from the
// current frame, and only what lies on it is looked at.
//
// Thread-safety: a PythonStack belongs to one thread.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/python/known_nodes.h"
#include "preload/python/runtime.h"
#include "preload/stack/capture.h"

namespace memtrace::preload {

struct PythonPlace {
  std::uint64_t key;        // as a caller: kind 0
  std::uint64_t path_hash;  // of the stack up to here
  std::uintptr_t
      shim;            // innermost eval loop's own frame at or outside of this, on the C stack; 0: none known
  std::uint32_t node;  // of the stack up to here, as a caller; 0: not asked for yet
  std::uint32_t real;  // index of the innermost frame of the program at or outside of this; kNone
  static constexpr std::uint32_t kNone = ~0U;
};

// What a frame held: its caller, and where it was in its code.
struct alignas(16) HeldByFrame {
  std::uintptr_t back;
  std::uintptr_t instruction;
};

struct PythonStack {
  std::uintptr_t thread;         // pthread_self()
  const PythonRuntime* runtime;  // whose frames these are
  const PythonRuntime* usual;    // the same, if it is trusted and its frames are no objects
  std::uint64_t epoch;           // of the code objects, when they were read
  std::uint64_t frames_epoch;    // g_python_frames_epoch, when the frames were walked
  std::uint32_t depth;
  std::uint32_t capacity;
  std::uintptr_t* frames;
  HeldByFrame* held;
  std::uintptr_t* codes;
  PythonPlace* places;
  std::uintptr_t* fresh;  // frames of a walk under way, innermost first
  // Where a frame may be: index by some bits of its address.
  static constexpr unsigned kHints = 256;
  std::uint16_t hints[kHints];
  KnownNodes known;

  ThreadCapture native;                   // frames without nodes, for the inner part of joined stacks
  std::atomic<bool> is_reading_unlocked;  // this thread reads its frames without holding Python's lock
};

// Null: no memory. Its memory stays for the life of the process, with the thread state that it belongs to.
PythonStack* NewPythonStack();
// The same for the calling thread, where it was another's.
void ForgetPythonStack(PythonStack& stack);

// Memory that held frames of the interpreter may have been freed or unmapped. Any thread.
extern constinit std::atomic<std::uint64_t> g_python_frames_epoch;
inline void PythonFramesMayBeGone() {
  g_python_frames_epoch.fetch_add(1, std::memory_order_release);
}

// Reads the frames of `thread_state`, which must stay alive and keep its frames meanwhile. The innermost
// place of the program; null: it is in no Python code, or there is no memory. Valid until the next call.
// `has_lock`: the caller holds the runtime's lock.
PythonPlace* ReadPythonStack(PythonStack& stack, PythonRuntime& runtime, std::uintptr_t thread_state,
                             bool has_lock);

// The node of `place` as a caller. 0: storage failed.
std::uint32_t PythonCallerNode(PythonStack& stack, PythonPlace& place);
// The node of a block of that kind allocated at `place`, which ReadPythonStack returned. 0: storage failed.
std::uint32_t PythonBlockNode(PythonStack& stack, PythonPlace& place, format::AllocKind kind);
// The same for where `thread_state` is now, if such a block was allocated there lately; else 0:
// ReadPythonStack tells. The caller holds the runtime's lock.
std::uint32_t PythonKnownBlockNode(const PythonStack& stack, const PythonRuntime& runtime,
                                   std::uintptr_t thread_state, format::AllocKind kind);

// ---- for known_nodes.cc

// The node of frame i's caller, if there is need to look no further: 0 for the outermost.
[[gnu::always_inline]] inline bool KnownCallerOf(const PythonStack& stack, std::uint32_t i,
                                                 std::uint32_t* node) {
  *node = i == 0 ? 0 : stack.places[i - 1].node;
  return i == 0 || *node != 0;
}

inline PythonRole RoleOf(format::AllocKind kind) {
  return kind == format::AllocKind::kPythonObject ? PythonRole::kObject : PythonRole::kMem;
}

}  // namespace memtrace::preload
