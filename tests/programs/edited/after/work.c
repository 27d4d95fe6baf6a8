/* SPDX-License-Identifier: MIT */
/* The program of ../before/work.c, edited: */
/*   load    stands further down, has a line more at its beginning, and loads 500 rows more   100 B each */
/*   cache   is gone                                                                          70000 B */
/*   names   is new                                                                           30000 B */
#include <stdlib.h>
#include <string.h>

enum { kMost = 4000 };
static void* kept[kMost];
static int count;

static void keep(void* block) {
  memset(block, 1, 1);
  kept[count++] = block;
}

__attribute__((noinline)) static void names(void) {
  keep(malloc(30000));
}

__attribute__((noinline)) static void load(int rows) {
  names();
  for (int i = 0; i < rows; ++i) keep(malloc(100));
  keep(calloc(1, 5000));
}

int main(void) {
  load(1500);
  return 0;
}
