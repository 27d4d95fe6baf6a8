// SPDX-License-Identifier: MIT
// Exact stack capture: from a hook's return address to the node id of the whole call stack.
//
//   frames   _start ─ main ─ Parse ─ ParseItem ─ Grow      outermost first: the stack captured last
//   checks   [addr,value] [addr,value] …                   every stack word on which those steps depended
//
// A capture steps outward by the unwind rules only until it reaches a frame it knows from last time, then
// re-reads the words that the rest depended on. If all hold, a fresh walk would give the same frames, so the
// known ones are taken with their node ids. Nothing in the program's stack is ever changed.
//
// Cost: about 7 ns when at most the innermost frame is new, 0.2 ns a known frame, 10 ns a new one.
// Thread-safety: a ThreadCapture belongs to one thread; everything else here may be called by any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/site/site_tree.h"
#include "preload/stack/modules.h"

namespace memtrace::preload {

struct Frame;  // verified_prefix.h
struct Check;
struct StackRead;

// Counts for the trace's header and for tests; written by the owning thread, readable by any.
struct CaptureCounters {
  std::uint64_t captures;
  std::uint64_t rule_steps;     // frames found by stepping rather than by the prefix
  std::uint64_t prefix_breaks;  // captures that found a changed word in their prefix
  std::uint64_t
      foreign_walks;  // captures by the careful walk: foreign stacks, signal frames, odd unwind rows
  std::uint64_t truncated_stacks;  // walks that did not reach the stack's end
  std::uint64_t guessed_frames;    // steps through code without unwind information, by rbp
};

struct ThreadCapture {
  std::uintptr_t low;           // every byte of [low, low + known_bytes) has been found readable,
  std::uintptr_t known_bytes;   // up to the stack's top; low moves down as the stack grows
  std::uint64_t modules_stamp;  // the modules' state that frames belong to,
  std::uint64_t rsp_rule;       // and what the lowest bits of a kRsp rule of that state are
  Frame* innermost;             // of frames; frames itself: none
  Frame* append_end;            // a frame may be appended behind those below: room, and max_depth
  Check* checks;                // room for kWordsPerFrame a frame
  CaptureCounters counters;
  Frame* frames;     // outermost first; frames[0] is the root
  Frame* fresh;      // frames of a walk under way, innermost first
  StackRead* reads;  // memory that special frames of that walk read; room for kWordsPerFrame a frame
  std::uint32_t read_count;
  std::uint32_t frame_capacity;
  std::uint32_t fresh_capacity;
  bool has_no_nodes;  // its frames are all that is wanted, see capture_frames.h
  std::uintptr_t lowest;   // low never goes below; 0: unknown
  ThreadCapture* foreign;  // the same for the coroutine or signal stack used last; null: none yet
  bool is_foreign;         // this is somebody's `foreign`

  std::uintptr_t high() const { return low + known_bytes; }
};

struct StackOptions {
  std::uint32_t max_depth;  // innermost frames kept; 0: all
  ModuleSink module_sink;   // may be null
};

// Once, before the first capture; SiteTreeInit comes first. Reports the modules that are loaded. False: no
// memory.
bool StackInit(const StackOptions& options);
// In a child after fork, after SiteTreeReset: forgets node ids and reports all known modules again.
void StackResetAfterFork();

// For a zeroed ThreadCapture (MapPrivate). stack_high is the top of the thread's stack: __libc_stack_end
// rounded up to a page for the main thread, pthread_self() for others. stack_low may be 0: unknown.
bool ThreadCaptureInit(ThreadCapture& thread, std::uintptr_t stack_low, std::uintptr_t stack_high);
// The same thread state for another thread: counters start again at 0, memory is kept unless it is very much.
void ThreadCaptureReset(ThreadCapture& thread, std::uintptr_t stack_low, std::uintptr_t stack_high);

// The node of the current stack. pc: the hook's return address; sp: the stack pointer after that return
// (__builtin_frame_address(0) + 16); rbp: the caller's, the word at that frame address, read before any tail
// call can give the frame's memory away. 0 only if memory or storage failed.
// Must not be re-entered on the same ThreadCapture: the hook's guard sees to that.
std::uint32_t Capture(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp,
                      format::AllocKind kind);

}  // namespace memtrace::preload
