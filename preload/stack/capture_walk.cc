// SPDX-License-Identifier: MIT
// Captures that need more than the two fast cases: changed paths, new modules, foreign stacks.
#include <cstdint>

#include "preload/stack/capture_inline.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/capture_memory.h"
#include "preload/stack/careful_walk.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {
namespace {

enum class WalkResult : std::uint8_t { kMetPrefix, kComplete, kTruncated, kCareful };

struct WalkOutcome {
  WalkResult result;
  Frame* base;          // the known frame that was met, or the root
  std::uint32_t count;  // fresh frames inside it
};

// A walk outward that looks out for frames of the prefix. Its state is meant to live in registers: nothing
// here takes its address, and the members are inlined into Run.
class PrefixWalk {
 public:
  PrefixWalk(ThreadCapture& thread, WalkPosition at)
      : thread_(thread),
        at_(at),
        known_(thread.innermost),
        fresh_(thread.fresh),
        fresh_end_(thread.fresh + thread.fresh_capacity),
        low_(thread.low),
        last_word_(thread.known_bytes - 8),
        rsp_rule_(thread.rsp_rule) {
    thread.read_count = 0;
  }

  WalkOutcome Run() {
    for (;;) {
      while (known_->sp < at_.sp) --known_;
      if (IsFrameAt(*known_, at_.key, at_.sp, at_.rbp)) {
        const std::uint32_t broken = InnermostBroken(thread_.checks, known_->check_end);
        if (broken == 0) return Outcome(WalkResult::kMetPrefix);
        ++thread_.counters.prefix_breaks;
        if (!KeepInnerFrames(broken)) return Outcome(WalkResult::kCareful);
        if (!needs_step_) continue;
      }
      if (__builtin_expect(fresh_ == fresh_end_, 0) && !GetRoom()) return Outcome(WalkResult::kCareful);
      if (__builtin_expect(StepPlain(), 1)) continue;
      const StepResult result = StepByRule();
      if (result == StepResult::kStepped) continue;
      known_ = thread_.frames;
      if (result == StepResult::kEnd) return Outcome(WalkResult::kComplete);
      return Outcome(result == StepResult::kTruncated ? WalkResult::kTruncated : WalkResult::kCareful);
    }
  }

 private:
  WalkOutcome Outcome(WalkResult result) const {
    return WalkOutcome{result, known_, static_cast<std::uint32_t>(fresh_ - thread_.fresh)};
  }

  [[gnu::noinline, gnu::cold]] static bool Grow(ThreadCapture& thread, std::uint32_t used) {
    return GrowFresh(thread, used);
  }
  bool GetRoom() {
    const auto used = static_cast<std::uint32_t>(fresh_ - thread_.fresh);
    if (!Grow(thread_, used)) return false;
    fresh_ = thread_.fresh + used;
    fresh_end_ = thread_.fresh + thread_.fresh_capacity;
    return true;
  }

  bool InStack(std::uint64_t address) const { return address - low_ <= last_word_ && (address & 7) == 0; }

  // The steps that are nearly all of them. False: nothing done, StepByRule has to look at it.
  [[gnu::always_inline]] bool StepPlain() {
    const UnwindRule rule = FindRule(at_.key & kRuleKeyMask);
    const bool by_rbp = rule.kind() == RuleKind::kRbp;
    // The two kinds differ in their lowest bits only.
    const std::uint64_t kinds =
        static_cast<std::uint64_t>(RuleKind::kRbp) ^ static_cast<std::uint64_t>(RuleKind::kRsp);
    if ((rule.kind_and_tag() ^ (by_rbp ? kinds : 0)) != rsp_rule_) return false;
    const std::uint64_t cfa = (by_rbp ? at_.rbp : at_.sp) + static_cast<std::uint64_t>(rule.cfa_offset());
    if (!InStack(cfa - 8)) return false;
    std::uint64_t rbp = at_.rbp;
    if (rule.saves_rbp()) {
      const std::uint64_t slot = cfa + static_cast<std::uint64_t>(rule.rbp_offset());
      if (!InStack(slot)) return false;
      rbp = StackWord(slot);
    }
    const std::uint64_t pc = StackWord(cfa - 8);
    if (pc - 1 >= kUserAddressEnd - 1) return false;
    Frame& frame = *fresh_++;
    frame.sp = at_.sp;
    frame.key = at_.key;
    frame.rbp = at_.rbp;
    frame.cfa = cfa;
    frame.rbp_offset = static_cast<std::int32_t>(rule.rbp_offset());
    frame.read_end = thread_.read_count;
    frame.traits =
        (std::uint32_t{rule.generation()} << Frame::kGenerationShift) | (by_rbp ? Frame::kUsesRbp : 0);
    at_ = WalkPosition{pc, cfa, rbp};
    return true;
  }

  StepResult StepByRule() {
    const StepOutcome outcome = StepFrame(thread_, RuleTagOf(thread_.modules_stamp), at_, *fresh_);
    fresh_->read_end = thread_.read_count;
    ++fresh_;
    at_ = outcome.next;
    return outcome.result;
  }

  // The walk is at *known_, and check broken - 1 failed, one of a frame further out: `outermost`. The frames
  // inside that one, and its own cfa, still hold; what it leads to does not. False: no memory.
  bool KeepInnerFrames(std::uint32_t broken) {
    const Frame* outermost = known_;
    while (outermost[-1].check_end >= broken) --outermost;  // the root covers none
    needs_step_ = false;
    for (; known_ >= outermost; --known_) {
      if (__builtin_expect(fresh_ == fresh_end_, 0) && !GetRoom()) return false;
      const Frame& kept = *known_;
      needs_step_ = kept.Has(Frame::kSpecial) || StackWord(kept.cfa - 8) - 1 >= kUserAddressEnd - 1;
      if (needs_step_) {
        --known_;
        return true;
      }
      Frame& frame = *fresh_++;
      frame = kept;
      frame.rbp = at_.rbp;
      frame.read_end = thread_.read_count;
      at_.key = known_ > outermost ? known_[-1].key : StackWord(kept.cfa - 8);
      at_.sp = kept.cfa;
      if (kept.rbp_offset != 0)
        at_.rbp = StackWord(kept.cfa + static_cast<std::uint64_t>(std::int64_t{kept.rbp_offset}));
    }
    return true;
  }

  ThreadCapture& thread_;
  WalkPosition at_;
  Frame* known_;  // innermost frame of the prefix that the walk may still meet
  Frame* fresh_;  // where the next frame goes
  Frame* fresh_end_;
  const std::uint64_t low_;  // of the thread; copies, since stores to frames might change those
  const std::uint64_t last_word_;
  const std::uint64_t rsp_rule_;
  bool needs_step_ = false;  // the frame that the walk is at has to be stepped by its rule
};

}  // namespace

std::uint32_t CaptureByWalk(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind) {
  const WalkOutcome walk = PrefixWalk(thread, at).Run();
  const auto base = static_cast<std::uint32_t>(walk.base - thread.frames);
  thread.counters.rule_steps += walk.count;
  if (__builtin_expect(walk.result == WalkResult::kCareful || base + walk.count >= kMaxFrames, 0)) {
    return CaptureCarefully(thread, at, kind, /*use_rules=*/true);
  }
  if (__builtin_expect(walk.result != WalkResult::kMetPrefix, 0)) {
    if (walk.result == WalkResult::kTruncated) ++thread.counters.truncated_stacks;
    DropPrefix(thread);
    if (!SetRoot(thread, walk.result == WalkResult::kComplete)) return 0;
  }
  if (walk.count == 0) {
    thread.innermost = walk.base;
    return LeafNode(thread, kind);
  }
  return AppendFresh(thread, base, walk.count, kind);
}

std::uint32_t CaptureSlowly(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp,
                            format::AllocKind kind) {
  if (thread.frames == nullptr || thread.fresh == nullptr) return 0;
  const WalkPosition at{pc, sp, rbp};
  const std::uint64_t stamp = ModulesStamp();
  if (ModulesInChange(stamp)) return CaptureCarefully(thread, at, kind, /*use_rules=*/false);
  if (thread.modules_stamp != stamp) {
    thread.modules_stamp = stamp;
    thread.rsp_rule = UnwindRule::KindAndTag(RuleKind::kRsp, RuleTagOf(stamp));
    DropPrefix(thread);
    SetRoot(thread, /*complete=*/true);
  }
  const bool own_stack =
      sp - thread.low < thread.known_bytes || (!IsOnForeignStack(thread, sp) && ExtendKnownStack(thread, sp));
  if ((sp & 7) != 0) return CaptureCarefully(thread, at, kind, /*use_rules=*/true);
  return own_stack ? CaptureByWalk(thread, at, kind) : CaptureForeign(thread, at, kind);
}

std::uint32_t CaptureCarefully(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind,
                               bool use_rules, std::uintptr_t* top) {
  if (thread.has_no_nodes) return 0;  // this walk has keys, but no frames
  ++thread.counters.foreign_walks;
  auto* keys = reinterpret_cast<std::uint64_t*>(thread.fresh);
  const std::uint32_t capacity = thread.fresh_capacity * (sizeof(Frame) / sizeof(std::uint64_t));
  // Not thread.modules_stamp: a change may be under way, and rules must carry the epoch they are looked up
  // in.
  const std::uint64_t tag = RuleTagOf(ModulesStamp());
  const CarefulWalkResult walk = CarefulWalk(thread, at, tag, use_rules, keys, capacity);
  thread.counters.guessed_frames += walk.guessed;
  if (top != nullptr) *top = walk.top;
  if (!walk.complete) ++thread.counters.truncated_stacks;

  std::uint32_t count = walk.frames;
  bool complete = walk.complete;
  if (g_max_depth != 0 && count > g_max_depth) {
    count = g_max_depth;
    complete = false;
  }
  if (count == 0) return 0;
  keys[0] |= static_cast<std::uint64_t>(kind) << format::kKindShift;
  std::uint64_t path_hash = complete ? 0 : SitePathHash(0, format::kTruncatedPc);
  std::uint32_t node = complete ? 0 : SiteTreeChild(0, format::kTruncatedPc, path_hash);
  if (!complete && node == 0) return 0;
  while (count-- > 0) {
    path_hash = SitePathHash(path_hash, keys[count]);
    node = SiteTreeChild(node, keys[count], path_hash);
    if (node == 0) return 0;
  }
  return node;
}

}  // namespace memtrace::preload
