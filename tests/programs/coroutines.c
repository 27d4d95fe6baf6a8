// SPDX-License-Identifier: MIT
// Pitfall 25: allocations on stacks that the program made itself, switching between them between any two
// calls; the stacks are unmapped afterwards, so that reading an old one is a crash. One stack lies in
// malloc'd memory.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kCoroutines = 4, kRounds = 200 };

static const size_t kStackBytes = 64 * 1024;
static ucontext_t scheduler, coroutines[kCoroutines];
static long blocks;

static void Run(int me) {
  for (int i = 0; i < kRounds; ++i) {
    void* block = malloc((size_t)(64 + me));
    swapcontext(&coroutines[me], &scheduler);
    free(block);
    ++blocks;
  }
}

static void StartCoroutine(int i, void* stack) {
  getcontext(&coroutines[i]);
  coroutines[i].uc_stack.ss_sp = stack;
  coroutines[i].uc_stack.ss_size = kStackBytes;
  coroutines[i].uc_link = &scheduler;
  makecontext(&coroutines[i], (void (*)(void))Run, 1, i);
}

static void OneGeneration(void) {
  void* stacks[kCoroutines];
  for (int i = 0; i < kCoroutines; ++i) {
    stacks[i] = i == 0 ? malloc(kStackBytes)
                       : mmap(NULL, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    StartCoroutine(i, stacks[i]);
  }
  for (int round = 0; round <= kRounds; ++round) {
    for (int i = 0; i < kCoroutines; ++i) swapcontext(&scheduler, &coroutines[i]);
  }
  free(stacks[0]);
  for (int i = 1; i < kCoroutines; ++i) munmap(stacks[i], kStackBytes);
}

int main(void) {
  for (int i = 0; i < 10; ++i) OneGeneration();
  printf("%ld blocks\n", blocks);
  return blocks == 10L * kCoroutines * kRounds ? 0 : 1;
}
