// SPDX-License-Identifier: MIT
// "Did you mean": is one word a slip of the pen away from another?
#pragma once

namespace memtrace::preload {

// True if `word` becomes `meant` by one change: a letter put in, left out or replaced, or two neighbours
// swapped; equal words are no slip. Allocates nothing.
bool IsSlipOf(const char* word, const char* meant);

}  // namespace memtrace::preload
