/* SPDX-License-Identifier: MIT */
/* A program before an edit; see ../after/work.c for what becomes of it. */
#include <stdlib.h>
#include <string.h>

enum { kMost = 4000 };
static void* kept[kMost];
static int count;

static void keep(void* block) {
  memset(block, 1, 1);
  kept[count++] = block;
}

__attribute__((noinline)) static void load(int rows) {
  for (int i = 0; i < rows; ++i) keep(malloc(100));
  keep(calloc(1, 5000));
}

__attribute__((noinline)) static void cache(void) {
  keep(malloc(70000));
}

int main(void) {
  load(1000);
  cache();
  return 0;
}
