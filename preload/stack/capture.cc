// SPDX-License-Identifier: MIT
#include "preload/stack/capture.h"

#include "preload/site/site_lookup.h"
#include "preload/stack/capture_internal.h"
#ifdef MEMTRACE_CHECK_STACKS
#include "preload/stack/check_stacks.h"
#endif
#include "preload/stack/frame_step.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/rule_table.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {
namespace {

[[gnu::always_inline]] inline bool IsAligned(const Frame& frame, const WalkPosition& at) {
  return frame.sp == at.sp && frame.key == at.key && (!frame.needs_rbp || frame.rbp == at.rbp);
}

// Two cases make nearly all captures: the innermost frame is a known one, or it is new and called by a known
// one. Both are settled here, without a call; everything else is CaptureSlowly's.
[[gnu::always_inline]] inline std::uint32_t CaptureFast(ThreadCapture& thread, std::uintptr_t pc,
                                                        std::uintptr_t sp, std::uintptr_t rbp,
                                                        format::AllocKind kind) {
  WalkPosition at{pc, sp, rbp};
  ++thread.counters.captures;
  const std::uint64_t stamp = ModulesStamp();
  if (__builtin_expect(stamp != thread.modules_stamp || sp - thread.low >= thread.high - thread.low, 0)) {
    return CaptureAnew(thread, at, kind);
  }
  Frame* frames = thread.frames;
  std::uint32_t j = thread.depth - 1;
  while (frames[j].sp < sp) --j;  // the root's sp is beyond all
  if (IsAligned(frames[j], at)) {
    const std::uint32_t broken = InnermostBroken(thread.checks, frames[j].check_end);
    if (__builtin_expect(broken != 0, 0)) return CaptureByWalk(thread, at, kind, j, broken);
    thread.depth = j + 1;
    return frames[j].node_kind == static_cast<std::uint8_t>(kind) ? frames[j].node : LeafNode(thread, kind);
  }

  const UnwindRule rule = FindRule(pc);
  const std::uint64_t cfa = sp + static_cast<std::uint64_t>(rule.cfa_offset());
  if (__builtin_expect(!rule.Is(RuleKind::kRsp, RuleTagOf(stamp)) || cfa <= sp || cfa > thread.high, 0)) {
    return CaptureByWalk(thread, at, kind, j, 0);
  }
  WalkPosition outer{*reinterpret_cast<const std::uint64_t*>(cfa - 8), cfa, rbp};
  std::uint64_t rbp_slot = 0;
  if (rule.saves_rbp()) {
    rbp_slot = cfa + static_cast<std::uint64_t>(rule.rbp_offset());
    if (__builtin_expect(rbp_slot < sp || rbp_slot >= cfa, 0)) return CaptureByWalk(thread, at, kind, j, 0);
    outer.rbp = *reinterpret_cast<const std::uint64_t*>(rbp_slot);
  }
  std::uint32_t i = j;
  while (frames[i].sp < cfa) --i;
  const Frame& base = frames[i];
  if (__builtin_expect(!IsAligned(base, outer) || base.node_kind != 0 || i + 1 >= thread.append_limit, 0)) {
    return CaptureByWalk(thread, at, kind, j, 0);
  }
  const std::uint64_t key = pc | (std::uint64_t{rule.generation()} << format::kGenerationShift);
  const std::uint64_t leaf_key = key | (static_cast<std::uint64_t>(kind) << format::kKindShift);
  const std::uint64_t leaf_hash = SitePathHash(base.path_hash, leaf_key);
  SiteIndexPrefetch(leaf_hash);
  std::uint32_t checks = base.check_end;
  if (__builtin_expect(InnermostBroken(thread.checks, checks) != 0, 0)) {
    return CaptureByWalk(thread, at, kind, j, 0);
  }
  const std::uint32_t node = SiteTreeChildInline(base.node, leaf_key, leaf_hash);
  if (__builtin_expect(node == 0, 0)) return 0;

  ++thread.counters.rule_steps;
  thread.depth = i + 2;
  thread.checks[checks++] = Check{reinterpret_cast<const std::uint64_t*>(cfa - 8), outer.key};
  if (rbp_slot != 0 && base.needs_rbp) {
    thread.checks[checks++] = Check{reinterpret_cast<const std::uint64_t*>(rbp_slot), outer.rbp};
  }
  Frame& leaf = frames[i + 1];
  leaf.sp = sp;
  leaf.key = pc;
  leaf.rbp = rbp;
  leaf.cfa = cfa;
  leaf.path_hash = SitePathHash(base.path_hash, key);
  leaf.node = node;
  leaf.check_end = checks;
  leaf.rbp_offset = static_cast<std::int32_t>(rule.rbp_offset());
  leaf.node_kind = static_cast<std::uint8_t>(kind);
  leaf.generation = rule.generation();
  leaf.uses_rbp = false;
  leaf.needs_rbp = base.needs_rbp && rbp_slot == 0;
  leaf.special = false;
  return node;
}

}  // namespace

std::uint32_t Capture(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp,
                      format::AllocKind kind) {
  const std::uint32_t node = CaptureFast(thread, pc, sp, rbp, kind);
#ifdef MEMTRACE_CHECK_STACKS
  if (node != 0 && thread.counters.captures % MEMTRACE_CHECK_STACKS == 0) CheckStack(node, pc, sp);
#endif
  return node;
}

}  // namespace memtrace::preload
