// SPDX-License-Identifier: MIT
#include "preload/stack/careful_walk.h"

#include <dlfcn.h>

#include "preload/stack/eh_frame.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/register_step.h"
#include "preload/stack/stack_memory.h"

namespace memtrace::preload {
namespace {

constexpr std::uint32_t kWalkRegisters = 1u << kRegisterRbp | 1u << kRegisterRsp | 1u << kRegisterReturn;
// Stack pointers move outward except across signal frames; more of those than this are a circle.
constexpr unsigned kMaxTurns = 256;

enum class Outcome : std::uint8_t { kStepped, kComplete, kTruncated, kNeedsAllRegisters };

class Walker {
 public:
  Walker(const ThreadCapture& thread, std::uint64_t tag, bool use_rules, bool all_registers)
      : memory_(thread.low, thread.high()), tag_(tag), use_rules_(use_rules), all_registers_(all_registers) {}

  // False: a row needs registers that only a walk with all_registers knows.
  bool Run(const WalkPosition& at, std::uint64_t* keys, std::uint32_t capacity, CarefulWalkResult& result) {
    flags_ = at.key & ~format::kPcMask;
    if (!Begin(at)) return true;
    while (result.frames < capacity) {
      const UnwindRule rule = Rule();
      keys[result.frames++] = Pc() | flags_ | (std::uint64_t{rule.generation()} << format::kGenerationShift);
      const Outcome outcome = Step(rule, result);
      if (outcome == Outcome::kNeedsAllRegisters && !all_registers_) return false;
      if (outcome == Outcome::kComplete) result.complete = true;
      if (outcome != Outcome::kStepped) break;
    }
    result.top = turns_ == 0 ? Sp() : 0;
    return true;
  }

 private:
  std::uint64_t Pc() const { return registers_.values[kRegisterReturn]; }
  std::uint64_t Sp() const { return registers_.values[kRegisterRsp]; }
  std::uint64_t Rbp() const { return registers_.values[kRegisterRbp]; }
  bool Exact() const { return (flags_ & format::kExactBit) != 0; }

  bool Begin(const WalkPosition& at) {
    registers_.known = 0;
    registers_.Put(kRegisterRbp, at.rbp);
    registers_.Put(kRegisterRsp, at.sp);
    registers_.Put(kRegisterReturn, at.key & format::kPcMask);
    return !all_registers_ || RegistersOfCaller(Pc(), Sp(), memory_, registers_);
  }

  UnwindRule Rule() {
    const std::uint64_t key = (Pc() | flags_) & kRuleKeyMask;
    const bool trusted = (flags_ & format::kGuessBit) == 0;
    // While a module changes, rules of those that stay are as good as ever.
    if (use_rules_ || IsPermanentCode(Pc())) return RuleFor(key | (trusted ? 0 : format::kGuessBit), tag_);
    return MakeRule(key, tag_, /*may_store=*/false, trusted);
  }

  Outcome Step(UnwindRule rule, CarefulWalkResult& result) {
    const bool packed = rule.kind() == RuleKind::kRsp || rule.kind() == RuleKind::kRbp;
    if (rule.kind() == RuleKind::kEnd) return Outcome::kComplete;
    if (rule.kind() == RuleKind::kGuess) return StepGuessed(result);
    return packed && !all_registers_ ? StepPacked(rule) : StepRow();
  }

  Outcome StepPacked(UnwindRule rule) {
    if (rule.kind() == RuleKind::kRbp && !registers_.Knows(kRegisterRbp)) return Outcome::kNeedsAllRegisters;
    const std::uint64_t from = rule.kind() == RuleKind::kRsp ? Sp() : Rbp();
    const std::uint64_t cfa = from + static_cast<std::uint64_t>(rule.cfa_offset());
    std::uint64_t pc = 0;
    std::uint64_t rbp = Rbp();
    if (cfa <= Sp() || !memory_.Read(cfa - 8, pc)) return Outcome::kTruncated;
    std::uint32_t known = registers_.known & kWalkRegisters;
    if (rule.saves_rbp()) {
      if (!memory_.Read(cfa + static_cast<std::uint64_t>(rule.rbp_offset()), rbp)) return Outcome::kTruncated;
      known |= 1u << kRegisterRbp;
    }
    registers_.known = known;
    return Arrive(pc, cfa, rbp, 0);
  }

  Outcome StepGuessed(CarefulWalkResult& result) {
    if (!registers_.Knows(kRegisterRbp)) return Outcome::kNeedsAllRegisters;
    const std::uint64_t rbp = Rbp();
    if (rbp == 0) return Outcome::kComplete;
    std::uint64_t caller_rbp = 0;
    std::uint64_t pc = 0;
    const bool plausible = rbp >= Sp() && rbp - Sp() <= kMaxGuessedFrameBytes && rbp % 8 == 0;
    if (!plausible || !memory_.Read(rbp, caller_rbp) || !memory_.Read(rbp + 8, pc))
      return Outcome::kTruncated;
    if (pc != 0) ++result.guessed;
    registers_.known = kWalkRegisters;
    return Arrive(pc, rbp + 16, caller_rbp, format::kGuessBit);
  }

  Outcome StepRow() {
    const std::uint64_t lookup = Pc() - (Exact() ? 0 : 1);
    const std::uint64_t sp = Sp();
    dl_find_object module;
    UnwindRow row;
    if (_dl_find_object(reinterpret_cast<void*>(lookup), &module) != 0) return Outcome::kTruncated;
    if (FindUnwindRow(lookup, module, row) != RowResult::kFound) return Outcome::kTruncated;
    switch (StepRegisters(row, memory_, registers_)) {
      case RegisterStepResult::kStepped:
        break;
      case RegisterStepResult::kEnd:
        return Outcome::kComplete;
      case RegisterStepResult::kUnknownRegister:
        return Outcome::kNeedsAllRegisters;
      default:
        return Outcome::kTruncated;
    }
    // An interrupted frame may be on another stack, anywhere.
    if (row.signal_frame && ++turns_ > kMaxTurns) return Outcome::kTruncated;
    if (Sp() <= sp && !row.signal_frame) return Outcome::kTruncated;
    return Arrive(Pc(), Sp(), Rbp(), row.signal_frame ? format::kExactBit : 0);
  }

  Outcome Arrive(std::uint64_t pc, std::uint64_t sp, std::uint64_t rbp, std::uint64_t flags) {
    if (pc == 0) return Outcome::kComplete;
    if (pc >= kUserAddressEnd) return Outcome::kTruncated;
    registers_.values[kRegisterReturn] = pc;
    registers_.values[kRegisterRsp] = sp;
    registers_.values[kRegisterRbp] = rbp;
    flags_ = flags;
    return Outcome::kStepped;
  }

  StackMemory memory_;
  std::uint64_t tag_;
  bool use_rules_;
  bool all_registers_;
  std::uint64_t flags_ = 0;
  unsigned turns_ = 0;
  FrameRegisters registers_;
};

}  // namespace

CarefulWalkResult CarefulWalk(const ThreadCapture& thread, const WalkPosition& at, std::uint64_t tag,
                              bool use_rules, std::uint64_t* keys, std::uint32_t capacity) {
  CarefulWalkResult result{};
  if (Walker(thread, tag, use_rules, /*all_registers=*/false).Run(at, keys, capacity, result)) return result;
  result = CarefulWalkResult{};
  Walker(thread, tag, use_rules, /*all_registers=*/true).Run(at, keys, capacity, result);
  return result;
}

}  // namespace memtrace::preload
