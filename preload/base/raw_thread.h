// SPDX-License-Identifier: MIT
// A thread that libc does not know of, made by clone alone.
//
// Why not pthread_create: it allocates and locks, and we may be inside malloc inside pthread_create; it makes a
// single-threaded program multi-threaded in libc's eyes (slower malloc, stdio); and a thread that libc counts
// keeps a process alive whose main thread has called pthread_exit.
//
// The price: the thread has no libc thread state of its own. It may use system calls, our own code and pure
// functions such as memcpy and zstd's; no errno, no malloc, no stdio, no thread-local variable.
#pragma once

namespace memtrace::preload {

using RawThreadFunction = void (*)(void* argument);

// Starts `function`, which must never return, with all signals blocked and the kernel's name `name` (at most 15
// characters). Its stack and control block (256 KiB) stay for the life of the process. False: no memory, or no
// thread allowed.
bool StartRawThread(RawThreadFunction function, void* argument, const char* name);

}  // namespace memtrace::preload
