// SPDX-License-Identifier: MIT
// Pitfall 3: a library whose constructor allocates before the recorder's own constructor, and whose
// destructor frees after the program's exit handlers.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

void* early_blocks[8];
static void* late;

__attribute__((constructor(101))) static void Early(void) {
  early_blocks[0] = malloc(1000);
  early_blocks[1] = calloc(10, 100);
  early_blocks[2] = realloc(NULL, 77);
  if (posix_memalign(&early_blocks[3], 4096, 1) != 0) abort();
  early_blocks[4] = aligned_alloc(16, 16);
  early_blocks[5] = memalign(64, 64);
  early_blocks[6] = valloc(1);
  late = malloc(123);
}

__attribute__((destructor(101))) static void Late(void) {
  free(late);
}
