// SPDX-License-Identifier: MIT
// Captures that need more than the two fast cases: changed paths, new modules, foreign stacks.
#include <cstdint>

#include "preload/stack/capture_internal.h"
#include "preload/stack/capture_memory.h"
#include "preload/stack/careful_walk.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {
namespace {

enum class WalkResult : std::uint8_t { kMetPrefix, kComplete, kTruncated, kCareful };

// A walk outward that looks out for frames of the prefix.
class PrefixWalk {
 public:
  PrefixWalk(ThreadCapture& thread, const WalkPosition& at)
      : thread_(thread),
        at_(at),
        tag_(RuleTagOf(thread.modules_stamp)),
        candidate_(static_cast<std::uint32_t>(thread.innermost - thread.frames)) {
    thread.read_count = 0;
  }

  std::uint32_t fresh() const { return fresh_; }
  std::uint32_t base() const { return candidate_; }

  WalkResult Run() {
    for (;;) {
      if (broken_ == 0 && MeetsPrefix()) return WalkResult::kMetPrefix;
      if (broken_ != 0) {
        ++thread_.counters.prefix_breaks;
        if (!KeepInnerFrames()) return WalkResult::kCareful;
        if (MayMeetPrefix()) continue;
      }
      if (!MakeRoom()) return WalkResult::kCareful;
      Frame& frame = thread_.fresh[fresh_];
      const StepResult result = StepFrame(thread_, tag_, at_, frame);
      if (result == StepResult::kCareful) return WalkResult::kCareful;
      frame.read_end = thread_.read_count;
      ++fresh_;
      if (result == StepResult::kStepped) continue;
      candidate_ = 0;
      return result == StepResult::kEnd ? WalkResult::kComplete : WalkResult::kTruncated;
    }
  }

 private:
  bool MakeRoom() { return fresh_ + 1 < thread_.fresh_capacity || GrowFresh(thread_, fresh_); }

  bool MayMeetPrefix() {
    while (thread_.frames[candidate_].sp < at_.sp) --candidate_;
    const Frame& frame = thread_.frames[candidate_];
    return frame.sp == at_.sp && frame.key == at_.key &&
           (!frame.Has(Frame::kNeedsRbp) || frame.rbp == at_.rbp);
  }

  // Whether the frame that the walk has reached is a known one and all is as it was; sets broken_ if not all.
  bool MeetsPrefix() {
    if (!MayMeetPrefix()) return false;
    broken_ = InnermostBroken(thread_.checks, thread_.frames[candidate_].check_end);
    return broken_ == 0;
  }

  // frames[candidate_] is where the walk is, and a word broke further out: in frame `outermost`. The frames
  // inside that one, and its own cfa, still hold; what it leads to does not.
  bool KeepInnerFrames() {
    std::uint32_t outermost = candidate_;
    while (outermost > 1 && thread_.frames[outermost - 1].check_end >= broken_) --outermost;
    broken_ = 0;
    for (; candidate_ >= outermost; --candidate_) {
      if (!MakeRoom()) return false;
      const Frame& kept = thread_.frames[candidate_];
      const std::uint64_t pc =
          kept.Has(Frame::kSpecial) ? 0 : *reinterpret_cast<const std::uint64_t*>(kept.cfa - 8);
      if (kept.Has(Frame::kSpecial) || pc - 1 >= kUserAddressEnd - 1) {  // to be stepped by its rule
        --candidate_;
        return true;
      }
      Frame& frame = thread_.fresh[fresh_++];
      frame = kept;
      frame.rbp = at_.rbp;
      frame.read_end = thread_.read_count;
      at_.key = candidate_ > outermost ? thread_.frames[candidate_ - 1].key : pc;
      at_.sp = kept.cfa;
      if (kept.rbp_offset != 0) {
        const std::uint64_t slot = kept.cfa + static_cast<std::uint64_t>(std::int64_t{kept.rbp_offset});
        at_.rbp = *reinterpret_cast<const std::uint64_t*>(slot);
      }
    }
    return true;
  }

  ThreadCapture& thread_;
  WalkPosition at_;
  std::uint64_t tag_;
  std::uint32_t candidate_;   // innermost frame of the prefix that the walk may still meet
  std::uint32_t broken_ = 0;  // 1 + the check that fails of frames[candidate_], where the walk is
  std::uint32_t fresh_ = 0;
};

}  // namespace

std::uint32_t CaptureByWalk(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind) {
  PrefixWalk walk(thread, at);
  const WalkResult result = walk.Run();
  if (result == WalkResult::kCareful || walk.base() + walk.fresh() >= kMaxFrames) {
    return CaptureCarefully(thread, at, kind, /*use_rules=*/true);
  }
  if (result == WalkResult::kTruncated) ++thread.counters.truncated_stacks;
  if (result != WalkResult::kMetPrefix) {
    DropPrefix(thread);
    if (!SetRoot(thread, result == WalkResult::kComplete)) return 0;
  }
  if (walk.fresh() == 0) {
    thread.innermost = thread.frames + walk.base();
    return LeafNode(thread, kind);
  }
  return AppendFresh(thread, walk.base(), walk.fresh(), kind);
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
  const bool own_stack = sp - thread.low < thread.known_bytes || ExtendKnownStack(thread, sp);
  if (!own_stack || (sp & 7) != 0) return CaptureCarefully(thread, at, kind, /*use_rules=*/true);
  return CaptureByWalk(thread, at, kind);
}

std::uint32_t CaptureCarefully(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind,
                               bool use_rules) {
  ++thread.counters.foreign_walks;
  auto* keys = reinterpret_cast<std::uint64_t*>(thread.fresh);
  const std::uint32_t capacity = thread.fresh_capacity * (sizeof(Frame) / sizeof(std::uint64_t));
  // Not thread.modules_stamp: a change may be under way, and rules must carry the epoch they are looked up
  // in.
  const std::uint64_t tag = RuleTagOf(ModulesStamp());
  const CarefulWalkResult walk = CarefulWalk(thread, at, tag, use_rules, keys, capacity);
  thread.counters.guessed_frames += walk.guessed;
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
