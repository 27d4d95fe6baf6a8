// SPDX-License-Identifier: MIT
// How many events a second the analyzer reads and sums up, of the trace that MEMTRACE_BENCH_TRACE names:
//
//     make_trace 100000000 big.mtr && MEMTRACE_BENCH_TRACE=big.mtr analyzer_bench
//
//   Merge      from the file to events in order of time: workers decode ahead, nothing is done with them
//   Profile    what `memtrace top` does before it looks names up
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "analyzer/aggregate/profile.h"
#include "analyzer/reader/trace_reader.h"

namespace {

using namespace memtrace;

reader::TraceReader OpenTrace(benchmark::State& state) {
  const char* path = std::getenv("MEMTRACE_BENCH_TRACE");
  auto reader = reader::TraceReader::Open(path != nullptr ? path : "");
  if (!reader) {
    state.SkipWithError("MEMTRACE_BENCH_TRACE names no trace");
    std::exit(2);
  }
  return std::move(*reader);
}

void Merge(benchmark::State& state) {
  auto reader = OpenTrace(state);
  std::uint64_t events = 0;
  for (auto _ : state) {
    reader.ForEachBatch([&](std::span<const model::Event> batch) { events += batch.size(); });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(Merge)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

void Profile(benchmark::State& state) {
  auto reader = OpenTrace(state);
  std::uint64_t events = 0;
  for (auto _ : state) {
    const aggregate::Profile profile = aggregate::BuildProfile(reader, {});
    events += profile.events;
    benchmark::DoNotOptimize(profile.peak.bytes);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(Profile)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
