// SPDX-License-Identifier: MIT
// What memtrace keeps for each thread: one page of fork-local memory, found by one thread-local pointer.
//
//     tls_state ──► ThreadState ── ready     the guard: 1 = idle, 0 = inside the recorder, not set up, or wiped by fork
//                               ├─ encoder   end of the thread's event window
//                               ├─ capture   the stack captured last
//                               ├─ pending   the outer call (operator new, reallocarray …) a nested malloc serves
//                               └─ python    the Python stack read last; only where a Python runtime was found
//
// A thread's state is found again by its tid when the thread is gone and given to a new one; there is no
// thread-exit hook and no destructor, so frees that run after all destructors are still recorded.
#pragma once

#include <atomic>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/base/shared_clock.h"
#include "preload/buffer/event_encoder.h"
#include "preload/stack/capture.h"

namespace memtrace::preload {

// Where a hook was called from: the caller's pc, stack pointer after the return, and rbp.
struct Caller {
  std::uintptr_t pc = 0;
  std::uintptr_t sp = 0;
  std::uintptr_t rbp = 0;
};

// Must be expanded in the hook itself, whose frame pointer this needs.
#define MEMTRACE_CALLER()                                                                          \
  (::memtrace::preload::Caller{static_cast<std::uintptr_t*>(__builtin_frame_address(0))[1],        \
                               reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) + 16,  \
                               static_cast<std::uintptr_t*>(__builtin_frame_address(0))[0]})

// The instructions of one function.
struct CodeRange {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
};

// An outer allocation call whose block a nested malloc will provide. The nested call is then recorded with the
// outer call's kind, size and caller, and the outer one records nothing.
struct PendingCall {
  bool is_set;
  bool is_python;           // a function of Python's allocators: record_python.cc
  format::AllocKind kind;
  std::size_t size_bytes;   // as asked for; the nested call may round it up
  Caller caller;
  CodeRange function;  // the real function under way, innermost if they nest: the malloc we wait for is its own
  std::uintptr_t nested_start;  // another block recorded meanwhile: a pool's new piece, or a new_handler's
  std::uintptr_t nested_end;
};

struct PythonStack;

struct ThreadState {
  std::uint32_t ready;
  bool has_python;  // there is a Python runtime: malloc looks for its frames
  format::AllocKind map_kind;  // what the next mmap is for; kMalloc: anything
  std::uint32_t ordinal;
  PendingCall pending;
  std::uintptr_t deleting;  // operator delete(p) is under way: the free(p) inside it is the same free
  EventEncoder encoder;
  std::uint64_t allocations;
  std::uint64_t frees;
  std::uint64_t made_objects_at;  // `allocations` when a Python object was made last
  SharedClock clock;  // for events whose order against other threads' is known otherwise
  std::uint64_t window_sequence;
  std::uint64_t last_checkpoint_ticks;
  std::uint64_t nested_lost;        // counted here while the guard was set, moved to the header at times
  CaptureCounters counted;          // what of capture.counters the header has already
  std::uint32_t tid;
  ThreadState* next;                // list of all states of the recording
  char name[16];
  PythonStack* python;              // null until this thread is seen in Python code
  ThreadCapture capture;
};
static_assert(sizeof(ThreadState) <= 4096);

}  // namespace memtrace::preload
