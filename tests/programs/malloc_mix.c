// SPDX-License-Identifier: MIT
// Every C allocation function but pvalloc, which valgrind refuses, with sizes from 0 to megabytes; some
// blocks are left on purpose. Its counts must equal valgrind's.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kKept = 512 };

static void* AllocateOneOf(unsigned kind, size_t size) {
  void* block = NULL;
  switch (kind % 8) {
    case 0:
      return malloc(size);
    case 1:
      return calloc(size / 7 + 1, 7);
    case 2:
      return realloc(NULL, size);
    case 3:
      return reallocarray(NULL, size / 5 + 1, 5);
    case 4:
      return posix_memalign(&block, 64, size) == 0 ? block : NULL;
    case 5:
      return aligned_alloc(32, (size + 31) / 32 * 32);
    case 6:
      return memalign(128, size);
    default:
      return valloc(size);
  }
}

int main(void) {
  static void* kept[kKept];
  uint32_t state = 12345;
  for (unsigned i = 0; i < 20000; ++i) {
    state = state * 1664525u + 1013904223u;
    const unsigned slot = (state >> 8) % kKept;
    const size_t size = i % 1000 == 0 ? 1u << 20 : (state >> 20) % 700;
    if (i % 3 == 0 && kept[slot] != NULL) {
      // A size of at least 1: what realloc(p, 0) means is the subject of semantics.c.
      void* moved = realloc(kept[slot], size + 1);
      if (moved == NULL) return 1;
      kept[slot] = moved;
      continue;
    }
    free(kept[slot]);
    kept[slot] = AllocateOneOf(i, size);
    if (kept[slot] == NULL) return 1;
    memset(kept[slot], 1, size < 16 ? size : 16);
  }
  for (unsigned i = 0; i < kKept; i += 2) free(kept[i]);
  printf("done\n");
  return 0;
}
