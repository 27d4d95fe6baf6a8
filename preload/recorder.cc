// SPDX-License-Identifier: MIT
#include "preload/recorder.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

#include "preload/base/clock.h"
#include "preload/recorder_inline.h"
#include "preload/python/runtime.h"
#include "preload/recording.h"

extern "C" {
extern void* __libc_stack_end;
// Set by the linker: where this library begins.
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
}

namespace memtrace::preload {

constinit ThreadState g_no_state{};
__thread ThreadState* tls_state __attribute__((tls_model("initial-exec"))) = &g_no_state;
constinit bool g_paused = false;

namespace {

// tls_state while this thread is being set up or runs work of ours: never ready, and not "no state" either.
constinit ThreadState g_setting_up{};

// A mapping or unmapping of so much is worth a look at the clock: it may be a new high.
constexpr std::size_t kLargeMappingBytes = 1 << 20;

void LogThread(Recording& recording, ThreadState& state) {
  sys::Call(SYS_prctl, PR_GET_NAME, sys::AsLong(state.name));
  const format::LogThread record{state.ordinal, state.tid, static_cast<std::uint32_t>(strnlen(state.name, 16)), 0};
  recording.log.Append(format::LogType::kThread, record, Bytes{state.name, record.name_bytes});
}

void RefreshName(Recording& recording, ThreadState& state) {
  char name[16] = {};
  sys::Call(SYS_prctl, PR_GET_NAME, sys::AsLong(name));
  if (memcmp(name, state.name, sizeof(name)) != 0) LogThread(recording, state);
}

bool BeginSequence(Recording& recording, ThreadState& state) {
  state.window_sequence = 0;
  const WindowOwner owner{state.ordinal, 0};
  const std::uint64_t now = NowTicks();
  format::WindowHeader* window = nullptr;
  if (state.capture.frames == nullptr) {  // a new state
    window = recording.windows.Acquire(owner, now);
    if (window == nullptr || !ThreadCaptureInit(state.capture, 0, StackTop())) return false;
  } else {  // that of an ended thread, whose last events are still in its window
    window = state.encoder.window();
    if (recording.file.keeps_descriptor() && !recording.file.ReopenIfLost()) return false;
    if (!recording.windows.Store(window)) return false;
    WindowPool::Reuse(window, owner, now);
    PublishCounters(recording, state);
    state.counted = {};  // the reset starts its counters anew
    ThreadCaptureReset(state.capture, 0, StackTop());
  }
  state.encoder.Begin(window);
  state.pending.is_set = false;
  state.deleting = 0;
  return true;
}

int LastError(const Recording& recording) {
  return recording.file.last_error() != 0 ? recording.file.last_error() : -ENOMEM;
}

ThreadState* SetUpThread() {
  tls_state = &g_setting_up;
  ThreadState* state = nullptr;
  if (Recording* recording = StartRecording(); recording != nullptr) {
    state = TakeThreadState(*recording);
    if (state == nullptr || !BeginSequence(*recording, *state)) {
      StopRecording(*recording, LastError(*recording));
      state = nullptr;
    } else {
      LogThread(*recording, *state);
    }
  }
  tls_state = state != nullptr ? state : &g_no_state;
  return state;
}

std::uint64_t Address(const void* block) { return reinterpret_cast<std::uint64_t>(block); }

// This library's instructions, by its own program headers.
CodeRange FindOwnCode() {
  const auto base = reinterpret_cast<std::uintptr_t>(&__ehdr_start);
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(base + __ehdr_start.e_phoff);
  for (unsigned i = 0; i < __ehdr_start.e_phnum; ++i) {
    const ElfW(Phdr)& segment = segments[i];
    const bool is_code = segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0;
    if (is_code) return {base + segment.p_vaddr, base + segment.p_vaddr + segment.p_memsz};
  }
  return {base, base};
}

bool IsOwnCode(std::uintptr_t pc) {
  static constinit CodeRange code;
  if (code.end == 0) code = FindOwnCode();
  return pc > code.start && pc < code.end;
}

// True if a call was made by the outer call's own function, or by a jump at its end (libstdc++'s new[] is one jump),
// which leaves our own hook as the caller. Such a malloc is the outer request, perhaps rounded up to
// its alignment, and such an operator new a part of it. What a new_handler or a pool behind operator new allocates
// comes from elsewhere; and so does everything after a call that was left by an exception.
bool IsByOuterCall(const PendingCall& outer, const Caller& caller) {
  const bool is_by_function = caller.pc > outer.function.start && caller.pc <= outer.function.end;
  return (is_by_function || IsOwnCode(caller.pc)) && caller.sp < outer.caller.sp;
}

}  // namespace

// The main thread's, or that of a thread made by pthread_create, whose control block lies just above its stack.
// pthread_getattr_np would lock, and deadlock inside realloc.
std::uintptr_t StackTop() {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const auto main_top = (reinterpret_cast<std::uintptr_t>(__libc_stack_end) + 4095) & ~std::uintptr_t{4095};
  const auto thread_top = static_cast<std::uintptr_t>(pthread_self());
  const bool below_thread = here < thread_top;
  const bool below_main = here < main_top;
  if (below_thread && (!below_main || thread_top < main_top)) return thread_top;
  return below_main ? main_top : (here + 4095) & ~std::uintptr_t{4095};
}

ThreadState* EnterSlow(ThreadState* state) {
  if (state == &g_setting_up) return nullptr;
  if (state == &g_no_state || state->tid == 0) return SetUpThread();  // tid 0: wiped by fork
  if (CurrentRecording() != nullptr) ++state->nested_lost;  // a signal handler interrupted the recorder
  return nullptr;
}

bool NextWindow(ThreadState* state) {
  Recording* recording = CurrentRecording();
  if (recording == nullptr) return false;
  PublishCounters(*recording, *state);
  RefreshName(*recording, *state);
  const WindowOwner owner{state->ordinal, state->window_sequence + 1};
  format::WindowHeader* window = recording->sealer.Exchange(state->encoder.window(), owner, NowTicks());
  if (window == nullptr) {
    StopRecording(*recording, LastError(*recording));
    return false;
  }
  ++state->window_sequence;
  state->encoder.Begin(window);
  ReadMemoryIfDue(*recording, state->ordinal);
  state->clock.Reset();
  return true;
}

void StopForLackOfMemory() {
  if (Recording* recording = CurrentRecording()) StopRecording(*recording, LastError(*recording));
}

namespace {

// RecordCaptured where there may be a Python runtime.
void RecordJoined(ThreadState* state, void* block, std::size_t size_bytes, format::AllocKind kind,
                  const Caller& caller) {
  if (__builtin_expect(!state->has_python, 1)) return RecordCaptured(state, block, size_bytes, kind, caller);
  if (g_paused) return Leave(state);
  WriteAllocation(state, block, size_bytes, CaptureWithPython(state, kind, caller));
}

}  // namespace

void RecordAllocation(void* block, std::size_t size_bytes, format::AllocKind kind, const Caller& caller) {
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (__builtin_expect(block == nullptr, 0)) return Leave(state);
  if (__builtin_expect(state->pending.is_set, 0)) {
    if (state->pending.is_python && IsForPython(state->pending, block, size_bytes)) return Leave(state);
    PendingCall& outer = state->pending;
    if (!outer.is_python) {
      if (IsByOuterCall(outer, caller)) {
        outer.is_set = false;
        return RecordJoined(state, block, outer.size_bytes, outer.kind, outer.caller);
      }
      outer.nested_start = Address(block);
      outer.nested_end = Address(block) + size_bytes;
    }
  }
  RecordJoined(state, block, size_bytes, kind, caller);
}

void RecordFree(void* block, format::FreeForm form) {
  if (block == nullptr) return;
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (__builtin_expect(state->deleting == Address(block), 0)) {
    state->deleting = 0;
  } else {
    if (!EnsureRoom(state)) return;
    state->encoder.Free(NowTicks(), Address(block), form);
    ++state->frees;
  }
  Leave(state);
}

ReallocToken RecordReallocBegin(void* old_block) {
  if (old_block == nullptr) return {false};
  ThreadState* state = Enter();
  if (state == nullptr) return {false};
  // Room for its end too: process memory must not be read in between, when the block is neither there nor gone.
  if (!state->encoder.HasRoomForTwo() && !NextWindow(state)) return {false};
  if (state->deleting == Address(old_block)) {  // Python's realloc, which has recorded it
    state->deleting = 0;
    Leave(state);
    return {false};
  }
  const bool can_cancel = (Address(old_block) & 7) == 0;
  if (can_cancel) {
    state->encoder.ReallocBegin(NowTicks(), Address(old_block));
  } else {
    state->encoder.Free(NowTicks(), Address(old_block), format::FreeForm::kFree);
  }
  ++state->frees;
  Leave(state);
  return {can_cancel};
}

void RecordReallocEnd(ReallocToken token, void* old_block, void* new_block, std::size_t size_bytes,
                      format::AllocKind kind, const Caller& caller) {
  if (new_block != nullptr) return RecordAllocation(new_block, size_bytes, kind, caller);
  if (!token.begun || size_bytes == 0) return;  // realloc(p, 0) that returns null has freed p
  ThreadState* state = Enter();
  if (state == nullptr || !EnsureRoom(state)) return;
  state->encoder.ReallocCancel(NowTicks(), Address(old_block));
  --state->frees;
  Leave(state);
}

void BeginOuterCall(std::size_t size_bytes, format::AllocKind kind, const Caller& caller, const CodeRange& real,
                    PendingCall* saved) {
  saved->is_set = false;
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (state->pending.is_set && IsByOuterCall(state->pending, caller)) {
    state->pending.function = real;
  } else {
    if (state->pending.is_set) *saved = state->pending;
    state->pending = PendingCall{true, false, kind, size_bytes, caller, real, 0, 0};
  }
  Leave(state);
}

void EndOuterCall(void* block, const Caller& caller, const PendingCall& saved) {
  ThreadState* state = tls_state;
  if (state->ready == 0) return;
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const PendingCall ours = state->pending;
  // Not open any more: a nested call has recorded the block, or ours is the nested one.
  const bool is_open = ours.is_set && ours.caller.sp == caller.sp;
  if (is_open || saved.is_set) state->pending = saved;
  const bool lies_in_nested = Address(block) >= ours.nested_start && Address(block) < ours.nested_end;
  // A pool's new piece is recorded as a whole, not once more by the block cut from it.
  if (!is_open || block == nullptr || lies_in_nested) return Leave(state);
  RecordJoined(state, block, ours.size_bytes, ours.kind, caller);
}

void BeginDelete(void* block, format::FreeForm form) {
  RecordFree(block, form);
  ThreadState* state = tls_state;
  if (state->ready != 0) state->deleting = Address(block);
}

void EndDelete() {
  ThreadState* state = tls_state;
  if (state->ready != 0) state->deleting = 0;
}

namespace {

// Extended events with a stack: of mappings, which may have taken the place of others.
template <typename... Fields>
void RecordWithStack(format::ExtendedEvent event, format::AllocKind kind, const Caller& caller, Fields... fields) {
  if (ThereIsPython()) PythonFramesMayBeGone();
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (!g_paused) {
    const std::uint32_t node = state->has_python
                                   ? CaptureWithPython(state, kind, caller)
                                   : Capture(state->capture, caller.pc, caller.sp, caller.rbp, kind);
    if (node == 0 || !EnsureRoom(state)) return;
    state->encoder.Plain(event, NowTicks(), node, fields...);
  }
  Leave(state);
}

// A program that maps much records little: its memory would hardly be read between start and end.
void LookAtMemory(std::size_t length) {
  if (length < kLargeMappingBytes) return;
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (Recording* recording = CurrentRecording(); recording != nullptr) ReadMemoryIfDue(*recording, state->ordinal);
  state->clock.Reset();
  Leave(state);
}

}  // namespace

void RecordMap(void* address, std::size_t length, int protection, int flags, const Caller& caller) {
  const format::AllocKind special = tls_state->map_kind;
  const format::AllocKind kind = special == format::AllocKind::kMalloc ? format::AllocKind::kMmap : special;
  RecordWithStack(format::ExtendedEvent::kMap, kind, caller, Address(address), length,
                  static_cast<std::uint32_t>(protection), static_cast<std::uint32_t>(flags));
  LookAtMemory(length);
}

void RecordUnmap(void* address, std::size_t length) {
  if (ThereIsPython()) PythonFramesMayBeGone();
  LookAtMemory(length);
  ThreadState* state = Enter();
  if (state == nullptr || !EnsureRoom(state)) return;
  state->encoder.Plain(format::ExtendedEvent::kUnmap, NowTicks(), Address(address), length);
  Leave(state);
}

void RecordRemap(void* old_address, std::size_t old_length, void* address, std::size_t length, const Caller& caller) {
  RecordWithStack(format::ExtendedEvent::kRemap, format::AllocKind::kMremap, caller, Address(old_address), old_length,
                  Address(address), length);
}

void RecordBreak(std::uintptr_t old_end, std::uintptr_t new_end, format::AllocKind kind, const Caller& caller) {
  RecordWithStack(format::ExtendedEvent::kBreak, kind, caller, old_end, new_end);
}

void BeginModuleChange() {
  ThreadState* state = Enter();
  ModulesChanging();
  if (state != nullptr) Leave(state);
}

void EndModuleChange() {
  ThreadState* state = Enter();
  if (ThereIsPython()) DropUnloadedPythonRuntimes();
  ModulesChanged();
  if (state != nullptr) Leave(state);
}

void RecordThreadName(const char* name) {
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (Recording* recording = CurrentRecording(); recording != nullptr) {
    memset(state->name, 0, sizeof(state->name));
    strncpy(state->name, name, sizeof(state->name) - 1);
    const format::LogThread record{state->ordinal, state->tid, static_cast<std::uint32_t>(Length(state->name)), 0};
    recording->log.Append(format::LogType::kThread, record, Bytes{state->name, record.name_bytes});
  }
  Leave(state);
}

void RecordMark(const char* name) {
  ThreadState* state = Enter();
  if (state == nullptr) return;
  if (Recording* recording = CurrentRecording(); recording != nullptr) {
    const format::LogMark record{state->ordinal, static_cast<std::uint32_t>(strnlen(name, 255))};
    recording->log.Append(format::LogType::kMark, record, Bytes{name, record.name_bytes});
    ReadMemory(*recording, state->ordinal, format::CheckpointReason::kMark);
    state->clock.Reset();
  }
  Leave(state);
}

void SetPaused(bool paused) {
  ThreadState* state = Enter();
  if (state == nullptr) return;
  std::atomic_ref<bool>(g_paused).store(paused, std::memory_order_relaxed);
  if (Recording* recording = CurrentRecording(); recording != nullptr) {
    recording->log.Append(paused ? format::LogType::kPause : format::LogType::kResume, state->ordinal);
  }
  state->clock.Reset();
  Leave(state);
}

void StopForSandbox() {
  if (Recording* recording = CurrentRecording(); recording != nullptr && !IsForeignProcess(*recording)) {
    recording->sealer.StopHelper();
    StopRecording(*recording, -EPERM, "the program entered a sandbox (seccomp)");
  }
  DoNotStart();
  tls_state = &g_setting_up;
}

void StopHelperThread() {
  Recording* recording = CurrentRecording();
  if (recording != nullptr && !IsForeignProcess(*recording)) recording->sealer.StopHelper();
}

Unrecorded::Unrecorded() : saved_(tls_state) { tls_state = &g_setting_up; }
Unrecorded::~Unrecorded() { tls_state = saved_; }

bool IsActive() { return !g_paused && CurrentRecording() != nullptr; }

}  // namespace memtrace::preload
