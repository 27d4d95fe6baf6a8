// SPDX-License-Identifier: MIT
#include "preload/record_python.h"

#include <link.h>

#include "preload/python/codes.h"
#include "preload/python/joined_stack.h"
#include "preload/python/reuse.h"
#include "preload/python/text.h"
#include "preload/recorder_inline.h"
#include "preload/recording.h"
#include "preload/stack/capture_frames.h"
#include "preload/stack/modules_internal.h"

namespace memtrace::preload {
namespace {

std::uintptr_t Address(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block);
}

// A debugging layer asks malloc for this much more at most. Other memory that pymalloc takes meanwhile, for
// its tables, is larger by more than that.
constexpr std::size_t kMaxExtraBytes = 64;

PythonStack* StackOf(ThreadState* state) {
  if (__builtin_expect(state->python != nullptr, 1)) return state->python;
  PythonStack* stack = NewPythonStack();
  if (stack == nullptr || !FrameCaptureInit(stack->native, StackTop())) return nullptr;
  return state->python = stack;
}

// Whether an event that only the holder of the runtime's lock can have caused has the time of the thread's
// last one. Not if another thread has held the lock in between: it may have freed or allocated the same
// block.
[[gnu::always_inline]] inline bool SharesTime(ThreadState* state, const PythonRuntime& runtime) {
  return runtime.recorded_last.load(std::memory_order_relaxed) == state && state->clock.Shares();
}

// The time of one that does not.
std::uint64_t OwnTime(ThreadState* state, PythonRuntime& runtime) {
  if (runtime.recorded_last.load(std::memory_order_relaxed) != state) {
    if (!runtime.has_stacks.load(std::memory_order_relaxed))
      return NowTicks();  // perhaps there is no such lock
    runtime.recorded_last.store(state, std::memory_order_relaxed);
    state->clock.Reset();
  }
  return state->clock.Read();
}

[[gnu::noinline]] void AllocAtOwnTime(ThreadState* state, PythonRuntime& runtime, std::uintptr_t block,
                                      std::size_t size_bytes, std::uint32_t node) {
  state->encoder.Alloc(OwnTime(state, runtime), block, size_bytes, node);
}

[[gnu::noinline]] void FreeAtOwnTime(ThreadState* state, PythonRuntime& runtime, std::uintptr_t block) {
  state->encoder.Free(OwnTime(state, runtime), block, format::FreeForm::kFree);
}

NativePosition PositionOf(const Caller& caller) {
  return {caller.pc, caller.sp, caller.rbp};
}

std::uint32_t NativeNode(ThreadState* state, format::AllocKind kind, const Caller& caller) {
  return Capture(state->capture, caller.pc, caller.sp, caller.rbp, kind);
}

// To 3.11 the current thread state is that of the lock's holder. Code that calls Python's allocators without
// the lock is wrong, but it may have worked, and the frames of a running thread must not be read.
bool IsOfThread(const PythonRuntime& runtime, const PythonStack& stack, std::uintptr_t thread_state) {
  return PythonWord(thread_state, runtime.offsets->thread_id) == stack.thread;
}

// While one exists and is allowed, no Python thread state of this thread is given back by the runtime's end:
// either this thread holds Python's lock, or it is the main thread, which ends the runtime itself, or the end
// has not begun, and the thread that begins it waits before it unmaps frames (BeforePythonArenaFree).
class FrameReading {
 public:
  FrameReading(ThreadState* state, const PythonRuntime& runtime) : runtime_(runtime) {
    const void* current = runtime.current_thread_state();
    if (runtime.current_is_own && current != nullptr) {
      thread_state_ = current;
      has_lock_ = true;
      return;
    }
    const void* own = runtime.this_threads_state();
    if (own == nullptr || own == current) {
      thread_state_ = own;
      has_lock_ = true;
      return;
    }
    const bool is_main_thread =
        state->tid == static_cast<std::uint32_t>(CurrentRecording() != nullptr ? CurrentRecording()->pid : 0);
    if (is_main_thread) {
      if (!IsFinalizing()) thread_state_ = own;
      return;
    }
    if (runtime.is_finalizing == nullptr || StackOf(state) == nullptr) return;
    unlocked_ = state->python;
    unlocked_->is_reading_unlocked.store(true, std::memory_order_seq_cst);
    if (!IsFinalizing()) thread_state_ = own;
  }
  ~FrameReading() {
    if (unlocked_ != nullptr) unlocked_->is_reading_unlocked.store(false, std::memory_order_release);
  }
  FrameReading(const FrameReading&) = delete;
  FrameReading& operator=(const FrameReading&) = delete;

  // Whether this thread holds the runtime's lock.
  bool has_lock() const { return has_lock_; }
  // 0: this thread has no Python frames, or they must not be read.
  std::uintptr_t thread_state() const { return reinterpret_cast<std::uintptr_t>(thread_state_); }

 private:
  bool IsFinalizing() const { return runtime_.is_finalizing != nullptr && runtime_.is_finalizing() != 0; }

  const PythonRuntime& runtime_;
  const void* thread_state_ = nullptr;
  bool has_lock_ = false;
  PythonStack* unlocked_ = nullptr;
};

// The joined node, or 0 where this thread is in no code of this runtime.
std::uint32_t JoinWith(ThreadState* state, PythonRuntime& runtime, format::AllocKind kind,
                       const Caller& caller) {
  const FrameReading reading(state, runtime);
  if (reading.thread_state() == 0) return 0;
  PythonStack* stack = StackOf(state);
  if (stack == nullptr) return 0;
  PythonPlace* place = ReadPythonStack(*stack, runtime, reading.thread_state(), reading.has_lock());
  return place == nullptr ? 0 : JoinedNode(*stack, *place, reading.thread_state(), PositionOf(caller), kind);
}

// The node of a block of Python's allocators.
std::uint32_t PythonNode(ThreadState* state, PythonRuntime& runtime, format::AllocKind kind,
                         bool is_from_malloc, const Caller& caller) {
  if (!runtime.has_stacks.load(std::memory_order_relaxed)) return NativeNode(state, kind, caller);
  const auto thread_state = reinterpret_cast<std::uintptr_t>(runtime.current_thread_state());
  PythonStack* stack = thread_state == 0 ? nullptr : StackOf(state);
  const bool is_own =
      stack != nullptr && (runtime.current_is_own || IsOfThread(runtime, *stack, thread_state));
  if (__builtin_expect(!is_own, 0)) {
    const std::uint32_t joined = JoinWith(state, runtime, kind, caller);
    return joined != 0 ? joined : NativeNode(state, kind, caller);
  }
  if (!is_from_malloc) {
    if (const std::uint32_t node = PythonKnownBlockNode(*stack, runtime, thread_state, kind); node != 0)
      return node;
  }
  PythonPlace* place = ReadPythonStack(*stack, runtime, thread_state, true);
  if (place == nullptr) return NativeNode(state, kind, caller);
  return is_from_malloc ? JoinedNode(*stack, *place, thread_state, PositionOf(caller), kind)
                        : PythonOnlyNode(*stack, *place, kind);
}

// ---- what the rooms below hand over

void OnPythonFound() {
  Recording* recording = CurrentRecording();
  if (recording == nullptr) return;
  SpinLockHolder hold(recording->threads_lock);
  for (ThreadState* state = recording->threads; state != nullptr; state = state->next)
    std::atomic_ref<bool>(state->has_python).store(true, std::memory_order_relaxed);
}

void LogRuntime(const PythonSupportInfo& info) {
  Recording* recording = CurrentRecording();
  if (recording == nullptr) return;
  const std::size_t text_bytes = info.reason == nullptr ? 0 : Length(info.reason);
  const format::LogPythonRuntime record{info.hex_version, static_cast<std::uint32_t>(info.support),
                                        static_cast<std::uint32_t>(text_bytes),
                                        static_cast<std::uint32_t>(info.reuse)};
  recording->log.Append(format::LogType::kPythonRuntime, record, Bytes{info.reason, text_bytes});
  // From 3.12 on os.fork counts the process's threads, as the kernel has them, and warns where there are
  // several.
  constexpr std::uint32_t kCountsThreads = 0x030c0000;
  if (info.hex_version >= kCountsThreads) recording->sealer.StopHelper();
}

bool LogCode(const PythonCodeText& code) {
  Recording* recording = CurrentRecording();
  if (recording == nullptr) return false;
  format::LogPythonCode record{};
  record.id = code.id;
  record.first_line = code.first_line;
  record.name_bytes = static_cast<std::uint32_t>(code.name_bytes);
  record.file_bytes = static_cast<std::uint32_t>(code.file_bytes);
  record.line_table_bytes = static_cast<std::uint32_t>(code.line_table_bytes);
  record.line_table = static_cast<std::uint16_t>(code.line_table_form);
  return recording->log.Append(format::LogType::kPythonCode, record, Bytes{code.name, code.name_bytes},
                               Bytes{code.file, code.file_bytes},
                               Bytes{code.line_table, code.line_table_bytes});
}

int MeetLoadedModule(dl_phdr_info* info, std::size_t, void*) {
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    dl_find_object found;
    if (_dl_find_object(reinterpret_cast<void*>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), &found) == 0)
      PythonModuleMet(found);
    break;
  }
  return 0;
}

// Whether the executable calls itself an interpreter of Python.
bool IsNamedLikePython(const format::FileHeader& header) {
  Text<sizeof(header.exe) + 1> path;
  path.Add(header.exe, header.exe_bytes);
  const char* name = path.c_str();
  for (const char* at = name; *at != '\0'; ++at) {
    if (*at == '/') name = at + 1;
  }
  return StartsWith(name, "python") || StartsWith(name, "pypy");
}

}  // namespace

void StartPython(const PythonHooks& hooks) {
  if (CurrentRecording() == nullptr || !CurrentOptions().python || !PythonCodesInit(LogCode)) return;
  ThreadState* state = Enter();
  if (state == nullptr) return;
  SetPythonDepthLimit(CurrentOptions().depth);
  PythonInit({hooks, OnPythonFound, LogRuntime});
  SetModuleMet(PythonModuleMet);
  dl_iterate_phdr(MeetLoadedModule, nullptr);
  CheckPythonRuntimes();
  if (!ThereIsPython() && IsNamedLikePython(*CurrentRecording()->file.header())) {
    LogRuntime({0, format::PythonSupport::kNotVisible,
                "an interpreter that does not export CPython's functions: its objects are not visible",
                format::PythonReuse::kUnseen});
  }
  Leave(state);
}

void ResetPythonOfThread(ThreadState* state) {
  ForgetPythonStack(*state->python);
  if (!FrameCaptureInit(state->python->native, StackTop())) state->python = nullptr;
}

bool IsForPython(PendingCall& call, const void* block, std::size_t size_bytes) {
  if (size_bytes < call.size_bytes || size_bytes - call.size_bytes > kMaxExtraBytes) return false;
  call.nested_start = Address(block);
  call.nested_end = Address(block) + size_bytes;
  return true;
}

void EndPythonCall(ThreadState* state, PythonInstallation& installation, void* block, const Caller& caller) {
  const PendingCall& call = state->pending;
  state->pending.is_set = false;
  if (block == nullptr || state->ready == 0) return;
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const std::uintptr_t behind = Address(block) - call.nested_start;
  const bool is_from_malloc = call.nested_start != 0 && behind <= call.nested_end - call.nested_start;
  if (is_from_malloc)
    installation.header_bytes.store(static_cast<std::uint32_t>(behind), std::memory_order_relaxed);
  if (__builtin_expect(g_paused, 0)) return Leave(state);
  PythonRuntime& runtime = *installation.runtime;
  const std::uint32_t node = PythonNode(state, runtime, installation.kind, is_from_malloc, caller);
  // Of malloc's block another thread may have been the last owner, with no lock.
  if (is_from_malloc) return WriteAllocation(state, block, call.size_bytes, node);
  if (__builtin_expect(node == 0, 0)) return StopForLackOfMemory();
  if (!EnsureRoom(state)) return;
  if (__builtin_expect(SharesTime(state, runtime), 1)) {
    state->encoder.AllocAtSameTime(Address(block), call.size_bytes, node);
  } else {
    AllocAtOwnTime(state, runtime, Address(block), call.size_bytes, node);
  }
  ++state->allocations;
  Leave(state);
}

std::uint64_t BeginPythonFree(ThreadState* state, const PythonInstallation& installation, void* block) {
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (installation.kind == format::AllocKind::kPythonObject) PythonObjectFreed(Address(block));
  if (!EnsureRoom(state)) return 0;
  PythonRuntime& runtime = *installation.runtime;
  if (__builtin_expect(SharesTime(state, runtime), 1)) {
    state->encoder.FreeAtSameTime(Address(block), format::FreeForm::kFree);
  } else {
    FreeAtOwnTime(state, runtime, Address(block));
  }
  state->deleting = Address(block) - installation.header_bytes.load(std::memory_order_relaxed);
  const std::uint64_t frees = ++state->frees;
  Leave(state);
  return frees;
}

void PythonFreeUnseen(const PythonInstallation& installation) {
  if (installation.kind == format::AllocKind::kPythonObject && CurrentRecording() != nullptr)
    PythonFramesMayBeGone();
}

void BeginPythonRealloc(ThreadState* state, const PythonInstallation& installation, void* old_block,
                        std::size_t size_bytes) {
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (!EnsureRoom(state)) return;
  state->encoder.ReallocBegin(NowTicks(), Address(old_block));
  ++state->frees;
  state->deleting = Address(old_block) - installation.header_bytes.load(std::memory_order_relaxed);
  Leave(state);
  BeginPythonCall(state, size_bytes);
}

void EndPythonRealloc(ThreadState* state, PythonInstallation& installation, void* old_block, void* block,
                      const Caller& caller) {
  state->deleting = 0;
  if (installation.kind == format::AllocKind::kPythonObject) PythonFramesMayBeGone();
  if (block != nullptr) return EndPythonCall(state, installation, block, caller);
  state->pending.is_set = false;
  if (state->ready == 0) return;
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (!EnsureRoom(state)) return;
  state->encoder.ReallocCancel(NowTicks(), Address(old_block));
  --state->frees;
  Leave(state);
}

void RecordPythonReuse(PythonRuntime& runtime, std::uintptr_t object) {
  ThreadState* state = tls_state;
  if (state->ready == 0 || state->pending.is_set || state->python == nullptr || g_paused) return;
  const std::uintptr_t block = BlockOfObject(*runtime.offsets, object);
  const bool is_new = state->encoder.last_address() == block && state->made_objects_at != state->allocations;
  state->made_objects_at = state->allocations;
  if (is_new) return;
  const auto thread_state = reinterpret_cast<std::uintptr_t>(runtime.current_thread_state());
  if (thread_state == 0 || (block & 7) != 0 || !runtime.has_stacks.load(std::memory_order_relaxed)) return;
  state->ready = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  PythonPlace* place = ReadPythonStack(*state->python, runtime, thread_state, true);
  if (place == nullptr) return Leave(state);
  const std::uint32_t node = PythonOnlyNode(*state->python, *place, format::AllocKind::kPythonObject);
  if (node == 0) return StopForLackOfMemory();
  if (!EnsureRoom(state)) return;
  state->encoder.Reuse(OwnTime(state, runtime), block, node);
  Leave(state);
}

void BeforePythonArenaFree(const PythonRuntime& runtime) {
  constexpr unsigned kMaxYields =
      10'000;  // a reader needs less than a microsecond, unless it is not on a processor
  PythonFramesMayBeGone();
  Recording* recording = CurrentRecording();
  if (recording == nullptr || runtime.is_finalizing == nullptr || runtime.is_finalizing() == 0) return;
  SpinLockHolder hold(recording->threads_lock);
  for (ThreadState* state = recording->threads; state != nullptr; state = state->next) {
    const PythonStack* stack = std::atomic_ref<PythonStack*>(state->python).load(std::memory_order_acquire);
    for (unsigned i = 0; i < kMaxYields && stack != nullptr && stack->is_reading_unlocked.load(); ++i)
      sys::Call(SYS_sched_yield);
  }
}

std::uint32_t CaptureWithPython(ThreadState* state, format::AllocKind kind, const Caller& caller) {
  if (__builtin_expect(PythonNeedsCheck(), 0)) CheckPythonRuntimes();
  const unsigned count = g_python_runtime_count.load(std::memory_order_acquire);
  if (__builtin_expect(!ModulesInChange(ModulesStamp()), 1)) {
    for (unsigned i = 0; i < count; ++i) {
      PythonRuntime& runtime = g_python_runtimes[i];
      const bool is_usable = runtime.phase.load(std::memory_order_acquire) == PythonPhase::kHooked &&
                             runtime.has_stacks.load(std::memory_order_relaxed);
      if (!is_usable) continue;
      if (const std::uint32_t node = JoinWith(state, runtime, kind, caller); node != 0) return node;
    }
  }
  return NativeNode(state, kind, caller);
}

}  // namespace memtrace::preload
