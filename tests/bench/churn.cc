// SPDX-License-Identifier: MIT
// A stress program for allocation profilers: 64 call sites, deep stacks whose path shifts all the time, and
// 10,000 live blocks. Prints nanoseconds per allocate+free pair to stderr.
//
//   churn [pairs] [depth] [threads] [burst]      defaults: 2000000 20 1 16
//
//   main ─ Run ─ Descend ×(depth-5), always the same ─ Turn ×5, chosen anew every `burst` pairs ─ Site<n> ─
//   malloc
//
// Build without frame pointers: that is what profilers meet.
#include <pthread.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace {

constexpr int kSites = 64;
constexpr int kTurns = 5;  // frames that change with the path
constexpr int kLiveBlocks = 10000;

struct Work {
  std::uint64_t random;
  int burst;
  long pairs_left;
  int next = 0;
  void* live[kLiveBlocks] = {};

  std::uint64_t Next() {  // xorshift64, Marsaglia (2003)
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  }
};

// A call that no tail call can replace, so that the caller keeps its frame.
#define KEEP_FRAME() asm volatile("" ::: "memory")

template <int kSite>
[[gnu::noinline]] void Site(Work& work, std::size_t bytes) {
  void* block = std::malloc(bytes + kSite);
  std::free(work.live[work.next]);
  work.live[work.next] = block;
  KEEP_FRAME();
}

using SiteFunction = void (*)(Work&, std::size_t);
template <int... kNumbers>
constexpr auto MakeSites(std::integer_sequence<int, kNumbers...>) {
  struct Table {
    SiteFunction sites[sizeof...(kNumbers)];
  };
  return Table{{Site<kNumbers>...}};
}
constexpr auto kSiteTable = MakeSites(std::make_integer_sequence<int, kSites>());

[[gnu::noinline]] void Burst(Work& work) {
  for (int i = 0; i < work.burst && work.pairs_left > 0; ++i, --work.pairs_left) {
    const std::uint64_t random = work.Next();
    kSiteTable.sites[random % kSites](work, 16 + (random >> 8) % 64);
    if (++work.next == kLiveBlocks) work.next = 0;
    KEEP_FRAME();
  }
}

// The next of the frames that change: one of two, each with a frame size of its own.
void Turn(Work& work, std::uint32_t path, int levels);

template <int kWay>
[[gnu::noinline]] void TurnInto(Work& work, std::uint32_t path, int levels) {
  volatile char room[16 + 32 * kWay];
  room[0] = static_cast<char>(path);
  Turn(work, path, levels);
  room[1] = room[0];
}

[[gnu::always_inline]] inline void Turn(Work& work, std::uint32_t path, int levels) {
  using TurnFunction = void (*)(Work&, std::uint32_t, int);
  static constexpr TurnFunction kWays[] = {TurnInto<0>, TurnInto<1>};
  if (levels == 0) {
    Burst(work);
  } else {
    kWays[path & 1](work, path >> 1, levels - 1);
  }
  KEEP_FRAME();
}

[[gnu::noinline]] void Descend(Work& work, int depth) {
  if (depth > 0) {
    Descend(work, depth - 1);
  } else {
    while (work.pairs_left > 0) Turn(work, static_cast<std::uint32_t>(work.Next()), kTurns);
  }
  KEEP_FRAME();
}

struct Task {
  pthread_t thread;
  long pairs;
  int depth;
  int burst;
  std::uint64_t seed;
};

void* Run(void* argument) {
  const Task& task = *static_cast<Task*>(argument);
  auto* work = new Work{task.seed, task.burst, task.pairs};
  Descend(*work, task.depth > kTurns ? task.depth - kTurns : 0);
  for (void* block : work->live) std::free(block);
  delete work;
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const long pairs = argc > 1 ? std::atol(argv[1]) : 2000000;
  const int depth = argc > 2 ? std::atoi(argv[2]) : 20;
  const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
  const int burst = argc > 4 ? std::atoi(argv[4]) : 16;
  if (pairs <= 0 || depth < 0 || threads < 1 || threads > 64 || burst < 1) {
    std::fprintf(stderr, "usage: churn [pairs] [depth] [threads 1..64] [burst]\n");
    return 2;
  }
  static Task tasks[64];
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < threads; ++i) {
    tasks[i] = Task{{}, pairs, depth, burst, 88172645463325252ULL + static_cast<std::uint64_t>(i)};
    if (i > 0) pthread_create(&tasks[i].thread, nullptr, Run, &tasks[i]);
  }
  Run(&tasks[0]);
  for (int i = 1; i < threads; ++i) pthread_join(tasks[i].thread, nullptr);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  timespec cpu;  // of all threads; steadier than the clock where the machine is shared
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  const double cpu_ns = (static_cast<double>(cpu.tv_sec) * 1e9 + static_cast<double>(cpu.tv_nsec)) / threads;
  std::fprintf(stderr, "churn: %.1f ns a pair, %.1f of CPU time\n",
               elapsed.count() / static_cast<double>(pairs), cpu_ns / static_cast<double>(pairs));
}
