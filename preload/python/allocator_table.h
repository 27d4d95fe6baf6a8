// SPDX-License-Identifier: MIT
// CPython's three tables of allocator functions that we take part in, and the slots where they lie.
//
//   _PyMem     { ctx, malloc, calloc, realloc, free }       _PyObject     { the same }      arena  { ctx,
//   alloc, free }
//                ▲     ▲
//                └─────┴── after we have put our pair there, found by searching the library's writable data
//                for it
//
// The raw table is left alone: it is malloc, which is recorded as it is, without Python's lock.
#pragma once

#include "preload/python/runtime.h"

namespace memtrace::preload {

// Puts our functions on top of what is in the table. Python must not be running, or the caller must hold its
// lock.
void InstallPythonHooks(PythonRuntime& runtime, PythonTable table, const PythonHooks& hooks,
                        const dl_find_object& module);

// The same if somebody has taken them out; accepts what somebody has put on top of them. Whether they had
// been out.
bool RestorePythonHooks(PythonRuntime& runtime, PythonTable table, const PythonHooks& hooks);

// Where two such words lie side by side in the module's writable segments: the second one, or null.
const std::uintptr_t* FindWordPair(const dl_find_object& module, std::uintptr_t first, std::uintptr_t second);

}  // namespace memtrace::preload
