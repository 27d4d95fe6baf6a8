// SPDX-License-Identifier: MIT
// Process memory of one cause at a time, in amounts that a test knows:
//
//     memory_causes pinned    100 MB in blocks of 1000 bytes, all freed but each 1000th
//     memory_causes arenas    8 threads that free 4 MB each, but for a few blocks
//     memory_causes mapped    40 MiB mapped, 24 of them touched; 16 MiB of zeros only read
//     memory_causes stacks    4 threads with 4 MiB of stack in use
//     memory_causes files     the file of its second argument, mapped and read
//     memory_causes wait      40 MiB mapped, 24 of them touched after the mark; then until a signal
//     memory_causes sizes     live blocks of many sizes; says what the allocator gave for them (malloc_usable_size)
//     memory_causes forked    a child of a process with 20 MiB, which allocates 5 of its own
//
// "ready" is said, and marked, when it is all there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memtrace/memtrace.h"

enum { kPage = 4096, kMiB = 1 << 20 };

static pthread_barrier_t g_all_there, g_may_go;

static void Ready(void) {
  memtrace_mark("ready");
  puts("ready");
}

static void* Filled(size_t bytes) {
  void* block = malloc(bytes);  // LINE block
  if (block == NULL) exit(2);
  return memset(block, 1, bytes);
}

static void Pinned(void) {
  enum { kBlocks = 100000 };
  static void* blocks[kBlocks];
  for (int i = 0; i < kBlocks; ++i) blocks[i] = Filled(1000);
  memtrace_mark("filled");
  for (int i = 0; i < kBlocks; ++i) {
    if (i % 1000 != 999) free(blocks[i]);
  }
  Ready();
}

static void* UseArena(void* argument) {
  enum { kBlocks = 4000 };
  static _Thread_local void* blocks[kBlocks];
  (void)argument;
  for (int i = 0; i < kBlocks; ++i) blocks[i] = Filled(1000);
  for (int i = 0; i < kBlocks; ++i) {
    if (i % 500 != 499) free(blocks[i]);
  }
  pthread_barrier_wait(&g_all_there);
  pthread_barrier_wait(&g_may_go);
  return NULL;
}

static void* UseStack(void* argument) {
  volatile char room[4 * kMiB];
  (void)argument;
  for (size_t i = 0; i < sizeof(room); i += kPage) room[i] = 1;
  pthread_barrier_wait(&g_all_there);
  pthread_barrier_wait(&g_may_go);
  return (void*)(size_t)room[0];
}

static void Threads(int count, void* (*body)(void*)) {
  pthread_t threads[8];
  pthread_barrier_init(&g_all_there, NULL, (unsigned)count + 1);
  pthread_barrier_init(&g_may_go, NULL, (unsigned)count + 1);
  for (int i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], NULL, body, NULL) != 0) exit(2);
  }
  pthread_barrier_wait(&g_all_there);
  Ready();
  pthread_barrier_wait(&g_may_go);
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

static void Mapped(void) {
  char* written = mmap(NULL, 40 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);  // LINE mapped
  char* read = mmap(NULL, 16 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (written == MAP_FAILED || read == MAP_FAILED) exit(2);
  memset(written + 8 * kMiB, 1, 24 * kMiB);
  volatile char sum = 0;
  for (size_t i = 0; i < 16 * kMiB; i += kPage) sum = (char)(sum + read[i]);
  Ready();
}

static void Wait(void) {
  char* later = mmap(NULL, 40 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (later == MAP_FAILED) exit(2);
  Ready();
  memset(later, 1, 24 * kMiB);
  puts("touched");
  fflush(stdout);
  pause();
}

static void Files(const char* path) {
  const int fd = open(path, O_RDONLY);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) exit(2);
  const char* file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);  // LINE file
  if (file == MAP_FAILED) exit(2);
  volatile char sum = 0;
  for (off_t i = 0; i < status.st_size; i += kPage) sum = (char)(sum + file[i]);
  Ready();
}

static void Sizes(void) {
  size_t usable = 0;
  for (int round = 0; round < 50; ++round) {  // no pages of their own: what is rounded up is touched too
    for (size_t bytes = 1; bytes < 2000; bytes += 7) usable += malloc_usable_size(Filled(bytes));
  }
  memtrace_mark("ready");
  printf("%zu\n", usable);
}

static int Forked(void) {
  void* parents = Filled(20 * kMiB);
  for (int i = 0; i < 1000; ++i) Filled(100);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 5 * 1024; ++i) Filled(1000);
    Ready();
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  free(parents);
  return status;
}

int main(int argc, char** argv) {
  const char* mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "pinned") == 0) return Pinned(), 0;
  if (strcmp(mode, "arenas") == 0) return Threads(8, UseArena), 0;
  if (strcmp(mode, "mapped") == 0) return Mapped(), 0;
  if (strcmp(mode, "stacks") == 0) return Threads(4, UseStack), 0;
  if (strcmp(mode, "files") == 0 && argc > 2) return Files(argv[2]), 0;
  if (strcmp(mode, "wait") == 0) return Wait(), 0;
  if (strcmp(mode, "sizes") == 0) return Sizes(), 0;
  if (strcmp(mode, "forked") == 0) return Forked();
  return 2;
}
