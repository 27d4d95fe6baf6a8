// SPDX-License-Identifier: MIT
// Pitfall 8: pthread_getattr_np allocates under a lock of the thread's; a recorder that asks for stack bounds
// by it enters itself. Also stacks that the program brings itself, and detached threads.
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const size_t kStackBytes = 256 * 1024;
static sem_t detached_done;

static void* Work(void* argument) {
  for (int i = 0; i < 100; ++i) {
    pthread_attr_t attributes;
    void* stack = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return (void*)1;
    pthread_attr_getstack(&attributes, &stack, &bytes);
    pthread_attr_destroy(&attributes);
    const char here = 0;
    if (&here < (char*)stack || &here >= (char*)stack + bytes) return (void*)2;
    free(malloc(100));
  }
  if (argument != NULL) sem_post(argument);
  return NULL;
}

int main(void) {
  sem_init(&detached_done, 0, 0);
  for (int i = 0; i < 50; ++i) {
    pthread_t thread;
    pthread_attr_t attributes;
    void* result = NULL;
    pthread_attr_init(&attributes);
    void* stack = mmap(NULL, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (i % 2 == 0) pthread_attr_setstack(&attributes, stack, kStackBytes);
    if (pthread_create(&thread, &attributes, Work, NULL) != 0) return 1;
    pthread_join(thread, &result);
    if (result != NULL) return 2;
    munmap(stack, kStackBytes);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, Work, &detached_done) != 0) return 3;
    sem_wait(&detached_done);
    pthread_attr_destroy(&attributes);
  }
  printf("done\n");
  return 0;
}
