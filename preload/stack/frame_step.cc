// SPDX-License-Identifier: MIT
#include "preload/stack/frame_step.h"

namespace memtrace::preload {
namespace {

std::uint64_t Load(std::uint64_t address) {
  return *reinterpret_cast<const std::uint64_t*>(address);
}

// Whether a word belongs to a frame at sp or to one further out. No step reads below its frame, so what the
// checks of a frame compare lies between its sp and the stack's top.
bool InStack(const ThreadCapture& thread, std::uint64_t sp, std::uint64_t address) {
  return address >= sp && address <= thread.high() - 8 && (address & 7) == 0;
}

// The stack pointer moves outward, and no further than the stack's top.
bool IsNextFrame(const ThreadCapture& thread, std::uint64_t sp, std::uint64_t cfa) {
  return cfa > sp && cfa <= thread.high() && (cfa & 7) == 0;
}

std::uint64_t LoadAndNote(ThreadCapture& thread, std::uint64_t address) {
  const std::uint64_t value = Load(address);
  thread.reads[thread.read_count++] = StackRead{address, value};
  return value;
}

StepResult Arrive(WalkPosition& at, std::uint64_t cfa, std::uint64_t pc, std::uint64_t rbp,
                  std::uint64_t flags) {
  if (pc >= kUserAddressEnd) return StepResult::kCareful;
  at = WalkPosition{pc | flags, cfa, rbp};
  return StepResult::kStepped;
}

// A return address of 0 ends a stack. The word belongs to the checks, so the frame is a special one.
StepResult EndAtNullReturn(ThreadCapture& thread, Frame& frame, std::uint64_t address) {
  LoadAndNote(thread, address);
  frame.traits |= Frame::kSpecial;
  frame.cfa = 0;
  return StepResult::kEnd;
}

StepResult StepRealigned(ThreadCapture& thread, UnwindRule rule, WalkPosition& at, Frame& frame) {
  const std::uint64_t cfa_slot = at.rbp + static_cast<std::uint64_t>(rule.cfa_offset());
  const std::uint64_t rbp_slot = at.rbp + static_cast<std::uint64_t>(rule.rbp_offset());
  frame.traits |= Frame::kSpecial | Frame::kUsesRbp;
  if (!InStack(thread, at.sp, cfa_slot) || !InStack(thread, at.sp, rbp_slot)) return StepResult::kCareful;
  const std::uint64_t cfa = LoadAndNote(thread, cfa_slot);
  if (!IsNextFrame(thread, at.sp, cfa)) return StepResult::kCareful;
  frame.cfa = cfa;
  const std::uint64_t rbp = LoadAndNote(thread, rbp_slot);
  if (Load(cfa - 8) == 0) return EndAtNullReturn(thread, frame, cfa - 8);
  return Arrive(at, cfa, LoadAndNote(thread, cfa - 8), rbp, 0);
}

// Code without unwind information: if rbp points to something like a frame, it is taken for one.
StepResult StepGuessed(ThreadCapture& thread, WalkPosition& at, Frame& frame) {
  frame.traits |= Frame::kSpecial | Frame::kUsesRbp;
  if (at.rbp == 0) return StepResult::kEnd;
  const bool plausible = at.rbp - at.sp <= kMaxGuessedFrameBytes && InStack(thread, at.sp, at.rbp) &&
                         InStack(thread, at.sp, at.rbp + 8);
  if (!plausible) return StepResult::kTruncated;
  if (Load(at.rbp + 8) == 0) return EndAtNullReturn(thread, frame, at.rbp + 8);
  ++thread.counters.guessed_frames;
  frame.cfa = at.rbp + 16;
  const std::uint64_t rbp = LoadAndNote(thread, at.rbp);
  const std::uint64_t pc = LoadAndNote(thread, at.rbp + 8);
  if (pc >= kUserAddressEnd) {
    frame.cfa = 0;
    return StepResult::kTruncated;
  }
  return Arrive(at, frame.cfa, pc, rbp, format::kGuessBit);
}

StepResult Step(ThreadCapture& thread, std::uint64_t tag, WalkPosition& at, Frame& frame) {
  const UnwindRule rule = RuleFor(at.key, tag);
  frame = Frame{};
  frame.sp = at.sp;
  frame.key = at.key;
  frame.rbp = at.rbp;
  frame.traits = std::uint32_t{rule.generation()} << Frame::kGenerationShift;

  std::uint64_t from = at.sp;
  switch (rule.kind()) {
    case RuleKind::kRsp:
      break;
    case RuleKind::kRbp:
      from = at.rbp;
      frame.traits |= Frame::kUsesRbp;
      break;
    case RuleKind::kRealign:
      return StepRealigned(thread, rule, at, frame);
    case RuleKind::kEnd:
      return StepResult::kEnd;
    case RuleKind::kGuess:
      return StepGuessed(thread, at, frame);
    default:
      return StepResult::kCareful;
  }
  const std::uint64_t cfa = from + static_cast<std::uint64_t>(rule.cfa_offset());
  if (!IsNextFrame(thread, at.sp, cfa)) return StepResult::kCareful;
  frame.cfa = cfa;
  std::uint64_t rbp = at.rbp;
  if (rule.saves_rbp()) {
    frame.rbp_offset = static_cast<std::int32_t>(rule.rbp_offset());
    const std::uint64_t slot = cfa + static_cast<std::uint64_t>(rule.rbp_offset());
    if (!InStack(thread, at.sp, slot)) return StepResult::kCareful;
    rbp = Load(slot);
  }
  const std::uint64_t pc = Load(cfa - 8);
  if (pc == 0) return EndAtNullReturn(thread, frame, cfa - 8);
  return Arrive(at, cfa, pc, rbp, 0);
}

}  // namespace

StepOutcome StepFrame(ThreadCapture& thread, std::uint64_t tag, WalkPosition at, Frame& frame) {
  const StepResult result = Step(thread, tag, at, frame);
  return StepOutcome{result, at};
}

}  // namespace memtrace::preload
