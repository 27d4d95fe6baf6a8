// SPDX-License-Identifier: MIT
// Known answer: blocks that one thread allocates and another frees, and sums by thread. The threads' steps
// are ordered by joins and a barrier, so that the peak is the same in every run.
//
//   producer      allocates 1,000 × 128 bytes and ends
//   consumer      frees 600 of them, the producer's last one first, and allocates 50 × 64
//   worker-0..3   allocate 100, 200, 300, 400 × 256 bytes at once and meet when all are live: the peak;
//                 then each frees a half
//   main          frees the rest, but 100 of the producer's blocks and 10 of each worker's
//
// The peak: 400 × 128 + 50 × 64 + 1,000 × 256 = 310,400 bytes in 1,450 blocks.
// A block freed by another thread is never temporary.
//
// expect: line=@PRODUCED thread=producer peak=51200:400 not-freed=12800:100 total=128000:1000 temporary=0:0
// expect: line=@SCRATCH thread=consumer peak=0:0 not-freed=0:0 total=10000:20 temporary=10000:20
// expect: line=@CONSUMED thread=consumer peak=3200:50 not-freed=0:0 total=3200:50 temporary=0:0
// expect: line=@WORKED thread=worker-0 peak=25600:100 not-freed=2560:10 total=25600:100 temporary=0:0
// expect: line=@WORKED thread=worker-1 peak=51200:200 not-freed=2560:10 total=51200:200 temporary=0:0
// expect: line=@WORKED thread=worker-2 peak=76800:300 not-freed=2560:10 total=76800:300 temporary=0:0
// expect: line=@WORKED thread=worker-3 peak=102400:400 not-freed=2560:10 total=102400:400 temporary=0:0
// expect: line=@WORKED function=Work peak=256000:1000 not-freed=10240:40 total=256000:1000 temporary=0:0
// expect: file peak=310400:1450 not-freed=23040:140 total=397200:2070 temporary=10000:20
// expect: order=peak lines=@WORKED,@PRODUCED,@CONSUMED
// expect: order=not-freed lines=@PRODUCED,@WORKED
#include <pthread.h>

#include <array>
#include <cstddef>
#include <cstdlib>

#include "demo_apps/known/known.h"

namespace {

constexpr std::size_t kProduced = 1000;
constexpr std::size_t kConsumed = 50;
constexpr std::size_t kWorkers = 4;

struct Worker {
  pthread_t thread;
  const char* name;
  std::size_t blocks;
  std::array<void*, 400> held;
};

std::array<void*, kProduced> produced;
std::array<void*, kConsumed> consumed;
std::array<Worker, kWorkers> workers = {{{{}, "worker-0", 100, {}},
                                         {{}, "worker-1", 200, {}},
                                         {{}, "worker-2", 300, {}},
                                         {{}, "worker-3", 400, {}}}};
pthread_barrier_t all_are_live;

void* Produce(void*) {
  pthread_setname_np(pthread_self(), "producer");
  for (void*& block : produced) {
    block = std::malloc(128);  // @PRODUCED
    Escape(block);
  }
  return nullptr;
}

void* Consume(void*) {
  pthread_setname_np(pthread_self(), "consumer");
  for (std::size_t i = 0; i < 600; i++) std::free(produced[kProduced - 1 - i]);
  for (int i = 0; i < 20; i++) {
    void* scratch = std::malloc(500);  // @SCRATCH
    Escape(scratch);
    std::free(scratch);
  }
  for (void*& block : consumed) {
    block = std::malloc(64);  // @CONSUMED
    Escape(block);
  }
  return nullptr;
}

void* Work(void* argument) {
  auto& self = *static_cast<Worker*>(argument);
  pthread_setname_np(pthread_self(), self.name);
  for (std::size_t i = 0; i < self.blocks; i++) {
    self.held[i] = std::malloc(256);  // @WORKED
    Escape(self.held[i]);
  }
  pthread_barrier_wait(&all_are_live);
  for (std::size_t i = 0; i < self.blocks / 2; i++) std::free(self.held[i]);
  return nullptr;
}

bool RunToItsEnd(void* (*body)(void*)) {
  pthread_t thread;
  return pthread_create(&thread, nullptr, body, nullptr) == 0 && pthread_join(thread, nullptr) == 0;
}

bool RunWorkers() {
  bool is_fine = pthread_barrier_init(&all_are_live, nullptr, kWorkers) == 0;
  for (Worker& worker : workers) {
    is_fine = pthread_create(&worker.thread, nullptr, Work, &worker) == 0 && is_fine;
  }
  for (Worker& worker : workers) is_fine = pthread_join(worker.thread, nullptr) == 0 && is_fine;
  return is_fine;
}

}  // namespace

int main() {
  if (!RunToItsEnd(Produce) || !RunToItsEnd(Consume) || !RunWorkers()) return Finish("no thread\n", false);
  for (std::size_t i = 100; i < 400; i++) std::free(produced[i]);
  for (void* block : consumed) std::free(block);
  for (Worker& worker : workers) {
    for (std::size_t i = worker.blocks / 2; i < worker.blocks - 10; i++) std::free(worker.held[i]);
  }
  return Finish("known_threads: done\n", true);
}
