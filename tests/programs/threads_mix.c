// SPDX-License-Identifier: MIT
// Eight threads that hand blocks around: each frees what its neighbour allocated. A barrier keeps all threads
// alive together, so that glibc's reuse of stacks, and with it the count of its own blocks, is the same in
// every run.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 8, kBlocks = 500, kRounds = 20 };

static void* blocks[kThreads][kBlocks];
static pthread_barrier_t barrier;

static void* Work(void* argument) {
  const long me = (long)argument;
  pthread_barrier_wait(&barrier);
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kBlocks; ++i) blocks[me][i] = malloc((size_t)(16 + i * 3 + me));
    pthread_barrier_wait(&barrier);
    const long neighbour = (me + 1) % kThreads;
    for (int i = 0; i < kBlocks; ++i) free(blocks[neighbour][i]);
    pthread_barrier_wait(&barrier);
  }
  return malloc((size_t)(100 + me));  // the one block a thread leaves to main
}

int main(void) {
  pthread_t threads[kThreads];
  pthread_barrier_init(&barrier, NULL, kThreads);
  for (long i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], NULL, Work, (void*)i) != 0) return 1;
  }
  for (int i = 0; i < kThreads; ++i) {
    void* block = NULL;
    pthread_join(threads[i], &block);
    if (i % 2 == 0) free(block);
  }
  printf("done\n");
  return 0;
}
