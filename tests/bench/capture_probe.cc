// SPDX-License-Identifier: MIT
// A preload library that does nothing but capture the stack of every allocation: the stack room alone,
// without the recorder, to measure it (ns a capture) and to check it (-DMEMTRACE_CHECK_STACKS=N).
//
//   LD_PRELOAD=libcapture_probe.so churn          CAPTURE_PROBE_STATS=1 prints counters to stderr at exit
//   CAPTURE_PROBE_DEPTH=n keeps n frames a stack; CAPTURE_PROBE_OFF=1 forwards only, the base to subtract
#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "preload/base/arena.h"
#include "preload/stack/capture_inline.h"

extern "C" {
extern void* __libc_stack_end;  // the dynamic linker's: where the kernel left the main thread's stack pointer
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace memtrace::preload {
namespace {

struct ProbeThread {
  ThreadCapture capture;
  bool busy;
  ProbeThread* next;
};

constinit thread_local ProbeThread* t_thread = nullptr;
constinit thread_local bool t_starting = false;
constinit std::atomic<ProbeThread*> g_threads{nullptr};
constinit bool g_on = false;
constinit pthread_key_t g_key = 0;
constinit std::atomic<ProbeThread*> g_idle{nullptr};
constinit std::atomic_flag g_idle_lock = ATOMIC_FLAG_INIT;

format::SiteNode* GrowNodes(std::uint32_t, std::uint32_t capacity) {
  return MapArray<format::SiteNode>(capacity);
}

ProbeThread* TakeIdle() {
  while (g_idle_lock.test_and_set(std::memory_order_acquire)) {
  }
  ProbeThread* thread = g_idle.load(std::memory_order_relaxed);
  if (thread != nullptr) g_idle.store(thread->next, std::memory_order_relaxed);
  g_idle_lock.clear(std::memory_order_release);
  return thread;
}

void PutIdle(void* value) {
  auto* thread = static_cast<ProbeThread*>(value);
  t_thread = nullptr;
  t_starting = true;  // what this thread allocates from here on is not seen
  while (g_idle_lock.test_and_set(std::memory_order_acquire)) {
  }
  thread->next = g_idle.load(std::memory_order_relaxed);
  g_idle.store(thread, std::memory_order_relaxed);
  g_idle_lock.clear(std::memory_order_release);
}

[[gnu::noinline]] ProbeThread* StartThread() {
  if (!g_on || t_starting) return nullptr;
  t_starting = true;
  const bool is_main = syscall(SYS_gettid) == getpid();
  const auto end = reinterpret_cast<std::uintptr_t>(__libc_stack_end);
  const std::uintptr_t high = is_main ? (end + 4096) & ~std::uintptr_t{4095} : pthread_self();
  ProbeThread* thread = TakeIdle();
  if (thread != nullptr) {
    ThreadCaptureReset(thread->capture, 0, high);
  } else {
    thread = MapArray<ProbeThread>(1);
    if (thread == nullptr || !ThreadCaptureInit(thread->capture, 0, high)) return nullptr;
  }
  thread->busy = true;
  t_thread = thread;
  pthread_setspecific(g_key, thread);
  t_starting = false;
  thread->busy = false;
  return thread;
}

// The hook's caller. Values, not a pointer to the hook's frame: a tail call gives that frame's memory away.
struct Caller {
  std::uintptr_t pc;
  std::uintptr_t sp;
  std::uintptr_t rbp;
};

void* Noted(void* block, Caller caller, format::AllocKind kind) {
  ProbeThread* thread = t_thread;
  if (__builtin_expect(thread == nullptr, 0) && (thread = StartThread()) == nullptr) return block;
  if (__builtin_expect(thread->busy, 0)) return block;
  thread->busy = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  CaptureInline(thread->capture, caller.pc, caller.sp, caller.rbp, kind);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  thread->busy = false;
  return block;
}

// Sets the guard of this thread for as long as it lives.
class Guard {
 public:
  Guard() : thread_(t_thread), was_busy_(thread_ != nullptr && thread_->busy) {
    if (thread_ != nullptr) thread_->busy = true;
  }
  ~Guard() {
    if (thread_ != nullptr) thread_->busy = was_busy_;
  }

 private:
  ProbeThread* thread_;
  bool was_busy_;
};

void ResetInChild() {
  const Guard guard;
  SiteTreeReset(NodeStorage{GrowNodes});
  StackResetAfterFork();
}

void PrintModule(const ModuleInfo& module) {
  if (std::getenv("CAPTURE_PROBE_MODULES") == nullptr) return;
  std::fprintf(stderr, "module %u %lx-%lx bias %lx generation %d build id %d bytes %s\n", module.id,
               module.start, module.end, module.load_bias, module.generation, module.build_id_bytes,
               module.path);
}

[[gnu::constructor]] void Start() {
  const char* depth = std::getenv("CAPTURE_PROBE_DEPTH");
  const std::uint32_t max_depth = depth != nullptr ? static_cast<std::uint32_t>(std::atoi(depth)) : 0;
  if (std::getenv("CAPTURE_PROBE_OFF") != nullptr) return;
  if (!SiteTreeInit(NodeStorage{GrowNodes}) || !StackInit(StackOptions{max_depth, PrintModule})) return;
  pthread_key_create(&g_key, PutIdle);
  pthread_atfork(nullptr, nullptr, ResetInChild);
  g_on = true;
}

[[gnu::destructor]] void Stop() {
  if (std::getenv("CAPTURE_PROBE_STATS") == nullptr || t_thread == nullptr) return;
  t_thread->busy = true;
  const CaptureCounters& c = t_thread->capture.counters;
  std::fprintf(
      stderr,
      "capture probe: captures %lu steps %lu prefix breaks %lu careful %lu truncated %lu guessed %lu; nodes "
      "%lu, own memory %lu KiB\n",
      c.captures, c.rule_steps, c.prefix_breaks, c.foreign_walks, c.truncated_stacks, c.guessed_frames,
      SiteTreeNodeCount(), OwnPrivateBytes() / 1024);
}

}  // namespace
}  // namespace memtrace::preload

using memtrace::format::AllocKind;
using memtrace::preload::Caller;
using memtrace::preload::Noted;

#define PROBE_EXPORT extern "C" [[gnu::visibility("default")]]
#define PROBE_CALLER                                                       \
  Caller {                                                                 \
    reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)),         \
        reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) + 16, \
        *static_cast<std::uintptr_t*>(__builtin_frame_address(0))          \
  }

PROBE_EXPORT void* malloc(std::size_t bytes) {
  return Noted(__libc_malloc(bytes), PROBE_CALLER, AllocKind::kMalloc);
}
PROBE_EXPORT void* calloc(std::size_t count, std::size_t bytes) {
  return Noted(__libc_calloc(count, bytes), PROBE_CALLER, AllocKind::kCalloc);
}
PROBE_EXPORT void* realloc(void* block, std::size_t bytes) {
  return Noted(__libc_realloc(block, bytes), PROBE_CALLER, AllocKind::kRealloc);
}
PROBE_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return Noted(__libc_memalign(alignment, bytes), PROBE_CALLER, AllocKind::kAlignedAlloc);
}
PROBE_EXPORT int dlclose(void* library) {
  static int (*const real)(void*) = reinterpret_cast<int (*)(void*)>(dlsym(RTLD_NEXT, "dlclose"));
  {
    const memtrace::preload::Guard guard;
    memtrace::preload::ModulesChanging();
  }
  const int result = real(library);
  const memtrace::preload::Guard guard;
  memtrace::preload::ModulesChanged();
  return result;
}
