// SPDX-License-Identifier: MIT
// Pitfall 27: programs that use all of malloc_usable_size. The sizes are printed, so that a run with the
// recorder can be compared with one without, and every byte of them is written.
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  void* blocks[200];
  unsigned long sum = 0;
  for (size_t size = 0; size < 200; ++size) {
    blocks[size] = malloc(size * size / 3);
    if (blocks[size] == NULL) return 1;
    const size_t usable = malloc_usable_size(blocks[size]);
    memset(blocks[size], (int)size, usable);
    printf("%zu %zu %d\n", size, usable, (int)((uintptr_t)blocks[size] % 16));
    sum += usable;
  }
  for (size_t size = 0; size < 200; ++size) free(blocks[size]);
  printf("sum %lu, of NULL %zu\n", sum, malloc_usable_size(NULL));
  return 0;
}
