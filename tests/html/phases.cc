// SPDX-License-Identifier: MIT
// A program with something in every part of its time: what is kept grows, a worker's memory comes and goes,
// and short-lived blocks run all along. Its names try to break out of the page that shows them.
//
//     page_phases [anything [milliseconds a step]]        60 steps; 4 ms each if not said
#include <memtrace/memtrace.h>
#include <pthread.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Blocks = std::vector<std::unique_ptr<char[]>>;

int step_ms = 4;

void Pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
}

[[gnu::noinline]] void KeepSome(Blocks& kept, std::size_t bytes) {
  kept.push_back(std::make_unique<char[]>(bytes));
}

[[gnu::noinline]] void Churn() {
  for (int i = 0; i < 20; ++i) {
    char* block = new char[500];
    asm volatile("" : : "r"(block) : "memory");
    delete[] block;
  }
}

[[gnu::noinline]] void FillCache(Blocks& cache) {
  for (int i = 0; i < 10; ++i) cache.push_back(std::make_unique<char[]>(3000));
}

void Worker() {
  pthread_setname_np(pthread_self(), "</script><b>x");
  Blocks cache;
  for (int i = 0; i < 40; ++i) {
    FillCache(cache);
    if (i == 25) cache.clear();
    Pause();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) step_ms = std::atoi(argv[2]);
  Blocks kept;
  memtrace_mark("begin");
  std::thread worker(Worker);
  for (std::size_t i = 0; i < 60; ++i) {
    KeepSome(kept, 1000 + i);
    Churn();
    if (i == 30) memtrace_mark("</script><script>document.title='broken'</script>");
    if (i % 20 == 19) kept.erase(kept.begin(), kept.begin() + 5);
    Pause();
  }
  worker.join();
  memtrace_mark("end");
  for (auto& block : kept) block.release();  // never freed
  return 0;
}
