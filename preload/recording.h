// SPDX-License-Identifier: MIT
// One recording: the process's trace file and everything that belongs to it, from its first event to its end.
//
//   Recording (fork-local: a forked child finds it zero and starts its own)
//    ├─ file, log               where things are written
//    ├─ windows, sealer         where events wait, and how they get into the file
//    ├─ memory, memory_pace     readings of process memory, and when they are due
//    ├─ threads                 all ThreadStates, those of ended threads to be used again
//    └─ state                   none → starting → on → stopped (full disk, no memory: for good)
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/base/options.h"
#include "preload/base/spin_lock.h"
#include "preload/buffer/sealer.h"
#include "preload/buffer/window_pool.h"
#include "preload/thread_state.h"
#include "preload/trace/block_sizes.h"
#include "preload/trace/log_writer.h"
#include "preload/trace/memory_pace.h"
#include "preload/trace/memory_reading.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

enum class RecordingPhase : std::uint32_t { kNone = 0, kStarting, kOn, kStopped };

struct Recording {
  std::atomic<RecordingPhase> phase;
  std::uint32_t pid;
  bool is_forked_child;
  TraceFile file;
  LogWriter log;
  WindowPool windows;
  Sealer sealer;
  MemoryReader memory;
  MemoryPace memory_pace;
  SpinLock threads_lock;
  ThreadState* threads;
  ThreadState* next_to_check;  // where the search for ended threads goes on
  std::uint32_t thread_count;
};

// The settings; valid once a recording has been started in this process or a parent. Survives fork.
const Options& CurrentOptions();

// The recording of this process, started if need be. Null while it cannot be: libc is not ready yet, another
// thread is at it, the settings are wrong, or recording has stopped.
Recording* StartRecording();

// The recording if it is on, else null.
Recording* CurrentRecording();

// True in a vfork child, which runs in its parent's memory: it must leave the parent's recording alone.
bool IsForeignProcess(const Recording& recording);

// The settings want the program to be served by jemalloc, and it is not yet: until KeepAllocator nothing is recorded.
bool WantsJemalloc();
void KeepAllocator();

// From now on StartRecording does nothing, in this process and in its forked children.
void DoNotStart();

// From the library's constructor: this process may now have a helper thread (unless the settings say no). Processes
// under a sanitizer may not: its memcpy wants a thread that it knows; they also start recording only here.
void LibraryIsLoaded();

// Ends recording for good and says why, once: in the trace, and on stderr unless the program itself is the reason.
// `error` is a negative errno; `reason` replaces its text.
void StopRecording(Recording& recording, int error, const char* reason = nullptr);

// Writes a note about the program into the trace, and into those of children forked later, of which it is just as
// true. One at most.
void NoteForGood(Recording& recording, const char* text);

// A state for the calling thread: one whose thread has ended, or a new one. Null: no memory.
ThreadState* TakeThreadState(Recording& recording);

// Which allocator serves the program. `mallctl`: jemalloc's; `block_size`: of allocators whose rules are not published;
// null for others. Asked for once, when the library is loaded; survives fork.
void SetServingAllocator(format::ServingAllocator allocator, MallctlFunction mallctl, BlockSizeFunction block_size);

// A checkpoint, and what process memory consists of if that is due; always at the start and at the end. At a mark the
// allocator is asked for its own figures too: its locks are then not held by this thread.
void ReadMemory(Recording& recording, std::uint32_t thread, format::CheckpointReason reason);

// The same while events come, at most every 10 ms.
void ReadMemoryIfDue(Recording& recording, std::uint32_t thread);

// Adds what the thread's counters have gained to the trace's header.
void PublishCounters(Recording& recording, ThreadState& state);

}  // namespace memtrace::preload
