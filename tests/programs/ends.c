// SPDX-License-Identifier: MIT
// Pitfall 20: ends in the way that argv[1] names, after argv[2] blocks (default 1000) of 48 bytes of which
// every second one is freed. What was allocated before must be in the trace, whatever the end.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int* volatile nowhere;

static void OnSignal(int number) {
  (void)number;
  _exit(42);
}

static void* ExitFromThread(void* unused) {
  (void)unused;
  exit(43);
}

static int End(const char* how) {
  if (strcmp(how, "return") == 0) return 3;
  if (strcmp(how, "exit") == 0) exit(4);
  if (strcmp(how, "_exit") == 0) _exit(5);
  if (strcmp(how, "_Exit") == 0) _Exit(6);
  if (strcmp(how, "quick_exit") == 0) quick_exit(7);
  if (strcmp(how, "exit_group") == 0) syscall(SYS_exit_group, 8);
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "kill") == 0) raise(SIGKILL);
  if (strcmp(how, "term") == 0) raise(SIGTERM);
  if (strcmp(how, "segv") == 0) *nowhere = 1;
  if (strcmp(how, "handler") == 0) {
    signal(SIGUSR1, OnSignal);
    raise(SIGUSR1);
  }
  if (strcmp(how, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, ExitFromThread, NULL);
    pthread_join(thread, NULL);
  }
  if (strcmp(how, "pthread_exit") == 0) pthread_exit(NULL);
  return 99;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const long blocks = argc > 2 ? atol(argv[2]) : 1000;
  for (long i = 0; i < blocks; ++i) {
    char* volatile block = malloc(48);
    if (block == NULL) return 1;
    if (i % 2 == 0) free(block);
  }
  if (write(1, "ready\n", 6) != 6) return 1;
  return End(argv[1]);
}
