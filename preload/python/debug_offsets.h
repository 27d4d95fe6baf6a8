// SPDX-License-Identifier: MIT
// What a runtime says of its own structures: from 3.13 on CPython keeps a block for debuggers at the start of
// _PyRuntime, which tells where the members are that a stack is read from.
//
//   _PyRuntime ─► "xdebugpy" │ version │ free-threaded │ runtime │ interpreter │ thread │ frame │ code │
//   object │ …
//                                                         each: size, offsets, 8 bytes a number
//
// The block is as long as each version's source has it, so it is no replacement for a table by version; but
// it is the interpreter's own word, so our table has to agree with it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/python/offsets.h"

namespace memtrace::preload {

// The first version that has one.
inline constexpr std::uint32_t kFirstWithDebugOffsets = 0x030d0000;

// `block`: what _PyRuntime holds, `bytes` of it, of an interpreter of that version; 0: it is not exported.
// Null if the block agrees with `at`, else why its stacks cannot be read.
const char* CheckDebugOffsets(std::uintptr_t block, std::size_t bytes, std::uint32_t hex_version,
                              const PythonOffsets& at);

}  // namespace memtrace::preload
