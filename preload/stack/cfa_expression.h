// SPDX-License-Identifier: MIT
// Evaluates the DWARF expressions of unwind rows (DWARF 5, sections 2.5 and 6.4.2).
#pragma once

#include <cstdint>

#include "preload/stack/stack_memory.h"
#include "preload/stack/unwind_row.h"

namespace memtrace::preload {

// Register values of a frame, by DWARF number; the last one is its pc. Only those in `known` are valid.
struct FrameRegisters {
  std::uint64_t values[kRegisters];
  std::uint32_t known;  // bit n: register n

  bool Knows(unsigned number) const { return number < kRegisters && ((known >> number) & 1) != 0; }
  void Put(unsigned number, std::uint64_t value) {
    values[number] = value;
    known |= 1u << number;
  }
  void Forget(unsigned number) { known &= ~(1u << number); }
};

enum class ExpressionResult : std::uint8_t {
  kOk,
  kUnknownRegister,  // it needs a register whose value is not known
  kFailed,           // not understood, or it reads memory that is not there
};

// `expression` points to the block's length. With initial != nullptr its value is pushed first (the CFA).
ExpressionResult EvaluateExpression(const std::uint8_t* expression, const std::uint64_t* initial,
                                    const FrameRegisters& registers, StackMemory& memory,
                                    std::uint64_t& value);

}  // namespace memtrace::preload
