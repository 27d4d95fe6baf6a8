// SPDX-License-Identifier: MIT
// Allocates in argv[2] threads until killed, at full speed or with argv[3] microseconds of rest every 100
// calls, and announces every finished call in a shared file, argv[1]:
//
//     uint64_t announced[thread][2]: allocations of 64 bytes finished, frees of them finished
//
// A trace of it must hold every announced call, whenever the process was killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kMostThreads = 64, kBlockBytes = 64, kHeld = 50 };

typedef struct {
  _Atomic uint64_t allocations;
  _Atomic uint64_t frees;
} Announced;

static Announced* announced;
static useconds_t rest_us;

static void* Work(void* argument) {
  Announced* mine = &announced[(long)argument];
  void* held[kHeld] = {0};
  for (uint64_t i = 0;; ++i) {
    void** slot = &held[(i * 7) % kHeld];
    if (*slot != NULL) {
      free(*slot);
      atomic_fetch_add_explicit(&mine->frees, 1, memory_order_relaxed);
    }
    *slot = malloc(kBlockBytes);
    atomic_fetch_add_explicit(&mine->allocations, 1, memory_order_relaxed);
    if (rest_us != 0 && i % 100 == 0) usleep(rest_us);
  }
  return NULL;
}

int main(int argc, char** argv) {
  const long threads = argc >= 3 ? atol(argv[2]) : 0;
  rest_us = argc >= 4 ? (useconds_t)atol(argv[3]) : 0;
  if (threads < 1 || threads > kMostThreads) return 2;
  const int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, (off_t)(kMostThreads * sizeof(Announced))) != 0) return 3;
  announced = mmap(NULL, kMostThreads * sizeof(Announced), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (announced == MAP_FAILED) return 4;
  if (write(1, "started\n", 8) != 8) return 5;
  for (long i = 1; i < threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, Work, (void*)i) != 0) return 6;
  }
  Work((void*)0);
  return 0;
}
