// SPDX-License-Identifier: MIT
// Stacks that are hard to walk, all with allocations in them. Meant to be run under a checking build
// (-DMEMTRACE_CHECK_STACKS=N), which compares each stack with libunwind; on its own it only must not crash.
//
//   torture [scale] [scenario]...      all scenarios by default; prints nothing but its verdict
//
// Each scenario is one function and one line of the table at the end.
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int g_scale = 10;
std::string g_plugin_folder;

#define KEEP_FRAME() asm volatile("" ::: "memory")

// One allocation that no optimizer removes.
[[gnu::noinline]] void Touch(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  std::free(block);
  KEEP_FRAME();
}

std::uint32_t g_random = 12345;
std::uint32_t Random() {  // numerical recipes' linear congruence
  g_random = g_random * 1664525u + 1013904223u;
  return g_random >> 8;
}

// ---- frames of changing size: alloca makes rbp the frame's base, and the same rbp may come with other
// frames

[[gnu::noinline]] void Alloca(int depth);
[[gnu::noinline]] void Plain(int depth) {
  Touch(24);
  if (depth > 0) (Random() & 1) != 0 ? Plain(depth - 1) : Alloca(depth - 1);
  Touch(32);
  KEEP_FRAME();
}
[[gnu::noinline]] void Alloca(int depth) {
  auto* room = static_cast<volatile char*>(alloca(16 + Random() % 500));
  room[0] = 1;
  Touch(40);
  if (depth > 0) (Random() & 1) != 0 ? Plain(depth - 1) : Alloca(depth - 1);
  Touch(48);
  room[1] = room[0];
}
void MixedRecursion() {
  for (int i = 0; i < 20 * g_scale; ++i) Alloca(static_cast<int>(Random() % 30));
}

// ---- the same frames inside, the same return addresses in memory, and yet another stack: what one frame
// loses the next one gains by alloca, so only the saved rbp tells, and old return addresses lie around
// untouched

[[gnu::noinline]] void Innermost(std::uint64_t a, std::uint64_t b) {
  // Many values that live across a call: rbp is saved and used for one of them.
  std::uint64_t v[6] = {a + b, a - b, a * b, a ^ b, a & b, a | b};
  Touch(72);  // one call only: then no frame inside the saved rbp ever changes
  asm volatile("" : "+r"(v[0]), "+r"(v[1]), "+r"(v[2]), "+r"(v[3]), "+r"(v[4]), "+r"(v[5]));
}
[[gnu::noinline]] void Gain(std::size_t bytes) {
  auto* volatile room = static_cast<char*>(alloca(bytes));
  Innermost(reinterpret_cast<std::uint64_t>(room), bytes);
  KEEP_FRAME();
}
template <int kLoss>
[[gnu::noinline]] void Lose() {
  volatile char room[64 + 16 * kLoss];
  room[0] = 1;
  Gain(512 - 16 * kLoss);
  room[1] = room[0];
}
void CompensatedFrames() {
  for (int i = 0; i < 20 * g_scale; ++i) {
    switch (Random() % 4) {
      case 0:
        Lose<0>();
        break;
      case 1:
        Lose<1>();
        break;
      case 2:
        Lose<2>();
        break;
      default:
        Lose<5>();
    }
  }
}

// ---- over-aligned frames: the caller's stack pointer is found through memory

[[gnu::noinline]] void Aligned(int depth, int value) {
  alignas(64) volatile char room[128];
  room[0] = static_cast<char>(value);
  auto* more = static_cast<volatile char*>(alloca(1 + static_cast<unsigned>(value) % 100));
  more[0] = room[0];
  Touch(56);
  if (depth > 0) (value & 1) != 0 ? Aligned(depth - 1, value >> 1) : Plain(depth - 1);
  Touch(64);
  room[1] = more[0];
}
void OverAlignedFrames() {
  for (int i = 0; i < 20 * g_scale; ++i) Aligned(static_cast<int>(Random() % 12), static_cast<int>(Random()));
}

// ---- exceptions and jumps leave frames without a return

[[gnu::noinline]] void ThrowAt(int depth) {
  const std::string text(40, 'x');
  if (depth == 0) throw std::runtime_error(text);
  ThrowAt(depth - 1);
  Touch(text.size());
}
void Exceptions() {
  for (int i = 0; i < 10 * g_scale; ++i) {
    try {
      ThrowAt(static_cast<int>(Random() % 20));
    } catch (const std::exception& error) {
      Touch(std::strlen(error.what()));
    }
  }
}

jmp_buf g_jump;
[[gnu::noinline]] void JumpAt(int depth) {
  Touch(16);
  if (depth == 0) longjmp(g_jump, 1);
  if (depth > 0) JumpAt(depth - 1);
  KEEP_FRAME();
}
[[gnu::noinline]] void JumpOnce() {
  if (setjmp(g_jump) == 0) JumpAt(static_cast<int>(Random() % 20));
  Touch(24);
}
void Jumps() {
  for (int i = 0; i < 10 * g_scale; ++i) JumpOnce();
}

// ---- signals: frames that were interrupted anywhere

[[gnu::noinline]] void Work(int depth) {
  Touch(64);
  if (depth > 0) Work(depth - 1);
  KEEP_FRAME();
}
// Between these the handler may allocate: malloc itself is not being run then.
std::atomic<bool> g_may_allocate{false};
std::atomic<int> g_handled{0};
void Handler(int) {
  if (!g_may_allocate.load(std::memory_order_relaxed)) return;
  Work(3);
  g_handled.fetch_add(1, std::memory_order_relaxed);
}
void SetHandler(int number, int flags) {
  struct sigaction action {};
  action.sa_handler = Handler;
  action.sa_flags = flags;
  sigaction(number, &action, nullptr);
}
[[gnu::noinline]] std::uint64_t Compute(int depth, std::uint64_t value) {
  alignas(32) volatile std::uint64_t room[8] = {value, 1, 2, 3, 4, 5, 6, 7};
  for (int i = 0; i < 200; ++i) room[i % 8] = room[(i + 1) % 8] * 31 + value;
  const std::uint64_t inner = depth > 0 ? Compute(depth - 1, room[3]) : 0;
  return inner + room[5];
}
void RaisedSignals() {
  SetHandler(SIGUSR1, 0);
  g_may_allocate = true;
  for (int i = 0; i < 10 * g_scale; ++i) {
    raise(SIGUSR1);
    Plain(3);
  }
  g_may_allocate = false;
}
void TimerSignals() {
  SetHandler(SIGALRM, SA_RESTART);
  const itimerval often{{0, 500}, {0, 500}};
  const itimerval never{};
  g_handled = 0;
  setitimer(ITIMER_REAL, &often, nullptr);
  g_may_allocate = true;
  volatile std::uint64_t sum = 0;
  for (long turns = 0; g_handled < 10 * g_scale && turns < 1000000; ++turns) sum = sum + Compute(20, sum);
  g_may_allocate = false;
  setitimer(ITIMER_REAL, &never, nullptr);
}
void AlternateStack() {
  std::vector<char> memory(64 * 1024);
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  SetHandler(SIGUSR2, SA_ONSTACK);
  g_may_allocate = true;
  for (int i = 0; i < 10 * g_scale; ++i) {
    raise(SIGUSR2);
    Plain(2);
  }
  g_may_allocate = false;
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
}

// ---- coroutines: stacks that are no thread's, and that may end at unmapped memory

ucontext_t g_main_context;
ucontext_t g_coroutine;
[[gnu::noinline]] void Yield() {
  swapcontext(&g_coroutine, &g_main_context);
}
void Coroutine() {
  for (int i = 0; i < 5; ++i) {
    Plain(4);
    Aligned(2, i);
    Yield();
  }
}
void RunCoroutineOn(char* stack, std::size_t bytes) {
  getcontext(&g_coroutine);
  g_coroutine.uc_stack.ss_sp = stack;
  g_coroutine.uc_stack.ss_size = bytes;
  g_coroutine.uc_link = &g_main_context;
  makecontext(&g_coroutine, Coroutine, 0);
  for (int i = 0; i < 6; ++i) {
    swapcontext(&g_main_context, &g_coroutine);
    Plain(2);
  }
}
void Coroutines() {
  constexpr std::size_t kBytes = 64 * 1024;
  for (int i = 0; i < g_scale; ++i) {
    std::vector<char> heap(kBytes);
    RunCoroutineOn(heap.data(), heap.size());
    // Between two holes; unmapped afterwards, so that whatever was remembered of it would be fatal.
    auto* mapped = static_cast<char*>(
        mmap(nullptr, kBytes + 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(mapped, 4096, PROT_NONE);
    mprotect(mapped + 4096 + kBytes, 4096, PROT_NONE);
    RunCoroutineOn(mapped + 4096, kBytes);
    munmap(mapped, kBytes + 2 * 4096);
    Plain(5);
  }
}

// ---- depth

[[gnu::noinline]] void Deep(int depth) {
  if (depth % 3000 == 0) Touch(100);
  if (depth > 0) Deep(depth - 1);
  if (depth % 5000 == 0) Touch(200);
  KEEP_FRAME();
}
void DeepRecursion() {
  for (int i = 0; i < 2; ++i) Deep(30000);
}

// ---- callbacks through libc

int Compare(const void* a, const void* b) {
  Touch(16);
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
void Callbacks() {
  std::vector<int> values(64);
  for (int i = 0; i < g_scale; ++i) {
    for (int& value : values) value = static_cast<int>(Random() % 1000);
    std::qsort(values.data(), values.size(), sizeof values[0], Compare);
  }
}

// ---- threads, many and short, and one with a very small stack

thread_local std::uint32_t t_path = 0;
[[gnu::noinline]] void ThreadWork(int depth) {
  Touch(32);
  if (depth > 0 && (t_path >> depth & 1) != 0) ThreadWork(depth - 1);
  if (depth > 0) ThreadWork(depth - 1 - (depth > 5 ? 5 : 0));
  KEEP_FRAME();
}
void* ThreadMain(void* argument) {
  t_path = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(argument)) * 2654435761u;
  ThreadWork(9);
  return nullptr;
}
void Threads() {
  constexpr int kTogether = 20;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 32 * 1024);
  for (int round = 0; round < 10; ++round) {
    pthread_t threads[kTogether];
    for (int i = 0; i < kTogether; ++i) {
      pthread_create(&threads[i], i % 4 == 0 ? &attributes : nullptr, ThreadMain,
                     reinterpret_cast<void*>(static_cast<std::uintptr_t>(round * kTogether + i)));
    }
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
  }
}

// ---- modules that come and go at one address, while other threads allocate

std::atomic<bool> g_stop{false};
void* Allocate(void*) {
  while (!g_stop.load(std::memory_order_relaxed)) ThreadWork(4);
  return nullptr;
}
using PluginEntry = void (*)(void (*)(std::size_t), int);
bool UsePlugin(const char* name) {
  void* library = dlopen((g_plugin_folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "torture: %s\n", dlerror());
    return false;
  }
  auto enter = reinterpret_cast<PluginEntry>(dlsym(library, "TorturePluginEnter"));
  for (int i = 0; i < 5; ++i) enter(Touch, i);
  dlclose(library);
  return true;
}
bool g_plugins_found = true;
void Modules() {
  pthread_t threads[2];
  g_stop = false;
  for (pthread_t& thread : threads) pthread_create(&thread, nullptr, Allocate, nullptr);
  for (int i = 0; i < 5 * g_scale && g_plugins_found; ++i) {
    g_plugins_found = UsePlugin("/libtorture_plugin_1.so") && UsePlugin("/libtorture_plugin_2.so");
  }
  g_stop = true;
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

struct Scenario {
  const char* name;
  void (*run)();
};
constexpr Scenario kScenarios[] = {
    {"mixed-recursion", MixedRecursion},
    {"compensated-frames", CompensatedFrames},
    {"over-aligned", OverAlignedFrames},
    {"exceptions", Exceptions},
    {"jumps", Jumps},
    {"raised-signals", RaisedSignals},
    {"timer-signals", TimerSignals},
    {"alternate-stack", AlternateStack},
    {"coroutines", Coroutines},
    {"deep-recursion", DeepRecursion},
    {"callbacks", Callbacks},
    {"threads", Threads},
    {"modules", Modules},
};

bool IsWanted(const char* name, int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return true;
  }
  return argc <= 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) g_scale = std::atoi(argv[1]);
  g_plugin_folder = argv[0];
  g_plugin_folder.resize(g_plugin_folder.rfind('/') == std::string::npos ? 0 : g_plugin_folder.rfind('/'));
  if (g_plugin_folder.empty()) g_plugin_folder = ".";
  for (const Scenario& scenario : kScenarios) {
    if (IsWanted(scenario.name, argc, argv)) scenario.run();
  }
  if (!g_plugins_found) return 1;
  std::puts("torture: done");
}
