// SPDX-License-Identifier: MIT
#include "preload/recording.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/fork_local.h"
#include "preload/base/raw_log.h"
#include "preload/python/runtime.h"
#include "preload/site/site_tree.h"
#include "preload/trace/checkpoint.h"

extern "C" {
extern char** environ;
extern void* __libc_stack_end;
// Present in programs built with a sanitizer.
void __tsan_init() __attribute__((weak));
void __asan_init() __attribute__((weak));
void __msan_init() __attribute__((weak));
}

namespace memtrace::preload {
namespace {

// What a forked child keeps: the settings, and which file was its parent's.
constinit Options g_options{};
constinit char g_out_pattern[sizeof(Path)] = {};
constinit bool g_options_read = false;
constinit bool g_settings_wrong = false;
constinit bool g_library_is_loaded = false;
constinit bool g_helper_allowed = false;
constinit std::uint32_t g_recordings_started = 0;
constinit int g_parent_fd = -1;
constinit struct stat g_parent_file {};

constinit std::atomic<Recording*> g_recording{nullptr};

// A sanitizer's runtime replaces memcpy and its like, and until it is set up these must not be called.
bool HasSanitizer() { return __tsan_init != nullptr || __asan_init != nullptr || __msan_init != nullptr; }

// The process's environment; before libc's own start, which sets environ, as the kernel laid it on the stack:
// argc, argv, null, environment (System V psABI x86-64, 3.4.1).
char** Environment() {
  if (environ != nullptr) return environ;
  auto* stack = static_cast<long*>(__libc_stack_end);
  return reinterpret_cast<char**>(stack + 1 + stack[0] + 1);
}

void AddEscaped(Path* pattern, const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '%') pattern->Add('%');
    pattern->Add(*text);
  }
}

// Makes the pattern absolute, so that a forked child that has gone elsewhere, as daemons do, still writes beside
// its parent; and keeps a copy, for the environment may change under us.
void FixPattern() {
  const char* pattern = g_options.out != nullptr ? g_options.out : kDefaultTracePattern;
  char folder[1024];
  Path fixed;
  if (pattern[0] != '/' && !sys::IsError(sys::Call(SYS_getcwd, sys::AsLong(folder), sizeof(folder)))) {
    AddEscaped(&fixed, folder);
    fixed.Add('/');
  }
  fixed.Add(pattern);
  memcpy(g_out_pattern, fixed.c_str(), fixed.size() + 1);
  g_options.out = g_out_pattern;
}

bool LoadOptions() {
  if (g_options_read) return !g_settings_wrong;
  g_options_read = true;
  g_settings_wrong = !ReadOptions(Environment(), &g_options);
  FixPattern();
  return !g_settings_wrong;
}

Recording* RecordingMemory() {
  Recording* recording = g_recording.load(std::memory_order_acquire);
  if (recording != nullptr) return recording;
  auto* fresh = static_cast<Recording*>(MapForkLocal(sizeof(Recording)));
  if (fresh == nullptr) return nullptr;
  if (g_recording.compare_exchange_strong(recording, fresh)) return fresh;
  UnmapPrivate(fresh, sizeof(Recording));
  return recording;
}

std::uint32_t ReadFileInto(const char* path, char* out, std::size_t capacity) {
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong(path), O_RDONLY | O_CLOEXEC);
  if (sys::IsError(fd)) return 0;
  const long bytes = sys::Call(SYS_read, fd, sys::AsLong(out), static_cast<long>(capacity));
  sys::Call(SYS_close, fd);
  return bytes > 0 ? static_cast<std::uint32_t>(bytes) : 0;
}

std::uint32_t AtLeastZero(long value) { return value > 0 ? static_cast<std::uint32_t>(value) : 0; }

void FillHeader(Recording& recording, const NameFacts& facts) {
  format::FileHeader& header = *recording.file.header();
  header.version = format::kFormatVersion;
  header.header_bytes = format::kFileHeaderBytes;
  header.pid = recording.pid;
  header.parent_pid = static_cast<std::uint32_t>(sys::Call(SYS_getppid));
  header.tick_shift = kTickShift;
  header.max_depth = g_options.depth;
  header.start_ticks = NowTicks();
  header.start_monotonic_ns = MonotonicNs();
  header.start_realtime_ns = facts.realtime_ns;
  header.latest_ticks = header.start_ticks;
  header.latest_monotonic_ns = header.start_monotonic_ns;
  header.nominal_ticks_per_second = NominalTicksPerSecond();
  header.node_count = 1;
  header.page_bytes = format::kPageBytes;
  memcpy(header.comm, facts.comm, Length(facts.comm));
  memcpy(header.host, facts.host, Length(facts.host));
  header.exe_bytes =
      AtLeastZero(sys::Call(SYS_readlink, sys::AsLong("/proc/self/exe"), sys::AsLong(header.exe), sizeof(header.exe)));
  const long cwd = sys::Call(SYS_getcwd, sys::AsLong(header.working_directory), sizeof(header.working_directory));
  header.working_directory_bytes = cwd > 0 ? AtLeastZero(cwd - 1) : 0;
  header.command_line_bytes =
      ReadFileInto("/proc/self/cmdline", header.command_line, sizeof(header.command_line));
  std::atomic_signal_fence(std::memory_order_seq_cst);
  memcpy(header.magic, format::kFileMagic, sizeof(header.magic));  // last: now it is a trace
}

format::SiteNode* GrowNodes(std::uint32_t first_id, std::uint32_t capacity) {
  Recording* recording = g_recording.load(std::memory_order_relaxed);
  const std::size_t head_bytes = sizeof(format::ChunkHeader) + sizeof(format::NodesHeader);
  const std::size_t bytes = (head_bytes + capacity * sizeof(format::SiteNode) + 4095) & ~std::size_t{4095};
  auto* chunk = static_cast<char*>(recording->file.MapChunk(format::ChunkKind::kNodes, bytes));
  if (chunk == nullptr) return nullptr;
  auto* nodes = reinterpret_cast<format::NodesHeader*>(chunk + sizeof(format::ChunkHeader));
  nodes->first_id = first_id;
  std::atomic_ref<std::uint32_t>(nodes->capacity).store(capacity, std::memory_order_release);
  return reinterpret_cast<format::SiteNode*>(chunk + head_bytes);
}

// What has been written to the file need not stay in the process: it is in the page cache, and the kernel writes it.
void ForgetWritten(const void* first, std::size_t bytes) {
  constexpr std::uintptr_t kPageMask = 4095;
  const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(first) & ~kPageMask;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(first) + bytes) & ~kPageMask;
  sys::Call(SYS_madvise, static_cast<long>(start), static_cast<long>(end - start), MADV_DONTNEED);
}

void ForgetNodes(const format::SiteNode* first, std::uint32_t count) {
  ForgetWritten(first, count * sizeof(format::SiteNode));
}

void LogModuleFound(const ModuleInfo& module) {
  format::LogModule record{};
  record.start = module.start;
  record.end = module.end;
  record.load_bias = module.load_bias;
  record.id = module.id;
  record.generation = module.generation;
  record.build_id_bytes = module.build_id_bytes;
  record.path_bytes = module.path_bytes;
  g_recording.load(std::memory_order_relaxed)
      ->log.Append(format::LogType::kModule, record, Bytes{module.build_id, module.build_id_bytes},
                   Bytes{module.path, module.path_bytes});
}

// The descriptor that the child of a fork has of its parent's trace, if it still is that.
void CloseParentsFile() {
  struct stat status {};
  if (g_parent_fd < 0 || sys::Call(SYS_fstat, g_parent_fd, sys::AsLong(&status)) != 0) return;
  if (status.st_dev == g_parent_file.st_dev && status.st_ino == g_parent_file.st_ino) {
    sys::Call(SYS_close, g_parent_fd);
  }
}

void RememberFile(const Recording& recording) {
  g_parent_fd = recording.file.fd();
  sys::Call(SYS_fstat, g_parent_fd, sys::AsLong(&g_parent_file));
}

bool MayHaveHelper(const Recording& recording) {
  return g_options.helper && g_helper_allowed && !recording.is_forked_child && recording.file.keeps_descriptor();
}

int OpenParts(Recording& recording) {
  utsname system{};
  sys::Call(SYS_uname, sys::AsLong(&system));
  char comm[16] = {};
  sys::Call(SYS_prctl, PR_GET_NAME, sys::AsLong(comm));
  const NameFacts facts{comm, system.nodename, recording.pid, RealtimeNs()};
  if (const int error = recording.file.Create(g_options.out, facts); error < 0) return error;
  FillHeader(recording, facts);
  RememberFile(recording);
  const NodeStorage storage{GrowNodes, ForgetNodes};
  const bool opened = recording.log.Init(&recording.file) &&
                      (recording.is_forked_child ? SiteTreeReset(storage) : SiteTreeInit(storage));
  if (!opened) return recording.file.last_error() != 0 ? recording.file.last_error() : -ENOMEM;
  recording.windows.Init(&recording.file, g_options.compress);
  recording.sealer.Init(&recording.windows, MayHaveHelper(recording));
  if (recording.is_forked_child) {
    StackResetAfterFork();
  } else if (!StackInit(StackOptions{g_options.depth, LogModuleFound})) {
    return -ENOMEM;
  }
  return 0;
}

void SayCannotStart(const Recording& recording, int error) {
  Text<1400> line;
  line.Add("cannot write the trace ").Add(recording.file.path().c_str()).Add(": ").Add(ErrnoText(-error).c_str());
  line.Add("; the program runs unprofiled. MEMTRACE_OUT sets another path.");
  Say(line);
}

// Survives fork, unlike what the recording keeps.
constinit Text<1024> g_note_for_good;

void AppendNote(Recording& recording, const char* text) {
  const format::LogNote note{1, static_cast<std::uint32_t>(Length(text))};
  recording.log.Append(format::LogType::kNote, note, Bytes{text, note.text_bytes});
}

bool Start(Recording& recording) {
  recording.pid = static_cast<std::uint32_t>(sys::Call(SYS_getpid));
  recording.is_forked_child = g_recordings_started > 0;
  if (recording.is_forked_child) CloseParentsFile();
  if (const int error = OpenParts(recording); error < 0) {
    SayCannotStart(recording, error);
    return false;
  }
  ++g_recordings_started;
  if (recording.is_forked_child) {
    ReadMemory(recording, 0, format::CheckpointReason::kStart);
  } else {  // libc may not be ready for more; see StartAtLoad
    TakeCheckpoint(recording.file, recording.log, 0, format::CheckpointReason::kStart, false);
  }
  if (g_note_for_good.size() > 0) AppendNote(recording, g_note_for_good.c_str());
  return true;
}

constexpr std::uint64_t kCheckpointEveryNs = 10'000'000;

constinit format::ServingAllocator g_allocator = format::ServingAllocator::kOther;
constinit MallctlFunction g_mallctl = nullptr;
constinit BlockSizes g_block_sizes{};

void TakeReading(Recording& recording, const MemoryRequest& request, std::uint64_t resident_bytes) {
  MemoryCost cost;
  if (recording.memory.Read(request, recording.file, recording.log, &cost)) {
    recording.memory_pace.Taken(MonotonicNs(), resident_bytes, cost);
  }
}

bool ThreadIsGone(const Recording& recording, std::uint32_t tid) {
  return sys::Call(SYS_tgkill, recording.pid, tid, 0) == -ESRCH;
}

// Looks at a few states at a time: with ten thousand live threads, starting one more must stay cheap.
ThreadState* FindEnded(Recording& recording, std::uint32_t own_tid) {
  constexpr unsigned kLooks = 32;
  ThreadState* state = recording.next_to_check;
  for (unsigned i = 0; i < kLooks; ++i) {
    if (state == nullptr) state = recording.threads;
    if (state == nullptr) return nullptr;
    if (state->tid == own_tid || ThreadIsGone(recording, state->tid)) {
      recording.next_to_check = state->next;
      return state;
    }
    state = state->next;
    if (state == recording.next_to_check) break;
  }
  recording.next_to_check = state;
  return nullptr;
}

}  // namespace

const Options& CurrentOptions() { return g_options; }

Recording* CurrentRecording() {
  Recording* recording = g_recording.load(std::memory_order_acquire);
  if (recording == nullptr || recording->phase.load(std::memory_order_acquire) != RecordingPhase::kOn) return nullptr;
  return recording;
}

Recording* StartRecording() {
  if (g_settings_wrong || (!g_library_is_loaded && HasSanitizer())) return nullptr;
  Recording* recording = RecordingMemory();
  if (recording == nullptr) return nullptr;
  RecordingPhase phase = recording->phase.load(std::memory_order_acquire);
  if (phase == RecordingPhase::kOn) return recording;
  if (phase != RecordingPhase::kNone ||
      !recording->phase.compare_exchange_strong(phase, RecordingPhase::kStarting)) {
    return nullptr;
  }
  const bool is_understood = LoadOptions();
  if (is_understood && g_options.wants_jemalloc) {  // to be started anew first
    recording->phase.store(RecordingPhase::kNone, std::memory_order_release);
    return nullptr;
  }
  const bool started = is_understood && Start(*recording);
  recording->phase.store(started ? RecordingPhase::kOn : RecordingPhase::kStopped, std::memory_order_release);
  if (started && recording->is_forked_child) ReportPythonRuntimes();
  return started ? recording : nullptr;
}

bool WantsJemalloc() {
  LoadOptions();
  return g_options.wants_jemalloc;
}

void KeepAllocator() { g_options.wants_jemalloc = false; }

void DoNotStart() { g_settings_wrong = g_options_read = true; }

void LibraryIsLoaded() {
  g_library_is_loaded = true;
  if (HasSanitizer()) return;
  g_helper_allowed = true;
  Recording* recording = CurrentRecording();
  if (recording != nullptr) recording->sealer.Init(&recording->windows, MayHaveHelper(*recording));
}

bool IsForeignProcess(const Recording& recording) {
  return static_cast<std::uint32_t>(sys::Call(SYS_getpid)) != recording.pid;
}

void StopRecording(Recording& recording, int error, const char* reason) {
  RecordingPhase on = RecordingPhase::kOn;
  if (!recording.phase.compare_exchange_strong(on, RecordingPhase::kStopped)) return;
  format::FileHeader* header = recording.file.header();
  header->stop_errno = -error;
  std::atomic_ref<std::uint32_t>(header->state).store(static_cast<std::uint32_t>(format::RecordingState::kStopped));
  const auto errno_text = ErrnoText(-error);
  Text<256> text;
  text.Add("recording stopped: ").Add(reason != nullptr ? reason : errno_text.c_str());
  AppendNote(recording, text.c_str());
  if (g_options.quiet || reason != nullptr) return;
  Text<1400> line;
  Say(line.Add(text.c_str()).Add("; the program goes on. What was recorded is in ").Add(recording.file.path().c_str()));
}

void NoteForGood(Recording& recording, const char* text) {
  g_note_for_good.Truncate(0);
  g_note_for_good.Add(text);
  AppendNote(recording, text);
}

ThreadState* TakeThreadState(Recording& recording) {
  const auto tid = static_cast<std::uint32_t>(sys::Call(SYS_gettid));
  SpinLockHolder hold(recording.threads_lock);
  ThreadState* state = FindEnded(recording, tid);
  if (state == nullptr) {
    state = static_cast<ThreadState*>(MapForkLocal(sizeof(ThreadState)));
    if (state == nullptr) return nullptr;
    state->next = recording.threads;
    recording.threads = state;
  }
  state->tid = tid;
  state->ordinal = recording.thread_count++;
  std::atomic_ref<std::uint64_t>(recording.file.header()->thread_count).store(recording.thread_count);
  return state;
}

void SetServingAllocator(format::ServingAllocator allocator, MallctlFunction mallctl, BlockSizeFunction block_size) {
  g_allocator = allocator;
  g_mallctl = mallctl;
  if (block_size != nullptr) g_block_sizes.Ask(allocator, block_size);
}

void ReadMemory(Recording& recording, std::uint32_t thread, format::CheckpointReason reason) {
  const bool is_mark = reason == format::CheckpointReason::kMark;
  if (reason == format::CheckpointReason::kStart) g_block_sizes.AppendTo(recording.log);
  const std::uint64_t resident = TakeCheckpoint(recording.file, recording.log, thread, reason, is_mark);
  const std::uint64_t started_ns = recording.file.header()->start_monotonic_ns;
  if (is_mark && !recording.memory_pace.IsMarkDue(MonotonicNs(), started_ns)) return;
  TakeReading(recording, {thread, reason, g_allocator, is_mark ? g_mallctl : nullptr, recording.is_forked_child}, resident);
}

void ReadMemoryIfDue(Recording& recording, std::uint32_t thread) {
  format::FileHeader* header = recording.file.header();
  const std::uint64_t latest = std::atomic_ref<std::uint64_t>(header->latest_monotonic_ns).load();
  const std::uint64_t now_ns = MonotonicNs();
  if (now_ns - latest <= kCheckpointEveryNs) return;
  const std::uint64_t resident =
      TakeCheckpoint(recording.file, recording.log, thread, format::CheckpointReason::kPeriodic, false);
  const auto reason = recording.memory_pace.ReasonFor(now_ns, header->start_monotonic_ns, resident);
  if (reason) TakeReading(recording, {thread, *reason, g_allocator, nullptr, recording.is_forked_child}, resident);
}

void PublishCounters(Recording& recording, ThreadState& state) {
  format::FileHeader* header = recording.file.header();
  const auto add = [](std::uint64_t& total, std::uint64_t gained) {
    if (gained != 0) std::atomic_ref<std::uint64_t>(total).fetch_add(gained, std::memory_order_relaxed);
  };
  const CaptureCounters now = state.capture.counters;
  add(header->truncated_stacks, now.truncated_stacks - state.counted.truncated_stacks);
  add(header->guessed_frames, now.guessed_frames - state.counted.guessed_frames);
  state.counted = now;
  add(header->nested_events_lost, state.nested_lost);
  state.nested_lost = 0;
  std::atomic_ref<std::uint64_t>(header->node_count).store(SiteTreeNodeCount(), std::memory_order_relaxed);
}

}  // namespace memtrace::preload
