// SPDX-License-Identifier: MIT
// Pitfall 19: a timer's handler allocates while the main thread allocates, so that it also interrupts the
// recorder. Needs libsignal_safe_malloc.so as the allocator. Prints how many blocks of 48 (main) and 56 bytes
// (handler) it made.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { kHandlerCalls = 400 };

static volatile sig_atomic_t handler_calls;
static volatile long handler_blocks;

static void OnTimer(int number) {
  (void)number;
  if (handler_calls >= kHandlerCalls) return;
  ++handler_calls;
  for (int i = 0; i < 5; ++i) {
    void* block = malloc(56);
    if (block == NULL) abort();
    free(block);
    ++handler_blocks;
  }
}

int main(int argc, char** argv) {
  static char alternate[64 * 1024];
  const int on_alternate_stack = argc > 1 && strcmp(argv[1], "altstack") == 0;
  const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = OnTimer};
  action.sa_flags = SA_RESTART | (on_alternate_stack ? SA_ONSTACK : 0);
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval every_ms = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &every_ms, NULL);
  long main_blocks = 0;
  while (handler_calls < kHandlerCalls) {
    for (int i = 0; i < 10; ++i, ++main_blocks) free(malloc(48));
  }
  const struct itimerval never = {0};
  setitimer(ITIMER_REAL, &never, NULL);
  printf("main=%ld handler=%ld\n", main_blocks, (long)handler_blocks);
  return 0;
}
