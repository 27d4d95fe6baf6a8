// SPDX-License-Identifier: MIT
#include "preload/stack/cfa_expression.h"

#include "preload/stack/dwarf_cursor.h"

namespace memtrace::preload {
namespace {

enum ExpressionOpcode : std::uint8_t {
  kAddr = 0x03,
  kDeref = 0x06,
  kConst1u = 0x08,
  kConst1s = 0x09,
  kConst2u = 0x0a,
  kConst2s = 0x0b,
  kConst4u = 0x0c,
  kConst4s = 0x0d,
  kConst8u = 0x0e,
  kConst8s = 0x0f,
  kConstu = 0x10,
  kConsts = 0x11,
  kDup = 0x12,
  kDrop = 0x13,
  kOver = 0x14,
  kPick = 0x15,
  kSwap = 0x16,
  kRot = 0x17,
  kAbs = 0x19,
  kAnd = 0x1a,
  kMinus = 0x1c,
  kMul = 0x1e,
  kNeg = 0x1f,
  kNot = 0x20,
  kOr = 0x21,
  kPlus = 0x22,
  kPlusUconst = 0x23,
  kShl = 0x24,
  kShr = 0x25,
  kShra = 0x26,
  kXor = 0x27,
  kBra = 0x28,
  kEq = 0x29,
  kGe = 0x2a,
  kGt = 0x2b,
  kLe = 0x2c,
  kLt = 0x2d,
  kNe = 0x2e,
  kSkip = 0x2f,
  kLit0 = 0x30,
  kLit31 = 0x4f,
  kBreg0 = 0x70,
  kBreg31 = 0x8f,
  kBregx = 0x92,
  kNop = 0x96,
};

class Evaluator {
 public:
  Evaluator(DwarfCursor in, const FrameRegisters& registers, StackMemory& memory)
      : begin_(in.position()), in_(in), registers_(registers), memory_(memory) {}

  void Push(std::uint64_t value) {
    if (size_ == kStackWords) {
      Fail();
      return;
    }
    stack_[size_++] = value;
  }

  ExpressionResult Run(std::uint64_t& value) {
    unsigned operations = 0;
    while (!in_.AtEnd() && result_ == ExpressionResult::kOk) {
      if (++operations > kMaxOperations) Fail();
      const auto opcode = in_.Fixed<std::uint8_t>();
      if (!Register(opcode) && !Constant(opcode) && !Arrange(opcode) && !Unary(opcode) && !Binary(opcode) &&
          !Jump(opcode) && opcode != kNop) {
        Fail();
      }
      if (in_.failed()) Fail();
    }
    value = Pop();
    return result_;
  }

 private:
  static constexpr unsigned kStackWords = 32;
  static constexpr unsigned kMaxOperations = 1000;  // expressions may jump back

  void Fail() {
    if (result_ == ExpressionResult::kOk) result_ = ExpressionResult::kFailed;
  }

  std::uint64_t Pop() {
    if (size_ == 0) {
      Fail();
      return 0;
    }
    return stack_[--size_];
  }

  void PushRegister(unsigned number, std::int64_t offset) {
    if (!registers_.Knows(number)) {
      result_ = ExpressionResult::kUnknownRegister;
      return;
    }
    Push(registers_.values[number] + static_cast<std::uint64_t>(offset));
  }

  bool Register(std::uint8_t opcode) {
    if (opcode >= kBreg0 && opcode <= kBreg31) {
      PushRegister(opcode - kBreg0, in_.Sleb());
      return true;
    }
    if (opcode != kBregx) return false;
    const auto number = static_cast<unsigned>(in_.Uleb());
    PushRegister(number, in_.Sleb());
    return true;
  }

  template <typename T>
  bool PushFixed() {
    Push(static_cast<std::uint64_t>(static_cast<std::int64_t>(in_.Fixed<T>())));
    return true;
  }

  bool Constant(std::uint8_t opcode) {
    if (opcode >= kLit0 && opcode <= kLit31) {
      Push(opcode - kLit0);
      return true;
    }
    switch (opcode) {
      case kConst1u:
        return PushFixed<std::uint8_t>();
      case kConst1s:
        return PushFixed<std::int8_t>();
      case kConst2u:
        return PushFixed<std::uint16_t>();
      case kConst2s:
        return PushFixed<std::int16_t>();
      case kConst4u:
        return PushFixed<std::uint32_t>();
      case kConst4s:
        return PushFixed<std::int32_t>();
      case kAddr:
      case kConst8u:
      case kConst8s:
        return PushFixed<std::uint64_t>();
      case kConstu:
        Push(in_.Uleb());
        return true;
      case kConsts:
        Push(static_cast<std::uint64_t>(in_.Sleb()));
        return true;
      default:
        return false;
    }
  }

  void Pick(unsigned depth) {
    if (depth >= size_) {
      Fail();
      return;
    }
    Push(stack_[size_ - 1 - depth]);
  }

  // Turns the top `count` words so that the top one goes below the others.
  void Rotate(unsigned count) {
    if (size_ < count) {
      Fail();
      return;
    }
    const std::uint64_t top = stack_[size_ - 1];
    for (unsigned i = 1; i < count; ++i) stack_[size_ - i] = stack_[size_ - i - 1];
    stack_[size_ - count] = top;
  }

  bool Arrange(std::uint8_t opcode) {
    switch (opcode) {
      case kDup:
        Pick(0);
        return true;
      case kDrop:
        Pop();
        return true;
      case kOver:
        Pick(1);
        return true;
      case kPick:
        Pick(in_.Fixed<std::uint8_t>());
        return true;
      case kSwap:
        Rotate(2);
        return true;
      case kRot:
        Rotate(3);
        return true;
      default:
        return false;
    }
  }

  bool Unary(std::uint8_t opcode) {
    if (opcode != kDeref && opcode != kAbs && opcode != kNeg && opcode != kNot && opcode != kPlusUconst)
      return false;
    std::uint64_t value = Pop();
    switch (opcode) {
      case kDeref:
        if (!memory_.Read(value, value)) Fail();
        break;
      case kAbs:
        if (static_cast<std::int64_t>(value) < 0) value = 0 - value;
        break;
      case kNeg:
        value = 0 - value;
        break;
      case kNot:
        value = ~value;
        break;
      default:
        value += in_.Uleb();
    }
    Push(value);
    return true;
  }

  static std::uint64_t Arithmetic(std::uint8_t opcode, std::uint64_t a, std::uint64_t b) {
    switch (opcode) {
      case kAnd:
        return a & b;
      case kMinus:
        return a - b;
      case kMul:
        return a * b;
      case kOr:
        return a | b;
      case kPlus:
        return a + b;
      case kShl:
        return b < 64 ? a << b : 0;
      case kShr:
        return b < 64 ? a >> b : 0;
      case kShra:
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(a) >> (b < 64 ? b : 63));
      default:
        return a ^ b;
    }
  }

  static std::uint64_t Comparison(std::uint8_t opcode, std::int64_t a, std::int64_t b) {
    switch (opcode) {
      case kEq:
        return a == b;
      case kGe:
        return a >= b;
      case kGt:
        return a > b;
      case kLe:
        return a <= b;
      case kLt:
        return a < b;
      default:
        return a != b;
    }
  }

  bool Binary(std::uint8_t opcode) {
    const bool compares = opcode >= kEq && opcode <= kNe;
    const bool computes = opcode == kAnd || opcode == kMinus || opcode == kMul || opcode == kOr ||
                          opcode == kPlus || (opcode >= kShl && opcode <= kXor);
    if (!compares && !computes) return false;
    const std::uint64_t b = Pop();
    const std::uint64_t a = Pop();
    Push(compares ? Comparison(opcode, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b))
                  : Arithmetic(opcode, a, b));
    return true;
  }

  bool Jump(std::uint8_t opcode) {
    if (opcode != kSkip && opcode != kBra) return false;
    const std::int64_t distance = in_.Fixed<std::int16_t>();
    if (opcode == kBra && Pop() == 0) return true;
    const std::int64_t target = (in_.position() - begin_) + distance;
    if (target < 0 || target > in_.end() - begin_) {
      Fail();
      return true;
    }
    in_ = DwarfCursor(begin_ + target, in_.end());
    return true;
  }

  const std::uint8_t* begin_;
  DwarfCursor in_;
  const FrameRegisters& registers_;
  StackMemory& memory_;
  ExpressionResult result_ = ExpressionResult::kOk;
  unsigned size_ = 0;
  std::uint64_t stack_[kStackWords];
};

}  // namespace

ExpressionResult EvaluateExpression(const std::uint8_t* expression, const std::uint64_t* initial,
                                    const FrameRegisters& registers, StackMemory& memory,
                                    std::uint64_t& value) {
  // The row's reader has checked that the block lies inside its CIE or FDE; a length takes at most ten bytes.
  DwarfCursor in(expression, expression + 10);
  const std::uint64_t bytes = in.Uleb();
  const DwarfCursor block(in.position(), in.position() + bytes);
  Evaluator evaluator(block, registers, memory);
  if (initial != nullptr) evaluator.Push(*initial);
  return evaluator.Run(value);
}

}  // namespace memtrace::preload
