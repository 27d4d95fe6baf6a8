// SPDX-License-Identifier: MIT
// MEMTRACE_ALLOCATOR=jemalloc: the program's blocks come from jemalloc.
//
// jemalloc cannot be opened once a program runs: Debian's library wants its thread-local variables in the static TLS
// block, which has no room left by then ("cannot allocate memory in static TLS block"). So the program is started
// anew with the library preloaded behind ours, before main and before anything of it is recorded: the same process,
// arguments and open files. No block ever changes its allocator, and forked children have it as their parents do.
#pragma once

namespace memtrace::preload {

// From the library's constructor, if the settings say so. Returns if it cannot be done, which it has said then.
void StartAgainWithJemalloc();

}  // namespace memtrace::preload
