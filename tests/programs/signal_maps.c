// SPDX-License-Identifier: MIT
// Pitfall 19: with any allocator: a timer's handler calls mmap and munmap, which are hooked too, while the
// main thread allocates; the handler may interrupt the recorder anywhere.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

enum { kHandlerCalls = 400 };

static volatile sig_atomic_t handler_calls;

static void OnTimer(int number) {
  (void)number;
  if (handler_calls >= kHandlerCalls) return;
  void* mapping = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED || munmap(mapping, 8192) != 0) abort();
  ++handler_calls;
}

int main(void) {
  struct sigaction action = {.sa_handler = OnTimer, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval every_ms = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &every_ms, NULL);
  while (handler_calls < kHandlerCalls) {
    for (int i = 0; i < 100; ++i) free(malloc((size_t)(i * 5)));
  }
  const struct itimerval never = {0};
  setitimer(ITIMER_REAL, &never, NULL);
  printf("done\n");
  return 0;
}
