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
  std::uint64_t key;        // pc, exact bit, guess bit: as in a site node, without kind and generation
  std::uint64_t rbp;        // meaningful if NeedsRbp()
  std::uint64_t cfa;        // sp of the next frame outward; 0 outside the stack's first frame
  std::uint64_t path_hash;  // as a caller: of the keys with kind 0; valid if node_kind() is 0
  std::uint32_t node;       // the stack up to here, of node_kind()
  std::uint32_t check_end;  // checks that cover this frame and all outside it
  std::int32_t rbp_offset;  // the caller's rbp is at cfa + rbp_offset; 0: not saved here
  std::uint32_t read_end;   // special frames of a walk under way: ThreadCapture::reads up to here
  std::uint32_t traits;     // node kind, generation, flags; one word, so that it is written at once
  std::uint32_t joined_to;  // of frames without nodes: node and path_hash are of the stack that continues this other
                            // node, see python/joined_stack; 0: of nothing

  static constexpr std::uint32_t kKindMask = 0xff;
  static constexpr unsigned kGenerationShift = 8;
  static constexpr std::uint32_t kUsesRbp = 1u << 16;  // its own step reads rbp
  static constexpr std::uint32_t kNeedsRbp =
      1u << 17;  // it or a frame outside it reads the rbp it was reached with
  static constexpr std::uint32_t kSpecial =
      1u << 18;  // its words are in its checks only: always stepped by its rule
  static constexpr std::uint32_t kOneOfMany =
      1u << 19;  // code outside of modules that has no node of its own any more
  // Kinds that are no AllocKind. The node is of a stack cut by max_depth, and no parent of anything:
  static constexpr std::uint8_t kKindOfDepthLimit = 0x80;
  // and a frame beyond max_depth has no node unless an allocation happens right there.
  static constexpr std::uint8_t kNoNode = 0xff;

  bool Has(std::uint32_t flag) const { return (traits & flag) != 0; }
  std::uint8_t node_kind() const { return static_cast<std::uint8_t>(traits); }
  std::uint8_t generation() const { return static_cast<std::uint8_t>(traits >> kGenerationShift); }
  void SetNodeKind(std::uint8_t kind) { traits = (traits & ~kKindMask) | kind; }
};
static_assert(sizeof(Frame) == 64);

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

// Checks are compared in groups; this many that always hold lie in front of the first one.
inline constexpr std::uint32_t kCheckGroup = 8;

[[gnu::always_inline]] inline bool GroupHolds(const Check* end) {
  const std::uint64_t inner =
      Difference(end[-1]) | Difference(end[-2]) | Difference(end[-3]) | Difference(end[-4]);
  const std::uint64_t outer =
      Difference(end[-5]) | Difference(end[-6]) | Difference(end[-7]) | Difference(end[-8]);
  return (inner | outer) == 0;
}

[[gnu::always_inline]] inline bool AllHold(const Check* checks, std::uint32_t count) {
  for (const Check* end = checks + count; end > checks; end -= kCheckGroup) {
    if (__builtin_expect(!GroupHolds(end), 0)) return false;
  }
  return true;
}

// 0 if checks[0..count) all hold, else 1 + the index of the innermost (last) one that fails.
[[gnu::always_inline]] inline std::uint32_t InnermostBroken(const Check* checks, std::uint32_t count) {
  const Check* end = checks + count;
  for (; end > checks; end -= kCheckGroup) {
    if (!GroupHolds(end)) break;
  }
  if (end <= checks) return 0;
  while (end > checks && Holds(end[-1])) --end;
  return static_cast<std::uint32_t>(end - checks);
}

}  // namespace memtrace::preload
