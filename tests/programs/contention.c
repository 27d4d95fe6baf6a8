// SPDX-License-Identifier: MIT
// Pitfall 14: sixteen threads that only allocate, on however few processors: locks that spin or sleep
// collapse here. argv[1]: allocations of each thread.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 16 };

static long allocations_each;

static void* Allocate(void* unused) {
  (void)unused;
  void* ring[64] = {0};
  for (long i = 0; i < allocations_each; ++i) {
    void** slot = &ring[i % 64];
    free(*slot);
    *slot = malloc((size_t)(i % 777) + 1);
  }
  for (int i = 0; i < 64; ++i) free(ring[i]);
  return NULL;
}

int main(int argc, char** argv) {
  allocations_each = argc > 1 ? atol(argv[1]) : 100000;
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], NULL, Allocate, NULL) != 0) return 1;
  }
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("done\n");
  return 0;
}
