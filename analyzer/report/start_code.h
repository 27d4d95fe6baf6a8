// SPDX-License-Identifier: MIT
// What stands between a thread's entry point and the kernel: it is in every stack and says nothing to anyone.
#pragma once

#include <cstddef>

#include "analyzer/report/stack_source.h"

namespace memtrace::report {

// The C library's and the loader's way to main, to a thread's function or to a constructor.
bool IsStartCode(const symbolize::Frame& frame);

// Where a stack, innermost first, should end when it is shown from frame `from` on: that frame is always
// shown.
std::size_t EndOfShownStack(const Stack& stack, std::size_t from);

}  // namespace memtrace::report
