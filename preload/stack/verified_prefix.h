// SPDX-License-Identifier: MIT
// The stack that a thread captured last, with everything needed to know whether it still holds.
//
//   frames[0]  root: how the stack ends (complete, or truncated)            sp = infinity
//   frames[1]  _start     sp, rbp ─ step by the rule ─► cfa = sp of the frame outside it
//      …
//   frames[n]  innermost  sp lowest
//
//   checks: frame 1's words, frame 2's, …, n's, each {address, value}; frames[i].check_end counts those
//   of 1..i.
//
// Stepping is a function of (pc, sp, rbp) and of the stack words it reads. So if a new walk reaches a frame
// with the same pc and sp (and rbp, where frames outside still need it) and all words of its checks are
// unchanged, the frames outside it are the same as well. Words: every return address, every saved rbp that a
// frame further out uses, and what special frames read. Leaving one out would make the answer a guess.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"

namespace memtrace::preload {

struct Frame {
  std::uint64_t sp;
  std::uint64_t key;  // pc, exact bit, guess bit: as in a site node, without kind and generation
  std::uint64_t rbp;  // meaningful if needs_rbp
  std::uint64_t cfa;  // sp of the next frame outward
  std::uint64_t path_hash;
  std::uint32_t node;       // the stack up to here, of node_kind
  std::uint32_t check_end;  // checks that cover this frame and all outside it
  std::int32_t rbp_offset;  // the caller's rbp is at cfa + rbp_offset; 0: not saved here
  std::uint32_t read_end;   // special frames of a walk under way: ThreadCapture::reads up to here
  std::uint8_t node_kind;   // AllocKind of `node`, 0 inside a stack; kNodeOfDepthLimit may be added
  std::uint8_t generation;
  bool uses_rbp;   // its own step reads rbp
  bool needs_rbp;  // it or a frame outside it reads the rbp it was reached with
  bool special;    // its words are in its checks only, so it is always stepped again by its rule
  std::uint8_t reserved[3];
};
static_assert(sizeof(Frame) == 64);

// The node is of a stack cut by max_depth: it is no parent of anything.
inline constexpr std::uint8_t kNodeOfDepthLimit = 0x80;
// Beyond max_depth a frame has no node unless an allocation happens right there.
inline constexpr std::uint8_t kNoNode = 0xff;

struct Check {
  const std::uint64_t* address;
  std::uint64_t value;
};

struct StackRead {
  std::uint64_t address;
  std::uint64_t value;
};

inline bool Holds(const Check& check) {
  return *check.address == check.value;
}
inline std::uint64_t Difference(const Check& check) {
  return *check.address ^ check.value;
}

// 0 if checks[0..count) all hold, else 1 + the index of the innermost (last) one that fails.
inline std::uint32_t InnermostBroken(const Check* checks, std::uint32_t count) {
  const Check* end = checks + count;
  for (; end - checks >= 8; end -= 8) {
    const std::uint64_t inner =
        Difference(end[-1]) | Difference(end[-2]) | Difference(end[-3]) | Difference(end[-4]);
    const std::uint64_t outer =
        Difference(end[-5]) | Difference(end[-6]) | Difference(end[-7]) | Difference(end[-8]);
    if (__builtin_expect((inner | outer) != 0, 0)) break;
  }
  while (end != checks && Holds(end[-1])) --end;
  return static_cast<std::uint32_t>(end - checks);
}

}  // namespace memtrace::preload
