// SPDX-License-Identifier: MIT
// What stands between a thread's entry point and the kernel: it is in every stack and says nothing to anyone.
#pragma once

#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::report {

bool IsStartCode(const symbolize::Frame& frame);

}  // namespace memtrace::report
