// SPDX-License-Identifier: MIT
// memtrace's few words on the program's stderr: one write per line, no stdio, no SIGPIPE, no errno.
#pragma once

#include <cstddef>

#include "preload/base/text.h"

namespace memtrace::preload {

// Writes "memtrace: <text>\n" to file descriptor 2. A closed or broken stderr is ignored.
void SayLine(const char* text);

template <std::size_t kCapacity>
void Say(const Text<kCapacity>& text) {
  SayLine(text.c_str());
}

// "No space left on device" and the like for the errors that end a recording; "error N" for others.
Text<64> ErrnoText(int error);

}  // namespace memtrace::preload
