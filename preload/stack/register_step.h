// SPDX-License-Identifier: MIT
// One step outward by a whole unwind row, for any row and with all registers that are known.
#pragma once

#include <cstdint>

#include "preload/stack/cfa_expression.h"
#include "preload/stack/stack_memory.h"
#include "preload/stack/unwind_row.h"

namespace memtrace::preload {

enum class RegisterStepResult : std::uint8_t {
  kStepped,
  kEnd,              // the row says that there is no caller
  kUnknownRegister,  // the row needs a register whose value is not known
  kFailed,           // the row makes no sense here, or its memory is not there
};

// Turns the registers of a frame into its caller's.
RegisterStepResult StepRegisters(const UnwindRow& row, StackMemory& memory, FrameRegisters& registers);

// The registers, as far as calls preserve them, of the caller's frame that is at (pc, sp), found by stepping
// through our own frames. False: no such frame.
bool RegistersOfCaller(std::uint64_t pc, std::uint64_t sp, StackMemory& memory, FrameRegisters& registers);

}  // namespace memtrace::preload
