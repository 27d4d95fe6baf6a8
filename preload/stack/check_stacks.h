// SPDX-License-Identifier: MIT
// Checking builds only (-DMEMTRACE_CHECK_STACKS=N): every N-th captured stack is compared frame by frame with
// libunwind, its cache off, and the outcome is printed at exit. Not for production: slow, and takes locks.
#pragma once

#include <cstdint>

namespace memtrace::preload {

// Opens libunwind privately. Called by StackInit.
void CheckStacksInit();

// Compares the stack that `node` names with what libunwind says of the frame at (pc, sp).
void CheckStack(std::uint32_t node, std::uint64_t pc, std::uint64_t sp);

}  // namespace memtrace::preload
