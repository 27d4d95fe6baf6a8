// SPDX-License-Identifier: MIT
// The client header from C: marks, a pause, and whether recording is on. Between "grown" and "shrunk" 1000
// blocks of 500 bytes are live; while paused it makes 100 blocks of 999 bytes, which nobody may see.
#include <memtrace/memtrace.h>
#include <stdio.h>
#include <stdlib.h>

static void* blocks[1000];
static void* unseen[100];

int main(void) {
  printf("active: %d\n", memtrace_active());
  memtrace_mark("begin");
  for (int i = 0; i < 1000; ++i) blocks[i] = malloc(500);
  memtrace_mark("grown");
  memtrace_pause();
  printf("paused: %d\n", memtrace_active());
  for (int i = 0; i < 100; ++i) unseen[i] = malloc(999);
  memtrace_resume();
  printf("resumed: %d\n", memtrace_active());
  for (int i = 0; i < 1000; ++i) free(blocks[i]);
  for (int i = 0; i < 100; ++i) free(unseen[i]);
  memtrace_mark("shrunk \xE2\x80\x93 \"quoted\"");
  return 0;
}
