// SPDX-License-Identifier: MIT
// One stack out of two: Python's frames, then the native ones inside the innermost eval loop.
//
//   native   main ─ Py_RunMain ─ … ─ eval loop ─ list_append ─ PyMem_Realloc ─ malloc
//                                        │            └───────────── kept ─────────┘
//   Python   <module> ─ load ─ parse ────┘
//
//   joined   <module> ─ load ─ parse ─ list_append ─ PyMem_Realloc ─ malloc
//
// Where the eval loop is on the C stack: from 3.10 to 3.12 it keeps its C frame there, later its own frame (a
// shim); before, its instructions are known by the symbol's extent.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/python/frames.h"

namespace memtrace::preload {

struct NativePosition {
  std::uintptr_t pc;
  std::uintptr_t sp;
  std::uintptr_t rbp;
};

// Innermost frames kept of a stack, both kinds together; 0: all. Before the first capture.
void SetPythonDepthLimit(std::uint32_t max_depth);

// The node of a block of that kind, asked for at `at` by what `place` called, which ReadPythonStack has just
// returned for thread_state. 0: storage failed.
std::uint32_t JoinedNode(PythonStack& stack, PythonPlace& place, std::uintptr_t thread_state,
                         const NativePosition& at, format::AllocKind kind);

// As PythonBlockNode, with regard to the limit.
std::uint32_t PythonOnlyNode(PythonStack& stack, PythonPlace& place, format::AllocKind kind);

}  // namespace memtrace::preload
