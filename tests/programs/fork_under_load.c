// SPDX-License-Identifier: MIT
// Pitfall 15: fork while other threads allocate, so that any lock of the recorder may be held at that
// instant. The child allocates, starts a thread that allocates, and forks once more; everybody must come
// home.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreads = 3, kForks = 40, kChildBlocks = 777 };

static atomic_int stop;

static void* LoadUntilStopped(void* unused) {
  (void)unused;
  while (!atomic_load(&stop)) free(malloc(100));
  return NULL;
}

static void* AllocateSome(void* unused) {
  (void)unused;
  for (int i = 0; i < kChildBlocks; ++i) free(malloc(333));
  return NULL;
}

static int Child(int generation) {
  pthread_t thread;
  AllocateSome(NULL);
  if (pthread_create(&thread, NULL, AllocateSome, NULL) != 0) return 10;
  pthread_join(thread, NULL);
  if (generation == 2) return 0;
  const pid_t grandchild = fork();
  if (grandchild == 0) _exit(Child(2));
  int status = 0;
  if (grandchild < 0 || waitpid(grandchild, &status, 0) != grandchild) return 11;
  return status == 0 ? 0 : 12;
}

int main(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], NULL, LoadUntilStopped, NULL) != 0) return 1;
  }
  int failed = 0;
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(Child(1));
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) ++failed;
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("%d forks, %d failed\n", kForks, failed);
  return failed == 0 ? 0 : 2;
}
