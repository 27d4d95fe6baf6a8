// SPDX-License-Identifier: MIT
// The beginning and the end of a recorded process: what happens when the library is loaded, at exit, at _exit
// and at exec, and the few lines on stderr that go with it.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/base/raw_log.h"
#include "preload/buffer/compressor.h"
#include "preload/other_allocator.h"
#include "preload/recorder.h"
#include "preload/recording.h"

extern "C" char** environ;

namespace memtrace::preload {
namespace {

constexpr char kLibraryName[] = "libmemtrace.so";

struct Totals {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
};

Totals SumThreads(Recording& recording) {
  Totals totals;
  SpinLockHolder hold(recording.threads_lock);
  for (ThreadState* state = recording.threads; state != nullptr; state = state->next) {
    totals.allocations += state->allocations;
    totals.frees += state->frees;
    PublishCounters(recording, *state);
  }
  return totals;
}

void SaySummary(Recording& recording, const Totals& totals) {
  const format::FileHeader& header = *recording.file.header();
  Text<1400> line;
  line.AddNumber(totals.allocations).Add(" allocations, ").AddNumber(totals.frees).Add(" frees, ");
  line.AddNumber(header.nested_events_lost).Add(" events lost; ").AddSize(header.file_end).Add(" trace");
  Say(line);
  Say(Text<1400>().Add("next: memtrace top ").Add(recording.file.path().c_str()));
}

// True if the parent process is recorded as well: then this one is a command of a script or a compiler's pass,
// whose stderr somebody may read or count. It keeps quiet; the first program of the tree speaks.
bool ParentIsRecorded(std::uint32_t parent_pid) {
  Text<64> path;
  path.Add("/proc/").AddNumber(parent_pid).Add("/maps");
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong(path.c_str()), O_RDONLY | O_CLOEXEC);
  if (sys::IsError(fd)) return false;
  char text[4096];
  std::size_t matched = 0;  // of the name, across reads
  bool found = false;
  for (long bytes; !found && (bytes = sys::Call(SYS_read, fd, sys::AsLong(text), sizeof(text))) > 0;) {
    for (long i = 0; i < bytes && !found; ++i) {
      matched = text[i] == kLibraryName[matched] ? matched + 1 : (text[i] == kLibraryName[0] ? 1 : 0);
      found = matched == sizeof(kLibraryName) - 1;
    }
  }
  sys::Call(SYS_close, fd);
  return found;
}

// The analyzer stands in ../bin beside the folder of this library, or in the same folder.
bool FindAnalyzer(Path* path) {
  Dl_info self{};
  if (dladdr(&kLibraryName, &self) == 0 || self.dli_fname == nullptr) return false;
  std::size_t folder = Length(self.dli_fname);
  while (folder > 0 && self.dli_fname[folder - 1] != '/') --folder;
  for (const char* place : {"../bin/memtrace", "../../bin/memtrace", "memtrace"}) {
    *path = Path().Add(self.dli_fname, folder).Add(place);
    if (sys::Call(SYS_access, sys::AsLong(path->c_str()), X_OK) == 0) return true;
  }
  return false;
}

// MEMTRACE_REPORT=top: runs `memtrace top TRACE` with its output on our stderr. The child is made without an
// exit signal, so the program's own waits and SIGCHLD handlers never see it.
void RunReport(const Path& trace) {
  Path analyzer;
  if (!FindAnalyzer(&analyzer)) return SayLine("no report: the memtrace command is not beside libmemtrace.so");
  const char* const arguments[] = {"memtrace", "top", trace.c_str(), nullptr};
  const char* const environment[] = {"PATH=/usr/bin:/bin", nullptr};
  const long pid = sys::Call(SYS_clone, CLONE_VM | CLONE_VFORK, 0, 0, 0, 0);
  if (pid == 0) {
    sys::Call(SYS_dup2, 2, 1);
    sys::Call(SYS_execve, sys::AsLong(analyzer.c_str()), sys::AsLong(arguments), sys::AsLong(environment));
    sys::Call(SYS_exit, 127);
  }
  if (sys::IsError(pid)) return;
  while (sys::Call(SYS_wait4, pid, 0, __WALL, 0) == -EINTR) {
  }
}

// Asked once a process, at load; forked children, which never load, say nothing either.
constinit bool g_is_follower = false;

bool ShouldSpeak(const Recording& recording) {
  return !CurrentOptions().quiet && !g_is_follower && !recording.is_forked_child;
}

// An executable that defines malloc itself (its own, or a static jemalloc) is found before us by everybody.
// Then nothing reaches the hooks, and the person who sees an empty trace must be told why.
void NoteForeignMalloc(Recording& recording) {
  Dl_info self{};
  Dl_info owner{};
  Unrecorded ours;
  void* effective = dlsym(RTLD_DEFAULT, "malloc");
  const ElfW(Sym)* symbol = nullptr;
  if (effective == nullptr || dladdr(&kLibraryName, &self) == 0) return;
  if (dladdr1(effective, &owner, const_cast<void**>(reinterpret_cast<const void**>(&symbol)), RTLD_DL_SYMENT) == 0) return;
  if (owner.dli_fbase == self.dli_fbase || owner.dli_fname == nullptr) return;
  // A non-PIE executable that takes malloc's address gives everybody its own PLT entry as that address: an
  // undefined symbol with a value, whose calls come to us as all others do.
  if (symbol != nullptr && symbol->st_shndx == SHN_UNDEF) return;
  Text<1024> text;
  text.Add(owner.dli_fname).Add(" has its own malloc, which is found before ours: its allocations are not recorded");
  NoteForGood(recording, text.c_str());
  if (ShouldSpeak(recording)) Say(text);
}

using GoodSizeFunction = std::size_t (*)(std::size_t);
constinit GoodSizeFunction g_mi_good_size = nullptr;

// What tells how large the blocks of an allocator are, without allocating. Null: its rules are published, or it has
// nothing of the kind. A function of that name in another library than `library` is not it.
BlockSizeFunction FindBlockSize(format::ServingAllocator allocator, const void* library) {
  const bool is_mimalloc = allocator == format::ServingAllocator::kMimalloc;
  if (!is_mimalloc && allocator != format::ServingAllocator::kTcmalloc) return nullptr;
  void* found = dlsym(RTLD_NEXT, is_mimalloc ? "mi_good_size" : "nallocx");
  Dl_info owner{};
  if (found == nullptr || dladdr(found, &owner) == 0 || owner.dli_fbase != library) return nullptr;
  if (!is_mimalloc) return reinterpret_cast<BlockSizeFunction>(found);
  g_mi_good_size = reinterpret_cast<GoodSizeFunction>(found);
  return [](std::size_t bytes, int) { return g_mi_good_size(bytes); };
}

using MallocFunction = void* (*)(std::size_t);
using FreeFunction = void (*)(void*);
constinit MallocFunction g_brought_malloc = nullptr;  // of an allocator that is not glibc's
constinit FreeFunction g_brought_free = nullptr;

// By the file that the next malloc is in.
void FindServingAllocator() {
  static constexpr struct {
    const char* file;
    format::ServingAllocator allocator;
  } kAllocators[] = {{"libc.so", format::ServingAllocator::kGlibc},
                     {"libjemalloc", format::ServingAllocator::kJemalloc},
                     {"libtcmalloc", format::ServingAllocator::kTcmalloc},
                     {"libmimalloc", format::ServingAllocator::kMimalloc}};
  Dl_info owner{};
  void* next = dlsym(RTLD_NEXT, "malloc");
  if (next == nullptr || dladdr(next, &owner) == 0 || owner.dli_fname == nullptr) return;
  const char* name = owner.dli_fname;
  for (const char* p = name; *p != '\0'; ++p) {
    if (*p == '/') name = p + 1;
  }
  for (const auto& known : kAllocators) {
    if (!StartsWith(name, known.file)) continue;
    const bool is_jemalloc = known.allocator == format::ServingAllocator::kJemalloc;
    void* mallctl = is_jemalloc ? dlsym(RTLD_DEFAULT, "mallctl") : nullptr;
    SetServingAllocator(known.allocator, reinterpret_cast<MallctlFunction>(mallctl),
                        FindBlockSize(known.allocator, owner.dli_fbase));
    if (known.allocator == format::ServingAllocator::kGlibc) return;
    g_brought_malloc = reinterpret_cast<MallocFunction>(next);
    g_brought_free = reinterpret_cast<FreeFunction>(dlsym(RTLD_NEXT, "free"));
    return;
  }
}

}  // namespace

// An allocator maps its heap when it is first asked for a block. That would be for us, out of the record, when the
// dynamic linker is asked for something; but the program's blocks will lie in that mapping, so it belongs to the record.
void FindAllocatorAtLoad() {
  {
    Unrecorded ours;
    FindServingAllocator();
  }
  if (g_brought_malloc != nullptr && g_brought_free != nullptr) g_brought_free(g_brought_malloc(1));
}

void StartAtLoad() {
  if (WantsJemalloc()) {
    StartAgainWithJemalloc();
    KeepAllocator();
  }
  {
    Unrecorded ours;
    OpenCompressionLibrary();
    FindCoarseClock();
    LibraryIsLoaded();
  }
  if (ThreadState* state = Enter(); state != nullptr) Leave(state);  // sets up, if no malloc has done it yet
  Recording* recording = CurrentRecording();
  if (recording == nullptr) return;
  ReadMemory(*recording, 0, format::CheckpointReason::kStart);
  g_is_follower = !CurrentOptions().quiet && ParentIsRecorded(recording->file.header()->parent_pid);
  if (!CurrentOptions().follow) RemoveFromPreload(environ, kLibraryName);
  NoteForeignMalloc(*recording);
  if (!ShouldSpeak(*recording)) return;
  Text<1400> line;
  line.Add("recording to ").Add(recording->file.path().c_str());
  if (CurrentOptions().depth == 0) {
    line.Add(" (exact, all frames)");
  } else {
    line.Add(" (exact, ").AddNumber(CurrentOptions().depth).Add(" frames)");
  }
  Say(line);
}

void RecordEnd(format::EndReason reason, int code) {
  Recording* recording = CurrentRecording();
  if (recording == nullptr || IsForeignProcess(*recording)) return;
  ThreadState* state = Enter();
  const std::uint32_t ordinal = state != nullptr ? state->ordinal : 0;
  ReadMemory(*recording, ordinal, format::CheckpointReason::kEnd);
  SumThreads(*recording);
  recording->log.Append(format::LogType::kEnd, format::LogEnd{static_cast<std::uint32_t>(reason), code});
  std::atomic_ref<std::uint32_t>(recording->file.header()->state)
      .store(static_cast<std::uint32_t>(format::RecordingState::kEnded));
  if (state != nullptr) Leave(state);
}

void RecordEndCancelled() {
  Recording* recording = CurrentRecording();
  if (recording == nullptr || IsForeignProcess(*recording)) return;
  recording->log.Append(format::LogType::kEnd,
                        format::LogEnd{static_cast<std::uint32_t>(format::EndReason::kContinues), 0});
  std::atomic_ref<std::uint32_t>(recording->file.header()->state)
      .store(static_cast<std::uint32_t>(format::RecordingState::kRecording));
}

void FinishAtExit() {
  Recording* recording = CurrentRecording();
  if (recording == nullptr || IsForeignProcess(*recording)) return;
  RecordEnd(format::EndReason::kExit, 0);
  if (!ShouldSpeak(*recording)) return;
  SaySummary(*recording, SumThreads(*recording));
  if (CurrentOptions().report_top) RunReport(recording->file.path());
}

}  // namespace memtrace::preload
