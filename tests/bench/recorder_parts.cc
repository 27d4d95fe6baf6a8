// SPDX-License-Identifier: MIT
// What the parts of recording one event cost, each alone: the clock, the encoder, the site index, the capture of a
// stack. The whole is measured on real programs by tools/bench_vs_peers.
//
//   build/release/tests/recorder_parts [--benchmark_filter=Capture]
#include <benchmark/benchmark.h>
#include <pthread.h>

#include <cstdint>
#include <vector>

#include "preload/base/arena.h"
#include "preload/base/clock.h"
#include "preload/buffer/event_encoder.h"
#include "preload/site/site_index.h"
#include "preload/site/site_tree.h"
#include "preload/stack/capture_inline.h"

namespace memtrace::preload {
namespace {

format::SiteNode* GrowFromArena(std::uint32_t, std::uint32_t capacity) {
  return MapArray<format::SiteNode>(capacity);
}

void Clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(NowTicks());
}
BENCHMARK(Clock);

// A malloc and its free, as programs make them: sizes and places near the last ones.
void EncodePair(benchmark::State& state) {
  static std::vector<std::uint8_t> memory(format::kWindowBytes + format::kPageBytes);
  auto* window = reinterpret_cast<format::WindowHeader*>(memory.data());
  EventEncoder encoder;
  encoder.Begin(window);
  std::uint64_t ticks = 0;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    if (!encoder.HasRoom()) {
      bytes += encoder.used_bytes();
      window->used_bytes = 0;
      encoder.Begin(window);
    }
    ticks += 9;
    const std::uint64_t address = 0x7f0000000000 + (ticks * 2654435761 & 0xffff0);
    encoder.Alloc(ticks, address, 24 + (ticks & 63), static_cast<std::uint32_t>(1000 + (ticks & 255)));
    encoder.Free(ticks + 4, address, format::FreeForm::kFree);
  }
  state.counters["bytes_a_pair"] =
      benchmark::Counter(static_cast<double>(bytes + encoder.used_bytes()) / static_cast<double>(state.iterations()));
}
BENCHMARK(EncodePair);

// Lookups of known nodes, in an order that no cache foresees, among that many.
void FindNode(benchmark::State& state) {
  SiteTreeReset(NodeStorage{GrowFromArena});
  struct Known {
    std::uint32_t parent;
    std::uint64_t path_hash;
  };
  std::vector<Known> nodes;
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::uint64_t path_hash = SitePathHash(0, i * 16);
    SiteTreeChild(0, i * 16, path_hash);
    nodes.push_back({0, path_hash});
  }
  std::uint64_t random = 88172645463325252ULL;
  for (auto _ : state) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    const Known& node = nodes[random % count];
    benchmark::DoNotOptimize(SiteIndexFindIn(*g_site_index.load(), node.path_hash, node.parent));
  }
}
BENCHMARK(FindNode)->Arg(1000)->Arg(60'000)->Arg(1'000'000);

ThreadCapture* g_thread = nullptr;

[[gnu::noinline]] std::uint32_t Hook() {
  auto* const frame = static_cast<std::uintptr_t*>(__builtin_frame_address(0));
  return CaptureInline(*g_thread, frame[1], reinterpret_cast<std::uintptr_t>(frame + 2), frame[0],
                       format::AllocKind::kMalloc);
}

// Two call sites in turn: the stack is known but for its innermost frame, as in a loop that allocates.
[[gnu::noinline]] void AllocateTwice() {
  benchmark::DoNotOptimize(Hook());
  benchmark::ClobberMemory();
  benchmark::DoNotOptimize(Hook());
  benchmark::ClobberMemory();
}

[[gnu::noinline]] void Descend(benchmark::State& state, std::int64_t depth) {
  if (depth > 0) {
    Descend(state, depth - 1);
  } else {
    for (auto _ : state) AllocateTwice();
  }
  benchmark::ClobberMemory();
}

std::uintptr_t StackTop() {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* low = nullptr;
  std::size_t bytes = 0;
  pthread_attr_getstack(&attributes, &low, &bytes);
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<std::uintptr_t>(low) + bytes;
}

void CapturePair(benchmark::State& state) {
  SiteTreeReset(NodeStorage{GrowFromArena});
  StackInit(StackOptions{0, nullptr});
  g_thread = MapArray<ThreadCapture>(1);
  ThreadCaptureInit(*g_thread, 0, StackTop());
  Descend(state, state.range(0));
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(CapturePair)->Arg(4)->Arg(20)->Arg(40)->Arg(400);

}  // namespace
}  // namespace memtrace::preload

BENCHMARK_MAIN();
