// SPDX-License-Identifier: MIT
// The one door between the hooks and everything below: record this allocation, this free.
//
//     hook ──► RecordAllocation ──► Enter (guard) ──► Capture (stack → node id) ──► EventEncoder ──► Leave
//                                     │                                               └─ window full: NextWindow
//                                     └─ first event of a thread, or of a forked child: set up
//
// Rules that all of this keeps: no lock and no system call per event, no malloc, errno untouched, and on any
// trouble recording stops, is said once, and the program goes on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/thread_state.h"

namespace memtrace::preload {

// A thread's state before it has one: never ready. Also stands in while the recorder is being set up.
extern constinit ThreadState g_no_state;

extern __thread ThreadState* tls_state __attribute__((tls_model("initial-exec")));

extern constinit bool g_paused;

// Sets up on a thread's first event and after fork; null if this event is not to be recorded.
ThreadState* EnterSlow(ThreadState* state);

// Takes the thread's guard. Null: not recording, or already inside the recorder on this thread.
inline ThreadState* Enter() {
  ThreadState* state = tls_state;
  if (__builtin_expect(state->ready == 0, 0)) {
    state = EnterSlow(state);
    if (state == nullptr) return nullptr;
  }
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return state;
}

inline void Leave(ThreadState* state) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  state->ready = 1;
}

// The top of the stack we are on.
std::uintptr_t StackTop();

// Makes room in the encoder; false once recording has stopped.
bool NextWindow(ThreadState* state);

inline bool EnsureRoom(ThreadState* state) {
  return __builtin_expect(state->encoder.HasRoom(), 1) || NextWindow(state);
}

// ---- what hooks call. All may be called at any time, on any thread, in signal handlers.

// After the real allocation. A null block is ignored.
void RecordAllocation(void* block, std::size_t size_bytes, format::AllocKind kind, const Caller& caller);

// Before the real free.
void RecordFree(void* block, format::FreeForm form);

// realloc, around the real call: Begin before it; End after it with what it returned.
struct ReallocToken {
  bool begun;
};
ReallocToken RecordReallocBegin(void* old_block);
void RecordReallocEnd(ReallocToken token, void* old_block, void* new_block, std::size_t size_bytes,
                      format::AllocKind kind, const Caller& caller);

// Around an allocation function that may itself call malloc: operator new, other allocators' names. Begin before the
// real call; End after it records the block unless a nested call did. They nest: libstdc++'s operator new[] calls
// operator new, and the outermost counts; a new_handler may call operator new, and both count.
// `real`: the function about to be called. `saved` stays with the hook between the two calls.
void BeginOuterCall(std::size_t size_bytes, format::AllocKind kind, const Caller& caller, const CodeRange& real,
                    PendingCall* saved);
void EndOuterCall(void* block, const Caller& caller, const PendingCall& saved);

// Around operator delete and its like, whose nested free is the same free.
void BeginDelete(void* block, format::FreeForm form);
void EndDelete();

void RecordMap(void* address, std::size_t length, int protection, int flags, const Caller& caller);
void RecordUnmap(void* address, std::size_t length);
void RecordRemap(void* old_address, std::size_t old_length, void* address, std::size_t length, const Caller& caller);
void RecordBreak(std::uintptr_t old_end, std::uintptr_t new_end, format::AllocKind kind, const Caller& caller);

// Around a real dlclose.
void BeginModuleChange();
void EndModuleChange();

void RecordThreadName(const char* name);
void RecordMark(const char* name);
void SetPaused(bool paused);
bool IsActive();

// The program is about to forbid itself system calls (seccomp), or even reading the clock: this process records no
// more, and the calling thread never enters the recorder again.
void StopForSandbox();

// The program is about to call something that only a single-threaded process may call.
void StopHelperThread();

// Before exec, _exit and at exit. The process id tells a vfork child, which must not end its parent's trace.
void RecordEnd(format::EndReason reason, int code);
// exec failed: the process goes on.
void RecordEndCancelled();

// While one exists, this thread records and counts nothing: for work of our own that allocates by libc (dlopen,
// dlsym that fails).
class Unrecorded {
 public:
  Unrecorded();
  ~Unrecorded();
  Unrecorded(const Unrecorded&) = delete;
  Unrecorded& operator=(const Unrecorded&) = delete;

 private:
  ThreadState* saved_;
};

// From the library's constructor, before anything that may allocate: which allocator serves the program.
void FindAllocatorAtLoad();
// From the library's constructor: opens what needs the dynamic linker, and sets up if no malloc has yet.
void StartAtLoad();
// From the library's destructor: end record and the lines on stderr.
void FinishAtExit();

}  // namespace memtrace::preload
