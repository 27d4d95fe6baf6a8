// SPDX-License-Identifier: MIT
// A fresh walk of a stack that fears nothing: memory that may not be there, interrupted frames, stacks other
// than the thread's own, unwind rows of any shape, modules that are being closed. It remembers nothing.
//
//   hook ─ coroutine's frames (foreign stack) ─ its entry                          end: complete or truncated
//   hook ─ signal handler (alternate stack) ─ signal frame ─ interrupted frame ─ … ─ _start
//
// Frames are followed with rsp, rbp and the pc only, as the fast walk does. Where a row asks for another
// register, the walk starts again at our own frames with all registers that calls preserve.
// Costs 20 ns a frame with a stored rule, a microsecond otherwise.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"
#include "preload/stack/frame_step.h"

namespace memtrace::preload {

struct CarefulWalkResult {
  std::uint32_t frames;   // written to keys, innermost first
  std::uint32_t guessed;  // steps through code without unwind information
  bool complete;          // the stack's first frame was reached
  std::uintptr_t top;     // all words read lie between the start and here; 0: the walk changed stacks
};

// Writes site keys (kind 0) for the stack of `at`, at most `capacity` of them. use_rules: all stored rules
// may be used, that is, no module is changing.
CarefulWalkResult CarefulWalk(const ThreadCapture& thread, const WalkPosition& at, std::uint64_t tag,
                              bool use_rules, std::uint64_t* keys, std::uint32_t capacity);

}  // namespace memtrace::preload
