// SPDX-License-Identifier: MIT
#include "preload/stack/cfa_program.h"

namespace memtrace::preload {
namespace {

enum CfaOpcode : std::uint8_t {
  kNop = 0x00,
  kSetLoc = 0x01,
  kAdvanceLoc1 = 0x02,
  kAdvanceLoc2 = 0x03,
  kAdvanceLoc4 = 0x04,
  kOffsetExtended = 0x05,
  kRestoreExtended = 0x06,
  kUndefined = 0x07,
  kSameValue = 0x08,
  kRegister = 0x09,
  kRememberState = 0x0a,
  kRestoreState = 0x0b,
  kDefCfa = 0x0c,
  kDefCfaRegister = 0x0d,
  kDefCfaOffset = 0x0e,
  kDefCfaExpression = 0x0f,
  kExpression = 0x10,
  kOffsetExtendedSf = 0x11,
  kDefCfaSf = 0x12,
  kDefCfaOffsetSf = 0x13,
  kValOffset = 0x14,
  kValOffsetSf = 0x15,
  kValExpression = 0x16,
  kGnuArgsSize = 0x2e,
  kGnuNegativeOffsetExtended = 0x2f,
};
// The three opcodes whose operand sits in their low six bits.
constexpr unsigned kAdvanceLoc = 1;
constexpr unsigned kOffset = 2;
constexpr unsigned kRestore = 3;

// Compilers nest remember_state once or twice.
constexpr unsigned kMaxRemembered = 6;

class Machine {
 public:
  Machine(const CfaProgram& program, const UnwindRow& initial, UnwindRow& row)
      : program_(program),
        in_(program.instructions),
        initial_(initial),
        row_(row),
        location_(program.start) {}

  bool Run() {
    while (!in_.AtEnd() && !in_.failed() && location_ <= program_.target) {
      const auto opcode = in_.Fixed<std::uint8_t>();
      const unsigned operand = opcode & 0x3f;
      // An advance past the target ends the loop before any later instruction is seen.
      switch (opcode >> 6) {
        case kAdvanceLoc:
          Advance(operand);
          break;
        case kOffset:
          row_.Set(operand, RegisterRule::kAtCfaOffset, UnsignedFactored());
          break;
        case kRestore:
          Restore(operand);
          break;
        default:
          if (!Location(opcode) && !Cfa(opcode) && !State(opcode) && !Register(opcode)) return false;
      }
    }
    return !in_.failed();
  }

 private:
  void Advance(std::uint64_t delta) { location_ += delta * program_.code_alignment; }
  std::int64_t UnsignedFactored() { return static_cast<std::int64_t>(in_.Uleb()) * program_.data_alignment; }
  std::int64_t SignedFactored() { return in_.Sleb() * program_.data_alignment; }
  unsigned Number() { return static_cast<unsigned>(in_.Uleb()); }

  void Restore(unsigned number) {
    if (number < kRegisters) row_.Set(number, initial_.rules[number], initial_.values[number]);
  }

  std::int64_t Expression() {
    const std::int64_t distance = in_.position() - row_.expression_base;
    in_.Skip(in_.Uleb());
    return distance;
  }

  bool Location(std::uint8_t opcode) {
    switch (opcode) {
      case kNop:
        return true;
      case kSetLoc:
        location_ = in_.Pointer(program_.pointer_encoding, 0);
        return true;
      case kAdvanceLoc1:
        Advance(in_.Fixed<std::uint8_t>());
        return true;
      case kAdvanceLoc2:
        Advance(in_.Fixed<std::uint16_t>());
        return true;
      case kAdvanceLoc4:
        Advance(in_.Fixed<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  void SetCfa(bool is_expression, std::int64_t value) {
    row_.cfa_is_expression = is_expression;
    row_.cfa_value = static_cast<std::int32_t>(value);
  }
  void SetCfaRegister() {
    const unsigned number = Number();
    row_.cfa_register = static_cast<std::uint8_t>(number < kRegisters ? number : kRegisters);
  }

  bool Cfa(std::uint8_t opcode) {
    switch (opcode) {
      case kDefCfa:
        SetCfaRegister();
        SetCfa(false, static_cast<std::int64_t>(in_.Uleb()));
        return true;
      case kDefCfaSf:
        SetCfaRegister();
        SetCfa(false, SignedFactored());
        return true;
      case kDefCfaRegister:
        SetCfaRegister();
        return true;
      case kDefCfaOffset:
        SetCfa(false, static_cast<std::int64_t>(in_.Uleb()));
        return true;
      case kDefCfaOffsetSf:
        SetCfa(false, SignedFactored());
        return true;
      case kDefCfaExpression:
        SetCfa(true, Expression());
        return true;
      default:
        return false;
    }
  }

  bool State(std::uint8_t opcode) {
    switch (opcode) {
      case kRememberState:
        if (remembered_count_ == kMaxRemembered) return false;
        remembered_[remembered_count_++] = row_;
        return true;
      case kRestoreState:
        if (remembered_count_ == 0) return false;
        row_ = remembered_[--remembered_count_];
        return true;
      case kGnuArgsSize:  // matters to landing pads only
        in_.Uleb();
        return true;
      default:
        return false;
    }
  }

  bool Register(std::uint8_t opcode) {
    if (opcode < kOffsetExtended || (opcode > kValExpression && opcode != kGnuNegativeOffsetExtended))
      return false;
    const unsigned number = Number();
    switch (opcode) {
      case kOffsetExtended:
        row_.Set(number, RegisterRule::kAtCfaOffset, UnsignedFactored());
        return true;
      case kOffsetExtendedSf:
        row_.Set(number, RegisterRule::kAtCfaOffset, SignedFactored());
        return true;
      case kGnuNegativeOffsetExtended:
        row_.Set(number, RegisterRule::kAtCfaOffset, -UnsignedFactored());
        return true;
      case kRestoreExtended:
        Restore(number);
        return true;
      case kUndefined:
        row_.Set(number, RegisterRule::kUndefined, 0);
        return true;
      case kSameValue:
        row_.Set(number, RegisterRule::kSame, 0);
        return true;
      case kRegister:
        row_.Set(number, RegisterRule::kIsRegister, static_cast<std::int64_t>(in_.Uleb()));
        return true;
      case kExpression:
        row_.Set(number, RegisterRule::kAtExpression, Expression());
        return true;
      case kValExpression:
        row_.Set(number, RegisterRule::kIsExpression, Expression());
        return true;
      case kValOffset:
        row_.Set(number, RegisterRule::kIsCfaOffset, UnsignedFactored());
        return true;
      case kValOffsetSf:
        row_.Set(number, RegisterRule::kIsCfaOffset, SignedFactored());
        return true;
      default:
        return false;
    }
  }

  const CfaProgram& program_;
  DwarfCursor in_;
  const UnwindRow& initial_;
  UnwindRow& row_;
  std::uint64_t location_;
  unsigned remembered_count_ = 0;
  UnwindRow remembered_[kMaxRemembered];  // written before read; left uninitialised to save the clearing
};

}  // namespace

bool RunCfaProgram(CfaProgram program, const UnwindRow& initial, UnwindRow& row) {
  return Machine(program, initial, row).Run();
}

}  // namespace memtrace::preload
