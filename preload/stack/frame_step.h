// SPDX-License-Identifier: MIT
// One step outward by a packed rule, inside the thread's own stack. Anything unusual is left to
// careful_walk.h.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/rule_table.h"
#include "preload/stack/unwind_rule.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {

// Where a walk stands: the registers of the frame to be stepped next.
struct WalkPosition {
  std::uint64_t key;
  std::uint64_t sp;
  std::uint64_t rbp;
};

enum class StepResult : std::uint8_t {
  kStepped,
  kEnd,        // this was the stack's first frame
  kTruncated,  // nobody can say what is outside this frame
  kCareful,    // the careful walk has to decide
};

inline constexpr std::uint64_t kUserAddressEnd = std::uint64_t{1} << 47;
// Frames found by rbp alone are taken for frames only up to this size.
inline constexpr std::uint64_t kMaxGuessedFrameBytes = 1 << 20;

inline UnwindRule RuleFor(std::uint64_t key, std::uint64_t tag) {
  const UnwindRule rule = FindRule(key & kRuleKeyMask);
  if (__builtin_expect(rule.kind() != RuleKind::kUnknown && rule.tag() == tag, 1)) return rule;
  return MakeRule(key & kRuleKeyMask, tag, /*may_store=*/true, /*trusted=*/(key & format::kGuessBit) == 0);
}

struct StepOutcome {
  StepResult result;
  WalkPosition next;  // meaningful if kStepped
};

// Steps from `at` to the next frame and writes what it did into `frame`. Words read by special frames go to
// thread.reads, which must have room for kWordsPerFrame more. Positions go by value: a walk keeps its own in
// registers.
StepOutcome StepFrame(ThreadCapture& thread, std::uint64_t tag, WalkPosition at, Frame& frame);

}  // namespace memtrace::preload
