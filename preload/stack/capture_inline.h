// SPDX-License-Identifier: MIT
// CaptureInline: Capture() in line, for the one place where every nanosecond counts. (Checking builds call
// it.)
//
// Two cases make nearly all captures: the innermost frame is a known one, or it is new and was called by a
// known one. Both are settled here without a call; everything else goes to CaptureSlowly, which starts
// afresh.
#pragma once

#include <cstdint>

#include "preload/site/site_lookup.h"
#include "preload/stack/capture.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/rule_table.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {

std::uint32_t CaptureSlowly(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp,
                            format::AllocKind kind);

[[gnu::always_inline]] inline bool IsFrameAt(const Frame& frame, std::uint64_t key, std::uint64_t sp,
                                             std::uint64_t rbp) {
  return frame.sp == sp && frame.key == key && (!frame.Has(Frame::kNeedsRbp) || frame.rbp == rbp);
}

[[gnu::always_inline]] inline std::uint64_t StackWord(std::uint64_t address) {
  return *reinterpret_cast<const std::uint64_t*>(address);
}

// Appends the frame (pc, sp, rbp), stepped by `rule`, to `base` and returns its node; 0: left undone.
[[gnu::always_inline]] inline std::uint32_t AppendLeaf(ThreadCapture& thread, Frame* base, UnwindRule rule,
                                                       std::uintptr_t pc, std::uintptr_t sp,
                                                       std::uintptr_t rbp, format::AllocKind kind) {
  const std::uint64_t key = pc | (std::uint64_t{rule.generation()} << format::kGenerationShift) |
                            (static_cast<std::uint64_t>(kind) << format::kKindShift);
  const std::uint64_t path_hash = SitePathHash(base->path_hash, key);
  const std::uint32_t node =
      SiteIndexFindIn(*g_site_index.load(std::memory_order_acquire), path_hash, base->node);
  if (__builtin_expect(node == 0, 0)) return 0;

  std::uint32_t checks = base->check_end;
  std::uint32_t needs_rbp = base->traits & Frame::kNeedsRbp;
  thread.checks[checks++] =
      Check{reinterpret_cast<const std::uint64_t*>(base->sp - 8), base->key & format::kPcMask};
  if (needs_rbp != 0 && rule.saves_rbp()) {
    const std::uint64_t slot = base->sp + static_cast<std::uint64_t>(rule.rbp_offset());
    thread.checks[checks++] = Check{reinterpret_cast<const std::uint64_t*>(slot), base->rbp};
    needs_rbp = 0;
  }
  Frame& leaf = base[1];
  leaf.sp = sp;
  leaf.key = pc;
  leaf.rbp = rbp;
  leaf.cfa = base->sp;
  leaf.path_hash = path_hash;
  leaf.node = node;
  leaf.check_end = checks;
  leaf.rbp_offset = static_cast<std::int32_t>(rule.rbp_offset());
  leaf.traits = static_cast<std::uint32_t>(kind) |
                (std::uint32_t{rule.generation()} << Frame::kGenerationShift) | needs_rbp;
  thread.innermost = &leaf;
  return node;
}

[[gnu::always_inline]] inline std::uint32_t CaptureUnchecked(ThreadCapture& thread, std::uintptr_t pc,
                                                             std::uintptr_t sp, std::uintptr_t rbp,
                                                             format::AllocKind kind) {
  ++thread.counters.captures;
  if (__builtin_expect(ModulesStamp() != thread.modules_stamp || sp - thread.low >= thread.known_bytes, 0)) {
    return CaptureSlowly(thread, pc, sp, rbp, kind);
  }
  Frame* known = thread.innermost;
  while (known->sp < sp) --known;  // the root's sp is beyond all
  if (IsFrameAt(*known, pc, sp, rbp)) {
    const bool same =
        known->node_kind() == static_cast<std::uint8_t>(kind) && AllHold(thread.checks, known->check_end);
    if (__builtin_expect(!same, 0)) return CaptureSlowly(thread, pc, sp, rbp, kind);
    thread.innermost = known;
    return known->node;
  }

  // Is the next frame outward a known one? Then its sp is in the stack, and so are the words between.
  const UnwindRule rule = FindRule(pc);
  const std::uint64_t cfa = sp + static_cast<std::uint64_t>(rule.cfa_offset());
  if (__builtin_expect(rule.kind_and_tag() != thread.rsp_rule, 0))
    return CaptureSlowly(thread, pc, sp, rbp, kind);
  while (known->sp < cfa) --known;
  const bool met =
      known->sp == cfa && known < thread.append_end && known->node_kind() == 0 &&
      IsFrameAt(*known, StackWord(cfa - 8), cfa,
                rule.saves_rbp() ? StackWord(cfa + static_cast<std::uint64_t>(rule.rbp_offset())) : rbp);
  if (__builtin_expect(!met || !AllHold(thread.checks, known->check_end), 0)) {
    return CaptureSlowly(thread, pc, sp, rbp, kind);
  }
  const std::uint32_t node = AppendLeaf(thread, known, rule, pc, sp, rbp, kind);
  return __builtin_expect(node != 0, 1) ? node : CaptureSlowly(thread, pc, sp, rbp, kind);
}

#ifdef MEMTRACE_CHECK_STACKS
using CaptureFunction = std::uint32_t(ThreadCapture&, std::uintptr_t, std::uintptr_t, std::uintptr_t,
                                      format::AllocKind);
inline constexpr CaptureFunction* CaptureInline = Capture;
#else
[[gnu::always_inline]] inline std::uint32_t CaptureInline(ThreadCapture& thread, std::uintptr_t pc,
                                                          std::uintptr_t sp, std::uintptr_t rbp,
                                                          format::AllocKind kind) {
  return CaptureUnchecked(thread, pc, sp, rbp, kind);
}
#endif

}  // namespace memtrace::preload
