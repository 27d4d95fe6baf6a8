// SPDX-License-Identifier: MIT
// Pitfall 10: SIGTERM and SIGCHLD belong to the program. Every thread of the program blocks SIGTERM and the
// main thread waits for it; a helper thread of the recorder with the signal open would die of it. The signal
// is sent only after enough events that a helper thread has work.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void* Allocate(void* unused) {
  (void)unused;
  for (int i = 0; i < 300000; ++i) free(malloc((size_t)(i % 1000)));
  return NULL;
}

int main(void) {
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGTERM);
  sigaddset(&mine, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &mine, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, Allocate, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  for (int i = 0; i < 20; ++i) {
    int got = 0;
    kill(getpid(), i % 2 == 0 ? SIGTERM : SIGCHLD);
    if (sigwait(&mine, &got) != 0) return 2;
    if (got != (i % 2 == 0 ? SIGTERM : SIGCHLD)) return 3;
  }
  printf("all signals came to main\n");
  return 0;
}
