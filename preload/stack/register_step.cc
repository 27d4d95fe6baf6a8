// SPDX-License-Identifier: MIT
#include "preload/stack/register_step.h"

#include <dlfcn.h>

#include "preload/stack/eh_frame.h"

namespace memtrace::preload {
namespace {

// rbx, rbp, r12 to r15: what a called function leaves as it was (psABI 1.0, section 3.2.1).
constexpr std::uint32_t kPreservedRegisters = 1u << 3 | 1u << kRegisterRbp | 0xfu << 12;
constexpr int kMaxOwnFrames = 32;

RegisterStepResult ResultOf(ExpressionResult result) {
  switch (result) {
    case ExpressionResult::kOk:
      return RegisterStepResult::kStepped;
    case ExpressionResult::kUnknownRegister:
      return RegisterStepResult::kUnknownRegister;
    default:
      return RegisterStepResult::kFailed;
  }
}

RegisterStepResult FindCfa(const UnwindRow& row, StackMemory& memory, const FrameRegisters& registers,
                           std::uint64_t& cfa) {
  if (row.cfa_is_expression) {
    return ResultOf(EvaluateExpression(row.Expression(row.cfa_value), nullptr, registers, memory, cfa));
  }
  if (row.cfa_register >= kRegisters) return RegisterStepResult::kFailed;
  if (!registers.Knows(row.cfa_register)) return RegisterStepResult::kUnknownRegister;
  cfa = registers.values[row.cfa_register] + static_cast<std::uint64_t>(std::int64_t{row.cfa_value});
  return RegisterStepResult::kStepped;
}

// The caller's value of one register.
RegisterStepResult FindRegister(const UnwindRow& row, unsigned number, std::uint64_t cfa, StackMemory& memory,
                                const FrameRegisters& registers, std::uint64_t& value) {
  const std::int32_t operand = row.values[number];
  const std::uint64_t at_cfa = cfa + static_cast<std::uint64_t>(std::int64_t{operand});
  switch (row.rules[number]) {
    case RegisterRule::kSame: {
      const bool kept = row.signal_frame || ((kPreservedRegisters >> number) & 1) != 0;
      if (!kept || !registers.Knows(number)) return RegisterStepResult::kUnknownRegister;
      value = registers.values[number];
      return RegisterStepResult::kStepped;
    }
    case RegisterRule::kAtCfaOffset:
      return memory.Read(at_cfa, value) ? RegisterStepResult::kStepped : RegisterStepResult::kFailed;
    case RegisterRule::kIsCfaOffset:
      value = at_cfa;
      return RegisterStepResult::kStepped;
    case RegisterRule::kIsRegister:
      if (operand < 0 || !registers.Knows(static_cast<unsigned>(operand)))
        return RegisterStepResult::kUnknownRegister;
      value = registers.values[operand];
      return RegisterStepResult::kStepped;
    case RegisterRule::kAtExpression:
    case RegisterRule::kIsExpression: {
      const auto result = EvaluateExpression(row.Expression(operand), &cfa, registers, memory, value);
      if (result != ExpressionResult::kOk || row.rules[number] == RegisterRule::kIsExpression)
        return ResultOf(result);
      return memory.Read(value, value) ? RegisterStepResult::kStepped : RegisterStepResult::kFailed;
    }
    default:
      return RegisterStepResult::kUnknownRegister;
  }
}

}  // namespace

RegisterStepResult StepRegisters(const UnwindRow& row, StackMemory& memory, FrameRegisters& registers) {
  if (row.rules[kRegisterReturn] == RegisterRule::kUndefined) return RegisterStepResult::kEnd;
  std::uint64_t cfa = 0;
  if (const auto result = FindCfa(row, memory, registers, cfa); result != RegisterStepResult::kStepped)
    return result;

  FrameRegisters caller;
  caller.known = 0;
  for (unsigned number = 0; number < kRegisters; ++number) {
    std::uint64_t value = 0;
    if (number == kRegisterRsp && row.rules[number] == RegisterRule::kSame) {
      caller.Put(number, cfa);
      continue;
    }
    const auto result = FindRegister(row, number, cfa, memory, registers, value);
    if (result == RegisterStepResult::kStepped) {
      caller.Put(number, value);
    } else if (number == kRegisterRsp || number == kRegisterReturn) {
      return result;  // the others may turn out not to be needed
    }
  }
  registers = caller;
  return RegisterStepResult::kStepped;
}

[[gnu::noinline]] bool RegistersOfCaller(std::uint64_t pc, std::uint64_t sp, StackMemory& memory,
                                         FrameRegisters& registers) {
  std::uint64_t values[kRegisters] = {};
  asm volatile(
      "movq %%rbx, 24(%0)\n\t"
      "movq %%rbp, 48(%0)\n\t"
      "movq %%rsp, 56(%0)\n\t"
      "movq %%r12, 96(%0)\n\t"
      "movq %%r13, 104(%0)\n\t"
      "movq %%r14, 112(%0)\n\t"
      "movq %%r15, 120(%0)\n\t"
      "leaq 0(%%rip), %%rax\n\t"
      "movq %%rax, 128(%0)"
      :
      : "r"(values)
      : "rax", "memory");
  registers.known = 0;
  for (unsigned number = 0; number < kRegisters; ++number) {
    const bool set =
        ((kPreservedRegisters >> number) & 1) != 0 || number == kRegisterRsp || number == kRegisterReturn;
    if (set) registers.Put(number, values[number]);
  }
  bool exact = true;  // our own pc is not a return address
  for (int i = 0; i < kMaxOwnFrames; ++i) {
    const std::uint64_t lookup = registers.values[kRegisterReturn] - (exact ? 0 : 1);
    exact = false;
    dl_find_object module;
    UnwindRow row;
    if (_dl_find_object(reinterpret_cast<void*>(lookup), &module) != 0) return false;
    if (FindUnwindRow(lookup, module, row) != RowResult::kFound) return false;
    if (StepRegisters(row, memory, registers) != RegisterStepResult::kStepped) return false;
    if (registers.values[kRegisterReturn] == pc && registers.values[kRegisterRsp] == sp) return true;
  }
  return false;
}

}  // namespace memtrace::preload
