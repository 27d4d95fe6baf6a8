// SPDX-License-Identifier: MIT
// One row of an unwind table: how to find the caller's registers from those of a frame stopped at a pc.
//
//   CFA = register + offset  or  an expression         the caller's stack pointer, usually
//   rax … r15, return address: each one of
//     same | undefined | at CFA+n | is CFA+n | is register n | at expression | is expression
//
// Kept small (104 bytes): rows are built on the stack of whatever thread allocates, and that may be tiny.
#pragma once

#include <cstdint>

namespace memtrace::preload {

// DWARF register numbers of x86-64 (psABI 1.0, figure 3.36).
inline constexpr unsigned kRegisterRbp = 6;
inline constexpr unsigned kRegisterRsp = 7;
inline constexpr unsigned kRegisterReturn = 16;
inline constexpr unsigned kRegisters = 17;

enum class RegisterRule : std::uint8_t {
  kSame,
  kUndefined,
  kAtCfaOffset,
  kIsCfaOffset,
  kIsRegister,
  kAtExpression,
  kIsExpression,
};

struct UnwindRow {
  const std::uint8_t* expression_base;  // expressions are kept as distances from here
  std::int32_t cfa_value;               // offset, or expression
  std::uint8_t cfa_register;
  bool cfa_is_expression;
  bool signal_frame;  // the caller was interrupted: its pc is no return address
  RegisterRule rules[kRegisters];
  std::int32_t values[kRegisters];  // offset, register number or expression

  void Set(unsigned number, RegisterRule rule, std::int64_t value) {
    if (number >= kRegisters) return;  // vector and flag registers: nobody's frame depends on them
    rules[number] = rule;
    values[number] = static_cast<std::int32_t>(value);
  }
  const std::uint8_t* Expression(std::int32_t value) const { return expression_base + value; }
};
static_assert(sizeof(UnwindRow) <= 112);

}  // namespace memtrace::preload
