// SPDX-License-Identifier: MIT
// Objects that CPython hands out again without asking its allocator: free lists of floats, tuples, lists,
// dicts and others. From 3.13 on a runtime tells one function of each object that is made.
//
//   new object ──► runtime's slot {function, data} ──► ours ──► the block was malloc's last: nothing to say
//                        │                              │  └──► else: it lives on a free list: record it
//                        └─ compared by malloc          └─ tracemalloc's, if that was there
//
// There is one slot, and it belongs to the program: what others put there stays. CPython's own tracemalloc,
// which sits in the runtime's own code and never asks who is there, is called by ours instead.
//
// Thread-safety: as runtime.h says of CheckPythonRuntimes, which these are a part of.
#pragma once

#include <cstdint>

#include "preload/python/runtime.h"

namespace memtrace::preload {

// Looks for the functions that this needs; a runtime without them has none of what follows.
class ModuleSymbols;
void LookUpReuse(const ModuleSymbols& symbols, PythonRuntime& runtime);

// Whether FollowReuse would do something.
bool ReuseNeedsLook(const PythonRuntime& runtime);

// Puts our function into the slot, or finds it taken. Needs an initialised runtime and its lock. True if what
// the trace says of it has changed: runtime.reuse.state.
bool FollowReuse(PythonRuntime& runtime, PythonTracer ours);

// The block that an object lies in: behind what its type puts before objects.
std::uintptr_t BlockOfObject(const PythonOffsets& at, std::uintptr_t object);

// For our function: tells tracemalloc, if it was there.
int TellChainedTracer(const PythonRuntime& runtime, void* object, int event);

}  // namespace memtrace::preload
